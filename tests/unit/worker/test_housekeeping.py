from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from antechamber.files_state import open_files
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.runner import BatchRunner
from antechamber.operations.batches.surroundings import Owners
from antechamber.operations.callers.caller import caller_directory
from antechamber.operations.files import Files, NewFile
from antechamber.parts import build_entry, build_services, engine_health
from antechamber.settings import ScriptedEngineSettings, Settings
from antechamber.state import State, open_state
from antechamber.store.upgrading import upgrade
from antechamber.wire.ids import new_id
from antechamber.worker.chunk_queue import QueuePlace
from antechamber.worker.foreman import Foreman
from antechamber.worker.housekeeping import Housekeeping
from antechamber.worker.sole import SolePlace
from tests.batch_services import created
from tests.unit.operations.stage import StillClock

_LATER_S = 24 * 3600.0 + 60
_WHAT = ("batches_expired", "files_expired")


class BrokenForeman(Foreman):
    """One with a bug."""

    async def clear(self) -> None:
        raise ZeroDivisionError


def _broken_foreman(state: State, services: Services) -> Foreman:
    directory = caller_directory(
        state.database, state.clock, state.background, organization_id="org"
    )
    owners = Owners(state.database, directory)
    runner = BatchRunner(services, owners, state.background)
    place = QueuePlace(url="sqlite://", executor_id="server", of_a_batch=1)
    return BrokenForeman(services, runner, state.background, place, None)


async def _add_file(files: Files) -> None:
    wanted = NewFile(workspace_id="w", filename=None, mime_type=None, expires_in_s=3600)
    async with files.receive() as incoming:
        await files.keep(incoming, wanted)


@pytest.fixture
async def state(tmp_path: Path) -> AsyncGenerator[State, None]:
    script = tmp_path / "replies.toml"
    script.write_text('[[replies]]\ntext = "Hello"\n')
    engine = ScriptedEngineSettings(name="play", script=script)
    made = open_state(Settings(data_dir=tmp_path, engines=(engine,)), StillClock(at=1_790_000_000))
    upgrade(made.database)
    yield made
    await made.aclose()


@pytest.mark.parametrize(
    ("lost", "cleared", "failed"),
    [
        (None, [1, 1], ["queue"]),
        ("batches", [None, 1], ["batches", "queue"]),
        ("files", [1, 0], ["incoming", "expired", "deleted", "forgotten", "queue"]),
    ],
)
async def test_what_fails_is_told_of_and_keeps_nothing_else(
    state: State, lost: str | None, cleared: list[int | None], failed: list[str]
) -> None:
    settings, clock = state.settings, state.clock
    entries = {"play": build_entry(settings.engines[0], None, clock)}
    files = open_files(settings, state.database, clock, new_id)
    health = engine_health(settings, entries, clock)
    services = build_services(state, files.shelf, entries, health)
    foreman, sole = _broken_foreman(state, services), SolePlace(settings.data_dir / "lock")
    await created(services, 1)
    await _add_file(files.files)
    await clock.sleep(_LATER_S)

    def lose(connection: Connection) -> None:
        if lost is not None:
            connection.exec_driver_sql(f"DROP TABLE {lost}")

    state.database.write_now(lose)
    with capture_logs() as logged:
        await Housekeeping(services, files.files, foreman, sole).go_round()

    (told,) = [each for each in logged if each["event"] == "housekeeping"]
    assert [told.get(name) for name in _WHAT] == cleared
    assert [each["part"] for each in logged if "part" in each] == failed
