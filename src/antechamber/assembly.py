"""The composition root: builds every object once and closes them in reverse.

The only place that names a concrete engine; a heavy library is imported only for a configuration
that uses it.
"""

import secrets
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from antechamber.catalogue.reader import load_catalogue
from antechamber.engines.base import Engine
from antechamber.http.app import make_app
from antechamber.http.asgi import App
from antechamber.http.lifespan import Lifespan
from antechamber.http.server import listen, serve
from antechamber.operations.caller import Doorkeeper, caller_directory
from antechamber.operations.costs import Costs
from antechamber.operations.health import BreakerSettings, EngineHealth
from antechamber.operations.ledger import Ledger
from antechamber.operations.messages import Services
from antechamber.operations.routing import EngineEntry, Replica, Routing
from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock, SystemClock
from antechamber.runtime.cores import available_cores
from antechamber.runtime.log import configure_log
from antechamber.runtime.memory import settle
from antechamber.runtime.parent_watch import end_with_parent
from antechamber.settings import (
    ConfigurationError,
    EngineSettings,
    GeminiEngineSettings,
    LocalEngineSettings,
    MessagesApiEngineSettings,
    OpenAIChatEngineSettings,
    ScriptedEngineSettings,
    Settings,
    default_engines,
    is_loopback,
    load_or_create_secrets,
    require_keys_beyond_loopback,
)
from antechamber.store.database import Database, database_url
from antechamber.store.keys import has_keys
from antechamber.store.schema import schema_status
from antechamber.wire.errors import EngineFault
from antechamber.wire.ids import new_id
from antechamber.wire.signatures import Signer, SigningKey

if TYPE_CHECKING:
    from antechamber.engines.local.runners import Runner

_log = structlog.get_logger("antechamber.assembly")
_AWAY_S = 2.0
"""Long enough for a server that is just being restarted."""
_MOST_CONTEXT_TOKENS = 8192
"""Memory for a slot's context is taken when the model is loaded, so it is not left to the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAddress:
    """Where a local engine's model listens."""

    url: str
    key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLibrary:
    """The model files of this machine that the server knows by name."""

    folder: Path
    """Where added ones are; not there before the first."""
    added: tuple[Path, ...]
    embedded: Path | None
    """The one that a package ships."""


def run_server(settings: Settings, announce: Callable[[Settings, int], None]) -> None:
    """Serve until told to stop; ``announce`` gets the settings and the bound port.

    Raises ``ConfigurationError`` for what cannot be served, ``OSError`` when the port is taken.
    """
    configure_log(level=settings.log.level, form=settings.log.format)
    for engine in default_engines(settings):
        check_engine(engine, settings)
    with closing_database(settings) as database:
        require_keys_beyond_loopback(settings, are_created=database.read_now(has_keys))
    load_or_create_secrets(settings.data_dir)
    with ExitStack() as closing:
        listening = closing.enter_context(listen(settings.server))
        addresses = _start_models(settings, closing)
        announce(settings, listening.getsockname()[1])
        serve(AppFactory(settings, addresses), settings.server, listening)


@contextmanager
def closing_database(settings: Settings) -> Generator[Database, None, None]:
    """Open the database with its tables up to date; raises ``ConfigurationError``."""
    database = open_database(settings)
    try:
        if not schema_status(database).is_current:
            from antechamber.store.upgrading import SchemaTooNew, upgrade

            try:
                upgrade(database)
            except SchemaTooNew as error:
                message = f"{error}: install the release that made it, or a later one"
                raise ConfigurationError(message) from error
        yield database
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        message = f"the database at {database.address} cannot be used: {reason}"
        raise ConfigurationError(message) from error
    finally:
        database.close()


