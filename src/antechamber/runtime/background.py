"""Tasks that outlive the call that starts them: named, tracked, and cancelled at the end."""

import asyncio
from collections.abc import Coroutine

import structlog

_log = structlog.get_logger("antechamber.background")


class Background:
    """Owns every task that is not awaited where it starts."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, name: str, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Start ``work``; a failure nobody awaits is logged under ``name``."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task_failed", task=task.get_name(), exc_info=error)

    async def aclose(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def this_task(loop: asyncio.AbstractEventLoop) -> asyncio.Task[object]:
    """Return the task that runs on ``loop``, which is this thread's."""
    task = asyncio.current_task(loop)
    if task is None:
        message = "no task runs here"
        raise RuntimeError(message)
    return task
