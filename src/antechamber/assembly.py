"""The composition root: builds every object once and closes them in reverse.

The only place that names a concrete engine; a heavy library is imported only for a configuration
that uses it.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from antechamber.catalogue.reader import load_catalogue
from antechamber.engines.base import Engine
from antechamber.http.app import make_app
from antechamber.http.asgi import App
from antechamber.http.lifespan import Lifespan
from antechamber.http.server import listen, serve
from antechamber.observability import MetricsPlace, Observability, metrics_place
from antechamber.operations.administration.database_state import tier_in_use
from antechamber.operations.administration.shared_place import require_shared_place
from antechamber.operations.allowance.rate_limits import RateLimits
from antechamber.operations.allowance.spending import Spending
from antechamber.operations.answering.cache_diagnosis import CacheDiagnosis
from antechamber.operations.answering.health import BreakerSettings, EngineHealth
from antechamber.operations.answering.prompt_cache import PromptCache
from antechamber.operations.answering.routing import EngineEntry, Replica, Routing
from antechamber.operations.answering.services import Services
from antechamber.operations.bookkeeping.costs import Costs
from antechamber.operations.bookkeeping.ledger import Ledger
from antechamber.runtime.clock import Clock, SystemClock
from antechamber.runtime.cores import available_cores
from antechamber.runtime.log import configure_log, event_writer
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
    keeps_cache_account,
    load_or_create_secrets,
    require_keys_beyond_loopback,
    require_shared_counts,
    require_shared_tiers,
)
from antechamber.state import State, closing_database, open_state, tiers_of
from antechamber.store.keys import has_keys
from antechamber.wire.errors import EngineFault
from antechamber.wire.ids import IdMaker
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
    require_shared_counts(settings)
    tiers_of(settings)
    require_shared_place(settings)
    for engine in default_engines(settings):
        check_engine(engine, settings)
    load_or_create_secrets(settings.data_dir)
    with closing_database(settings) as database:
        require_keys_beyond_loopback(settings, are_created=database.read_now(has_keys))
        now = SystemClock().now()
        require_shared_tiers(settings, database.read_now(lambda it: tier_in_use(it, now=now)))
    with ExitStack() as closing:
        listening = closing.enter_context(listen(settings.server))
        addresses = _start_models(settings, closing)
        place = metrics_place(settings, closing)
        announce(settings, listening.getsockname()[1])
        serve(AppFactory(settings, addresses, place), settings.server, listening)


class AppFactory:
    """Builds the application inside a worker process."""

    def __init__(
        self, settings: Settings, addresses: Mapping[str, ModelAddress], place: MetricsPlace
    ) -> None:
        self._settings = settings
        self._addresses = addresses
        self._place = place

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
        state = open_state(settings, clock)
        health = engine_health(settings, entries, clock)
        observability = Observability(settings, self._place, clock, engines, health)
        services = build_services(state, entries, health)
        services.ledger.show_to(observability.observers)
        observability.telemetry.watch_ledger(services.ledger)
        if settings.redis_url is not None:
            observability.telemetry.watch_limits(lambda: state.buckets.is_shared)

        doorkeeper = state.doorkeeper()

        async def start() -> None:
            await doorkeeper.open()
            if settings.server.workers > 1:
                end_with_parent()
            for engine in engines:
                state.background.spawn(f"warm-{engine.name}", _warm(engine))
            observability.start(state.background)
            settle()

        async def stop() -> None:
            await services.ledger.aclose()
            await state.aclose()
            await observability.stop()
            for engine in reversed(engines):
                await engine.aclose()

        app = make_app(
            services,
            doorkeeper,
            metrics=observability.endpoint,
            count_refusal=observability.telemetry.count_refusal,
        )
        return Lifespan(app, on_start=start, on_stop=stop)


async def _warm(engine: Engine) -> None:
    """Load the engine's model before the first request asks for it."""
    try:
        await engine.ready()
    except EngineFault as fault:
        _log.warning("engine_not_ready", engine=engine.name, reason=fault.message)


def build_services(
    state: State,
    entries: Mapping[str, EngineEntry],
    health: Mapping[str, EngineHealth],
) -> Services:
    """Return what the operations work with."""
    settings, clock, catalogue = state.settings, state.clock, load_catalogue()
    keys = load_or_create_secrets(settings.data_dir).signing_keys
    spending = Spending(clock)
    return Services(
        settings=settings,
        database=state.database,
        ledger=Ledger(
            state.database,
            clock,
            state.background,
            settings.usage,
            cost=Costs(settings, catalogue).cost_of,
            spending=spending,
        ),
        limits=RateLimits(settings, tiers_of(settings), state.buckets, clock, spending),
        prompt_cache=PromptCache(
            state.cache_entries,
            settings.cache.model_copy(update={"enabled": keeps_cache_account(settings)}),
            clock,
        ),
        diagnosis=CacheDiagnosis(state.cache_entries),
        routing=Routing(settings, catalogue, entries),
        health=health,
        random=secrets.SystemRandom().random,
        signer=Signer([SigningKey(id=key.id, secret=key.key) for key in keys], secrets.token_bytes),
        clock=clock,
        tell=event_writer(),
        new_id=IdMaker(secrets.token_bytes).new_id,
    )


def engine_health(
    settings: Settings, entries: Mapping[str, EngineEntry], clock: Clock
) -> dict[str, EngineHealth]:
    """Return what is known of how each engine does: nothing yet."""
    routing = settings.routing
    breaker = BreakerSettings(failures=routing.breaker_failures, open_s=routing.breaker_open_s)
    return {
        replica.engine.name: EngineHealth(
            replica.engine.name,
            breaker,
            clock,
            max_concurrency=entry.max_concurrency,
            queue=entry.queue,
            longest_wait_s=entry.longest_wait_s,
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
                queue=engine.queue,
                longest_wait_s=engine.first_byte_timeout_s,
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