def open_database(settings: Settings) -> Database:
    """Return the database of the settings; nothing is connected yet."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    configured = settings.database_url.reveal() if settings.database_url else None
    return Database(database_url(configured, settings.data_dir))


class AppFactory:
    """Builds the application inside a worker process."""

    def __init__(self, settings: Settings, addresses: Mapping[str, ModelAddress]) -> None:
        self._settings = settings
        self._addresses = addresses

    def __call__(self) -> App:
        """Return the application with its engines, and what starts and stops them."""
        settings = self._settings
        configure_log(level=settings.log.level, form=settings.log.format)
        clock = SystemClock()
        entries = {
            engine.name: build_entry(engine, self._addresses.get(engine.name), clock)
            for engine in default_engines(settings)
        }
        engines = [each.engine for entry in entries.values() for each in entry.replicas]
        background = Background()
        database = open_database(settings)
        services = build_services(settings, entries, clock, database, background)
        server = settings.server
        doorkeeper = Doorkeeper(
            server.api_keys,
            caller_directory(database, clock, background, organization_id=server.organization_id),
            is_local=is_loopback(server.host),
        )

        async def start() -> None:
            if settings.server.workers > 1:
                end_with_parent()
            for engine in engines:
                background.spawn(f"warm-{engine.name}", _warm(engine))
            settle()

        async def stop() -> None:
            await services.ledger.aclose()
            await background.aclose()
            for engine in reversed(engines):
                await engine.aclose()
            database.close()

        return Lifespan(make_app(services, doorkeeper), on_start=start, on_stop=stop)


async def _warm(engine: Engine) -> None:
    """Load the engine's model before the first request asks for it."""
    try:
        await engine.ready()
    except EngineFault as fault:
        _log.warning("engine_not_ready", engine=engine.name, reason=fault.message)


def build_services(
    settings: Settings,
    entries: Mapping[str, EngineEntry],
    clock: Clock,
    database: Database,
    background: Background,
) -> Services:
    """Return what the operations work with."""
    keys = load_or_create_secrets(settings.data_dir).signing_keys
    catalogue = load_catalogue()
    return Services(
        settings=settings,
        database=database,
        ledger=Ledger(
            database, clock, background, settings.usage, cost=Costs(settings, catalogue).cost_of
        ),
        routing=Routing(settings, catalogue, entries),
        health=_health(settings, entries, clock),
        random=secrets.SystemRandom().random,
        signer=Signer([SigningKey(id=key.id, secret=key.key) for key in keys], secrets.token_bytes),
        clock=clock,
        new_id=new_id,
    )


def _health(
    settings: Settings, entries: Mapping[str, EngineEntry], clock: Clock
) -> dict[str, EngineHealth]:
    routing = settings.routing
    breaker = BreakerSettings(failures=routing.breaker_failures, open_s=routing.breaker_open_s)
    return {
        replica.engine.name: EngineHealth(
            replica.engine.name, breaker, clock, max_concurrency=entry.max_concurrency
        )
        for entry in entries.values()
        for replica in entry.replicas
    }


def build_entry(engine: EngineSettings, address: ModelAddress | None, clock: Clock) -> EngineEntry:
    """Return the engine that ``engine`` describes, with all its replicas."""
    match engine:
        case ScriptedEngineSettings(name=name, script=script):
            from antechamber.engines.scripted import ScriptedEngine, load_script

            return _alone(ScriptedEngine(name, load_script(script), clock))
        case LocalEngineSettings():
            return _alone(_local_engine(engine, address, clock))
        case MessagesApiEngineSettings() | OpenAIChatEngineSettings() | GeminiEngineSettings():
            from antechamber.upstreams import build_replicas

            return EngineEntry(
                replicas=build_replicas(engine, clock),
                retries=engine.retries,
                max_concurrency=engine.max_concurrency,
                passes_unknown_fields=(
                    isinstance(engine, MessagesApiEngineSettings)
                    and engine.unknown_fields == "pass"
                ),
            )


def _alone(engine: Engine) -> EngineEntry:
    return EngineEntry(replicas=(Replica(engine=engine),))


def check_engine(engine: EngineSettings, settings: Settings) -> None:
    """Read what the engine is made from, and start nothing.

    Raises ``ConfigurationError`` for a script that cannot be played or a model that is not there.
    """
    match engine:
        case ScriptedEngineSettings(name=name, script=script):
            from antechamber.engines.scripted import ScriptError, load_script

            try:
                load_script(script)
            except ScriptError as error:
                raise ConfigurationError(f"engine {name}: {error}") from error
        case LocalEngineSettings(base_url=None):
            model_file(engine, settings)
        case LocalEngineSettings():
            pass  # its server may come up later
        case MessagesApiEngineSettings() | OpenAIChatEngineSettings() | GeminiEngineSettings():
            from antechamber.upstreams import check_upstream

            check_upstream(engine)


