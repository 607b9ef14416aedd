"""The process of ``antechamber worker``: the parts of a server, without its doors."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import structlog

from antechamber.batch_work import build_batch_work
from antechamber.files_state import check_files
from antechamber.http.metrics import listen_for_metrics
from antechamber.local_models import ModelAddress, start_models
from antechamber.observability import MetricsPlace
from antechamber.parts import build_parts, check_engine
from antechamber.runtime.log import configure_log
from antechamber.settings import (
    ConfigurationError,
    Settings,
    default_engines,
    load_or_create_secrets,
)
from antechamber.state import closing_database, tiers_of

_NEEDS_POSTGRESQL = (
    "antechamber worker shares its work with the server through PostgreSQL: set database_url to "
    "postgresql://…, here and for the server. With SQLite the server works on batches itself."
)

_log = structlog.get_logger("antechamber.worker")


def run_worker(
    settings: Settings, announce: Callable[[], None], *, metrics_port: int | None = None
) -> None:
    """Work on batches until told to stop; ``announce`` is called when everything is there.

    ``metrics_port`` is this process's own: that of the settings is the server's. Raises
    ``ConfigurationError`` for what cannot be worked with.
    """
    configure_log(level=settings.log.level, form=settings.log.format)
    tiers_of(settings)
    for engine in default_engines(settings):
        check_engine(engine, settings)
    check_files(settings)
    load_or_create_secrets(settings.data_dir)
    with closing_database(settings) as database:
        if database.is_sqlite:
            raise ConfigurationError(_NEEDS_POSTGRESQL)
    with ExitStack() as closing:
        own = settings.metrics.model_copy(update={"port": metrics_port})
        own_port = listen_for_metrics(own)
        if own_port is not None:
            closing.enter_context(own_port)
        addresses = start_models(settings, closing)
        announce()
        asyncio.run(_work(settings, addresses, MetricsPlace(own_port=own_port)))


async def _work(
    settings: Settings, addresses: Mapping[str, ModelAddress], place: MetricsPlace
) -> None:
    parts = build_parts(settings, addresses, place)
    batches = build_batch_work(parts.state, parts.services, parts.files.files, works=True)
    parts.observability.start(parts.state.background)
    batches.start()
    _log.info("worker_ready")
    await _told_to_stop()
    _log.info("worker_stopping", at_most_s=settings.server.drain_s)
    await batches.aclose(within_s=settings.server.drain_s)
    await parts.aclose()
    _log.info("worker_stopped")


async def _told_to_stop() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()
