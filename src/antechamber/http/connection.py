"""Work that is worth doing only while the client is there to read its result."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial

from antechamber.http.asgi import ON_LEAVE, Receive, Scope
from antechamber.http.bodies import ClientLeft
from antechamber.runtime.background import this_task


async def while_connected(
    scope: Scope, receive: Receive, work: Coroutine[object, object, None]
) -> None:
    """Run ``work`` until it is done; cancel it and raise ``ClientLeft`` when the client leaves.

    The body must have been read: from here on the only message that can come is the disconnect.
    """
    loop = asyncio.get_running_loop()
    answering = _Answering(this_task(loop))
    stop_watching = _watch(scope, receive, answering, loop)
    try:
        await work
    except asyncio.CancelledError as error:
        if not answering.is_left:
            raise
        answering.task.uncancel()
        raise ClientLeft from error
    finally:
        answering.is_over = True
        stop_watching()


def _watch(
    scope: Scope, receive: Receive, answering: "_Answering", loop: asyncio.AbstractEventLoop
) -> Callable[[], object]:
    """Have ``answering`` told when the client leaves; return what ends that."""
    on_leave = scope.get("extensions", {}).get(ON_LEAVE)
    if on_leave is not None:
        on_leave(answering.client_left)
        return partial(on_leave, None)
    # By hand, and not in a group, because every request does this: the task ends with the answer.
    watcher = loop.create_task(_disconnect(receive), name="client-watch")

    def ended(watcher: asyncio.Task[None]) -> None:
        if not watcher.cancelled():
            watcher.exception()  # a connection that cannot be listened to is gone too
            answering.client_left()

    watcher.add_done_callback(ended)
    return watcher.cancel


class _Answering:
    """The task that answers, and whether its client is still there."""

    def __init__(self, task: asyncio.Task[object]) -> None:
        self.task = task
        self.is_over = False
        """Many clients close as soon as they have read the end; that is no leaving."""
        self.is_left = False

    def client_left(self) -> None:
        """Stop the work, for whose result nobody waits any more."""
        # An answer that is cancelled writes its end, and the web server then reports a disconnect
        # too: that is our leaving, not the client's.
        if not (self.is_over or self.task.cancelling()):
            self.is_left = True
            self.task.cancel()


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
