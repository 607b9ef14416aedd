"""Work that is worth doing only while the client is there to read its result."""

import asyncio
from collections.abc import Coroutine

from antechamber.http.asgi import Receive
from antechamber.http.bodies import ClientLeft
from antechamber.runtime.background import this_task


async def while_connected(receive: Receive, work: Coroutine[object, object, None]) -> None:
    """Run ``work`` until it is done; cancel it and raise ``ClientLeft`` when the client leaves.

    The body must have been read: from here on the only message that can come is the disconnect.
    """
    loop = asyncio.get_running_loop()
    answering = _Answering(this_task(loop))
    # By hand, and not in a group, because every request does this: the task ends with the answer.
    watcher = loop.create_task(_disconnect(receive), name="client-watch")
    watcher.add_done_callback(answering.client_left)
    try:
        await work
    except asyncio.CancelledError as error:
        if not answering.is_left:
            raise
        answering.task.uncancel()
        raise ClientLeft from error
    finally:
        answering.is_over = True
        watcher.cancel()


class _Answering:
    """The task that answers, and whether its client is still there."""

    def __init__(self, task: asyncio.Task[object]) -> None:
        self.task = task
        self.is_over = False
        """Many clients close as soon as they have read the end; that is no leaving."""
        self.is_left = False

    def client_left(self, watcher: asyncio.Task[None]) -> None:
        """Stop the work; for when the watcher has ended."""
        if watcher.cancelled() or self.is_over:
            return
        watcher.exception()  # a connection that cannot be listened to is gone too
        # An answer that is cancelled writes its end, and the web server then reports a disconnect
        # too: that is our leaving, not the client's.
        if not self.task.cancelling():
            self.is_left = True
            self.task.cancel()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
