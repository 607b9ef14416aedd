"""The process of ``antechamber worker``: the objects of a server, without its doors."""

import asyncio
import secrets
import signal
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import structlog

from antechamber.assembly import (
    build_entry,
    build_services,
    check_engine,
    close_parts,
    engine_health,
)
from antechamber.batch_work import build_batch_work
from antechamber.files_state import check_files, open_files
from antechamber.local_models import ModelAddress, start_models
from antechamber.runtime.clock import SystemClock
from antechamber.runtime.log import configure_log
from antechamber.settings import (
    ConfigurationError,
    Settings,
    default_engines,
    load_or_create_secrets,
)
from antechamber.state import closing_database, open_state, tiers_of
from antechamber.wire.ids import IdMaker

_NEEDS_POSTGRESQL = (
    "antechamber worker shares its work with the server through PostgreSQL: set database_url to "
    "postgresql://…, here and for the server. With SQLite the server works on batches itself."
)

_log = structlog.get_logger("antechamber.worker")


def run_worker(settings: Settings, announce: Callable[[], None]) -> None:
    """Work on batches until told to stop; ``announce`` is called when everything is there.

    Raises ``ConfigurationError`` for what cannot be worked with.
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
        addresses = start_models(settings, closing)
        announce()
        asyncio.run(_work(settings, addresses))


async def _work(settings: Settings, addresses: Mapping[str, ModelAddress]) -> None:
    clock = SystemClock()
    entries = {
        engine.name: build_entry(engine, addresses.get(engine.name), clock)
        for engine in default_engines(settings)
    }
    state = open_state(settings, clock)
    files = open_files(settings, state.database, clock, IdMaker(secrets.token_bytes).new_id)
    health = engine_health(settings, entries, clock)
    services = build_services(state, files.shelf, entries, health)
    batches = build_batch_work(state, services, files.files, works=True)
    batches.start()
    _log.info("worker_ready")
    await _told_to_stop()
    _log.info("worker_stopping", at_most_s=settings.server.drain_s)
    await batches.aclose(within_s=settings.server.drain_s)
    await close_parts(services, files, state)
    _log.info("worker_stopped")


async def _told_to_stop() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()
