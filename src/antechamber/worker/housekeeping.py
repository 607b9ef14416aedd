"""Clears away what is over: batches past their end, results and files past their time."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from antechamber.operations.answering.services import Services
from antechamber.operations.batches.endings import clear_batches
from antechamber.operations.files import Files
from antechamber.wire.errors import Overloaded
from antechamber.worker.foreman import Foreman
from antechamber.worker.sole import SolePlace

_Result = TypeVar("_Result")

_log = structlog.get_logger("antechamber.housekeeping")


class Housekeeping:
    """Goes round from time to time, in one of the processes that share a data directory."""

    def __init__(
        self, services: Services, files: Files, foreman: Foreman | None, sole: SolePlace
    ) -> None:
        """``foreman`` is who works on batches in this process, if somebody does."""
        self._services = services
        self._files = files
        self._foreman = foreman
        self._sole = sole

    async def keep_going(self) -> None:
        """Go round until cancelled."""
        while True:
            await _tried("round", self._go_round_if_ours())
            await self._services.clock.sleep(self._services.settings.housekeeping.every_s)

    async def go_round(self) -> None:
        """Clear everything once, each part even where another one failed.

        One line of the log says what was cleared, if it was anything.
        """
        counts: dict[str, int] = {}
        batches = await _tried("batches", clear_batches(self._services))
        if batches is not None:
            counts["batches_expired"] = batches.batches_expired
            counts["batches_archived"] = batches.batches_archived
        files = await _tried("files", self._files.sweep())
        if files is not None:
            counts["files_expired"] = files.expired
            counts["files_deleted"] = files.deleted
            counts["files_forgotten"] = files.forgotten
        if self._foreman is not None:
            await _tried("queue", self._foreman.clear())
        if any(counts.values()):
            _log.info("housekeeping", **counts)

    async def _go_round_if_ours(self) -> None:
        if self._sole.is_ours():
            await self.go_round()


async def _tried(part: str, clearing: Awaitable[_Result]) -> _Result | None:
    """Return what it gives; None where it failed, and the next round may go better."""
    try:
        return await clearing
    except Overloaded:  # the database is away, which was told
        _log.warning("housekeeping_failed", part=part)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other parts go on
        _log.error("housekeeping_failed", part=part, exc_info=error)
    return None
