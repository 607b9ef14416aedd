"""Values that are costly to make: made once however many ask, the last used ones kept."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from antechamber.runtime.background import Background

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Values by key, of which so many bytes are kept."""

    def __init__(self, name: str, most_bytes: int, size_of: Callable[[Value], int]) -> None:
        """``name`` is that of the tasks; ``size_of`` gives the bytes of a value, about."""
        self._name = name
        self._most_bytes = most_bytes
        self._size_of = size_of
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._size = 0
        self._making: dict[Hashable, _Making[Value]] = {}
        """What who comes now waits for, too."""
        self._background = Background()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        """Return the value of ``key``, made by ``make`` where it is not there.

        Raises what ``make`` raises, to all who wait for it; the next one who asks tries again.
        When the last of them leaves, the making is cancelled.
        """
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        making = self._making.get(key) or self._begin(key, make)
        making.waiting += 1
        try:
            # Whoever leaves does not take it from the others.
            return await asyncio.shield(making.value)
        finally:
            making.waiting -= 1
            if not making.waiting:
                self._take_off(key, making)
                making.task.cancel()

    def forget(self, key: Hashable) -> None:
        """Drop a value that holds no more; who waits for it already gets it all the same."""
        self._making.pop(key, None)
        value = self._values.pop(key, None)
        if value is not None:
            self._size -= self._size_of(value)

    async def aclose(self) -> None:
        """End what is being made."""
        await self._background.aclose()

    def _begin(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> "_Making[Value]":
        making = self._making[key] = _Making[Value]()
        making.task = self._background.spawn(self._name, self._make(key, make, making))
        # Also of one that was ended before it began.
        making.task.add_done_callback(lambda _: self._settle(key, making))
        return making

    async def _make(
        self, key: Hashable, make: Callable[[], Awaitable[Value]], making: "_Making[Value]"
    ) -> None:
        try:
            value = await make()
        except Exception as error:  # noqa: BLE001 - told to whoever waits for the value
            making.value.set_exception(error)
            return
        if self._take_off(key, making):
            self._keep(key, value)
        making.value.set_result(value)

    def _take_off(self, key: Hashable, making: "_Making[Value]") -> bool:
        """Let nobody join those who wait for it; tell whether somebody could."""
        could = self._making.get(key) is making
        if could:
            del self._making[key]
        return could

    def _keep(self, key: Hashable, value: Value) -> None:
        size = self._size_of(value)
        if size > self._most_bytes:
            return
        self._values[key] = value
        self._size += size
        while self._size > self._most_bytes:
            _, dropped = self._values.popitem(last=False)
            self._size -= self._size_of(dropped)

    def _settle(self, key: Hashable, making: "_Making[Value]") -> None:
        self._take_off(key, making)
        if not making.value.done():
            making.value.cancel()
        elif not making.value.cancelled():
            making.value.exception()  # marks it as seen: perhaps nobody waits any more


class _Making(Generic[Value]):
    """A value that is being made."""

    task: asyncio.Task[None]

    def __init__(self) -> None:
        self.value: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self.waiting = 0
