"""The composition root: builds every object of a server once and closes them in reverse."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack

import structlog

from antechamber.batch_work import build_batch_work, check_batches
from antechamber.engines.base import Engine
from antechamber.files_state import check_files
from antechamber.http.app import make_app
from antechamber.http.asgi import App
from antechamber.http.lifespan import Lifespan
from antechamber.http.server import listen, serve
from antechamber.local_models import ModelAddress, start_models
from antechamber.observability import MetricsPlace, metrics_place
from antechamber.operations.administration.database_state import tier_in_use
from antechamber.parts import build_parts, check_engine
from antechamber.runtime.clock import SystemClock
from antechamber.runtime.log import configure_log
from antechamber.runtime.memory import settle
from antechamber.runtime.parent_watch import end_with_parent
from antechamber.settings import (
    Settings,
    default_engines,
    load_or_create_secrets,
    require_keys_beyond_loopback,
    require_shared_counts,
    require_shared_tiers,
)
from antechamber.state import closing_database, tiers_of
from antechamber.store.keys import has_keys
from antechamber.wire.errors import EngineFault

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
        parts = build_parts(settings, self._addresses, self._place)
        state, services, observability = parts.state, parts.services, parts.observability
        doorkeeper = state.doorkeeper()
        works = settings.batches.in_server
        batches = build_batch_work(state, services, parts.files.files, works=works)

        async def start() -> None:
            await doorkeeper.open()
            if settings.server.workers > 1:
                end_with_parent()
            for engine in parts.engines:
                state.background.spawn(f"warm-{engine.name}", _warm(engine))
            observability.start(state.background)
            batches.start()
            settle()

        async def stop() -> None:
            await batches.aclose(within_s=_LAST_WORK_S)
            await parts.aclose()

        app = make_app(
            services,
            doorkeeper,
            files=parts.files.files,
            on_new_batch=batches.nudge,
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