def model_file(engine: LocalEngineSettings, settings: Settings) -> Path:
    """Return the file of the model that ``engine`` loads; raises ``ConfigurationError``."""
    from antechamber.engines.local.model_files import ModelMissing, find_model_file

    try:
        return find_model_file(engine.model, settings.data_dir)
    except ModelMissing as error:
        raise ConfigurationError(f"engine {engine.name}: {error}") from error


def fault_of_model_file(path: Path) -> str | None:
    """Return why the file cannot be loaded, None when its beginning looks well."""
    from antechamber.engines.local.gguf import fault_of_model_file as fault_of

    return fault_of(path)


def model_library(settings: Settings) -> ModelLibrary:
    """Return where model files are."""
    from antechamber.engines.local.model_files import added_models, embedded_model, models_folder

    return ModelLibrary(
        folder=models_folder(settings.data_dir),
        added=tuple(added_models(settings.data_dir)),
        embedded=embedded_model(),
    )


def _local_engine(
    engine: LocalEngineSettings, address: ModelAddress | None, clock: Clock
) -> Engine:
    from antechamber.engines.local.engine import LocalEngine
    from antechamber.engines.local.llamacpp import LlamaCppCompleter
    from antechamber.outbound.client import Timeouts, UpstreamClient

    if address is None:
        message = f"engine {engine.name}: its model was not started"
        raise ConfigurationError(message)
    elsewhere = engine.base_url is not None
    client = UpstreamClient(
        f"The llama-server of engine {engine.name}"
        if elsewhere
        else f"The local model {engine.name}",
        address.url,
        headers={"authorization": f"Bearer {address.key}"} if address.key else {},
        timeouts=Timeouts(first_s=engine.first_token_timeout_s, idle_s=engine.idle_timeout_s),
        # llama.cpp gives each open connection a thread and closes idle ones after 5 s: a reused
        # one may be closing just now. A new one on loopback costs 0.1 ms.
        keep_alive=False,
    )
    completer = LlamaCppCompleter(
        client,
        clock,
        start_timeout_s=engine.start_timeout_s,
        # A child of ours is being started; a server elsewhere is there, or is not.
        away_timeout_s=_AWAY_S if elsewhere else None,
    )
    return LocalEngine(engine.name, completer, queue=engine.queue)


def _start_models(settings: Settings, closing: ExitStack) -> dict[str, ModelAddress]:
    addresses: dict[str, ModelAddress] = {}
    for engine in default_engines(settings):
        if isinstance(engine, LocalEngineSettings):
            addresses[engine.name] = _start_model(engine, settings, closing)
    return addresses


def _start_model(
    engine: LocalEngineSettings, settings: Settings, closing: ExitStack
) -> ModelAddress:
    if engine.base_url is not None:
        key = engine.api_key.reveal() if engine.api_key else None
        return ModelAddress(url=engine.base_url, key=key)
    from antechamber.engines.local.host import ModelHost, ModelOrder

    model = model_file(engine, settings)
    host = ModelHost(
        ModelOrder(
            model=model,
            runners=_runners(engine, model),
            slots=engine.slots,
            context_tokens=engine.context_tokens or _MOST_CONTEXT_TOKENS,
            threads=engine.threads or available_cores(),
            workers=settings.server.workers,
        ),
        SystemClock(),
    )
    host.start()
    closing.callback(host.close)
    return ModelAddress(url=host.address.url, key=host.address.key)


def _runners(engine: LocalEngineSettings, model: Path) -> "tuple[Runner, ...]":
    """Return what is to run the model, and what does when that cannot."""
    from antechamber.engines.local.openvino import OPENVINO_PACKAGE, is_installed, why_not
    from antechamber.engines.local.runners import LLAMACPP, OPENVINO

    match engine.completer:
        case "llamacpp":
            return (LLAMACPP,)
        case "openvino":
            if not is_installed():
                message = f"engine {engine.name}: OpenVINO is not installed. Get it with:\n"
                raise ConfigurationError(f"{message}  pip install {OPENVINO_PACKAGE}")
            return (OPENVINO,)
        case "auto":
            reason = why_not(model)
            if reason is None:
                return (OPENVINO, LLAMACPP)
            _log.info("llamacpp_chosen", engine=engine.name, reason=reason)
            return (LLAMACPP,)
