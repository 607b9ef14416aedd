"""The part of assembly that builds who works on batches, and who clears away what is over."""

from dataclasses import dataclass

from antechamber.operations.answering.services import Services
from antechamber.operations.batches.runner import BatchRunner
from antechamber.operations.batches.surroundings import Owners
from antechamber.operations.callers.caller import caller_directory
from antechamber.operations.files import Files
from antechamber.settings import ConfigurationError, Settings
from antechamber.state import State
from antechamber.store.database import Database
from antechamber.worker.chunk_queue import QueuePlace
from antechamber.worker.foreman import Foreman
from antechamber.worker.housekeeping import Housekeeping
from antechamber.worker.sole import SolePlace

_SOLE = "server"
"""Who works where one process does: the next one goes on with what this one had begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWork:
    """What works beside requests in one process."""

    state: State
    foreman: Foreman | None
    housekeeping: Housekeeping
    clearing: SolePlace

    def start(self) -> None:
        """Begin to look for work."""
        if self.foreman is not None:
            self.foreman.start()
        self.state.background.spawn("housekeeping", self.housekeeping.keep_going())

    def nudge(self) -> None:
        """Note that there is a new batch."""
        if self.foreman is not None:
            self.foreman.nudge()

    async def aclose(self, *, within_s: float) -> None:
        """End it: what runs may finish for a while."""
        if self.foreman is not None:
            await self.foreman.aclose(within_s=within_s)
        self.clearing.close()


def check_batches(settings: Settings, database: Database) -> None:
    """Raise ``ConfigurationError`` where nobody would work on batches."""
    if database.is_sqlite and not settings.batches.in_server:
        message = (
            "batches.in_server = false leaves batches to antechamber worker, which needs "
            "PostgreSQL: set database_url, or remove in_server."
        )
        raise ConfigurationError(message)


def build_batch_work(state: State, services: Services, files: Files, *, works: bool) -> BatchWork:
    """Return what works on batches, where this process ``works``, and what clears away."""
    folder = state.settings.data_dir
    clearing = SolePlace(folder / "housekeeping.lock")
    foreman = _foreman(state, services) if works else None
    return BatchWork(
        state=state,
        foreman=foreman,
        housekeeping=Housekeeping(services, files, foreman, clearing),
        clearing=clearing,
    )


def _foreman(state: State, services: Services) -> Foreman:
    settings = state.settings
    directory = caller_directory(
        state.database,
        state.clock,
        state.background,
        organization_id=settings.server.organization_id,
    )
    owners = Owners(state.database, directory)
    runner = BatchRunner(services, owners, state.background)
    if settings.database_url is None or state.database.is_sqlite:
        url, worker_id = f"sqlite:///{settings.data_dir / 'batches.db'}", _SOLE
        sole, of_a_batch = SolePlace(settings.data_dir / "batches.lock"), 4
    else:
        url, worker_id = settings.database_url.reveal(), services.new_id("worker_")
        sole, of_a_batch = None, 2
    place = QueuePlace(url=url, executor_id=worker_id, of_a_batch=of_a_batch)
    return Foreman(services, runner, state.background, place, sole)
