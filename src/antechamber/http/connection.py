"""Work that is worth doing only while the client is there to read its result."""

import asyncio
from collections.abc import Coroutine

from antechamber.http.asgi import Receive
from antechamber.http.bodies import ClientLeft


async def while_connected(receive: Receive, work: Coroutine[object, object, None]) -> None:
    """Run ``work`` until it is done; cancel it and raise ``ClientLeft`` when the client leaves.

    The body must have been read: from here on the only message that can come is the disconnect.
    """
    failure: Exception | None = None
    done = False
    try:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(_watch(receive, _current()), name="client-watch")
            try:
                await work
            except Exception as error:  # noqa: BLE001 - raised again below, out of the group
                failure = error
            done = True
            watcher.cancel()
    except* ClientLeft as left:
        # Many clients close as soon as they have read the end; that is no leaving.
        if not done:
            raise ClientLeft from left
    if failure is not None:
        raise failure


async def _watch(receive: Receive, answering: asyncio.Task[object]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    # An answer that is cancelled writes its end, and the web server then reports a disconnect too:
    # that is our leaving, not the client's.
    if not answering.cancelling():
        raise ClientLeft


def _current() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        message = "an answer is given inside a task"
        raise RuntimeError(message)
    return task
