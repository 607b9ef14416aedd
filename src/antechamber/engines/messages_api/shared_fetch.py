"""What has to be fetched by a blocking library: once for all who wait, in a thread of its own.

The loop's own threads look names up for every engine, so nothing that may hang belongs there.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class SharedFetch(Generic[_Item]):
    """Fetches one thing, again whenever it is asked for and no fetch is under way."""

    def __init__(self, fetch: Callable[[], _Item], *, within_s: float) -> None:
        """``within_s`` bounds a fetch; one that takes longer is left to itself."""
        self._fetch = fetch
        self._within_s = within_s
        self._under_way: asyncio.Future[_Item] | None = None
        self._until = 0.0

    def begin(self) -> asyncio.Future[_Item]:
        """Return the fetch that is under way, begun where there is none."""
        loop = asyncio.get_running_loop()
        under_way = self._under_way
        if under_way is None or under_way.done() or loop.time() >= self._until:
            under_way = self._under_way = loop.create_future()
            # Everybody who waited may have left.
            under_way.add_done_callback(_mark_as_seen)
            self._until = loop.time() + self._within_s
            # Nobody waits for its end when the server stops.
            threading.Thread(target=self._run, args=(loop, under_way), daemon=True).start()
        return under_way

    async def result(self) -> _Item:
        """Return what the fetch returns, or raise what it raises; ``TimeoutError`` beside that."""
        under_way = self.begin()
        async with asyncio.timeout_at(self._until):
            return await asyncio.shield(under_way)

    def _run(self, loop: asyncio.AbstractEventLoop, told: asyncio.Future[_Item]) -> None:
        try:
            fetched = self._fetch()
        except Exception as error:  # noqa: BLE001 - whoever waits raises it
            tell = partial(told.set_exception, error)
        else:
            tell = partial(told.set_result, fetched)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell)


def _mark_as_seen(told: "asyncio.Future[_Item]") -> None:
    if not told.cancelled():
        told.exception()
