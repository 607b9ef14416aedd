"""The composition root: builds every object once and closes them in reverse.

With ``local_models`` and ``upstreams`` the only place that names a concrete engine; a heavy
library is imported only for a configuration that uses it.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import structlog

from antechamber.attachments_state import open_attachments
from antechamber.batch_work import build_batch_work, check_batches
from antechamber.catalogue.reader import load_catalogue
from antechamber.engines.base import Engine
from antechamber.files_state import FilesState, check_files, open_files
from antechamber.http.app import make_app
from antechamber.http.asgi import App
from antechamber.http.lifespan import Lifespan
from antechamber.http.server import listen, serve
from antechamber.local_models import ModelAddress, local_engine, model_file, start_models
from antechamber.observability import MetricsPlace, Observability, metrics_place
from antechamber.operations.administration.database_state import tier_in_use
from antechamber.operations.allowance.rate_limits import RateLimits
from antechamber.operations.allowance.spending import Spending
from antechamber.operations.answering.cache_diagnosis import CacheDiagnosis
from antechamber.operations.answering.health import BreakerSettings, EngineHealth
from antechamber.operations.answering.prompt_cache import PromptCache
from antechamber.operations.answering.routing import EngineEntry, Replica, Routing
from antechamber.operations.answering.services import Services
from antechamber.operations.attachments.shelf import FileShelf
from antechamber.operations.bookkeeping.costs import Costs
from antechamber.operations.bookkeeping.ledger import Ledger
from antechamber.runtime.clock import Clock, SystemClock
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

_log = structlog.get_logger("antechamber.assembly")
_LAST_WORK_S = 5.0
"""For requests of batches that run when the last answer is out."""


def run_server(settings: Settings, announce: Callable[[Settings, int], None]) -> None:
    """Serve until told to stop; ``announce`` gets the settings and the bound port.

    Raises ``ConfigurationError`` for what cannot be served, ``OSError`` when the port is taken.
    """
    configure_log(level=settings.log.level, form=settings.log.format)
    require_shared_counts(settings)
    tiers_of(settings)
    if settings.redis_url is not None:
        from antechamber.operations.administration.shared_place import require_shared_place

        require_shared_place(settings)
    for engine in default_engines(settings):
        check_engine(engine, settings)
    check_files(settings)
    load_or_create_secrets(settings.data_dir)
    with closing_database(settings) as database:
        check_batches(settings, database)
        require_keys_beyond_loopback(settings, are_created=database.read_now(has_keys))
        now = SystemClock().now()
        require_shared_tiers(settings, database.read_now(lambda it: tier_in_use(it, now=now)))
    with ExitStack() as closing:
        listening = closing.enter_context(listen(settings.server))
        addresses = start_models(settings, closing)
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
        files = open_files(settings, state.database, clock, IdMaker(secrets.token_bytes).new_id)
        services = build_services(state, files.shelf, entries, health)
        services.ledger.show_to(observability.observers)
        observability.telemetry.watch_ledger(services.ledger)
        if settings.redis_url is not None:
            observability.telemetry.watch_limits(lambda: state.buckets.is_shared)

        doorkeeper = state.doorkeeper()
        batches = build_batch_work(state, services, files.files, works=settings.batches.in_server)

        async def start() -> None:
            await doorkeeper.open()
            if settings.server.workers > 1:
                end_with_parent()
            for engine in engines:
                state.background.spawn(f"warm-{engine.name}", _warm(engine))
            observability.start(state.background)
            batches.start()
            settle()

        async def stop() -> None:
            await batches.aclose(within_s=_LAST_WORK_S)
            await close_parts(services, files, state)
            await observability.stop()

        app = make_app(
            services,
            doorkeeper,
            files=files.files,
            on_new_batch=batches.nudge,
            metrics=observability.endpoint,
            count_refusal=observability.telemetry.count_refusal,
        )
        return Lifespan(app, on_start=start, on_stop=stop)


async def close_parts(services: Services, files: FilesState, state: State) -> None:
    """Write what is left to write, and close everything, what was built last first."""
    await services.ledger.aclose()
    await services.attachments.aclose()
    await files.aclose()
    await state.aclose()
    for engine in reversed(services.routing.engines):
        await engine.aclose()


async def _warm(engine: Engine) -> None:
    """Load the engine's model before the first request asks for it."""
    try:
        await engine.ready()
    except EngineFault as fault:
        _log.warning("engine_not_ready", engine=engine.name, reason=fault.message)


def build_services(
    state: State,
    shelf: FileShelf,
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
        attachments=open_attachments(settings, shelf),
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
            return _alone(local_engine(engine, address, clock))
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
