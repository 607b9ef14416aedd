"""Values that are read elsewhere and remembered for seconds: read again beside who uses them."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

import msgspec

from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock

Value = TypeVar("Value")

_FRESH_S = 2.0
"""From here on a value is read again while it is still given out …"""
_TRUSTED_S = 4.0
"""… and from here on before it is. With the reading itself, a change shows within five seconds."""
_LAST_RESORT_S = 300.0
"""How long a value serves that cannot be read again."""
_MOST = 20_000


class Unreadable(Exception):
    """The value cannot be read now; ``read`` raises it from the cause."""


class _Entry(msgspec.Struct, Generic[Value]):
    value: Value
    read_at: float
    is_being_read: bool = False


class Refreshed(Generic[Value]):
    """Values by name, the last used ones remembered."""

    def __init__(
        self,
        read: Callable[[str], Awaitable[Value]],
        clock: Clock,
        background: Background,
    ) -> None:
        """``read`` raises ``Unreadable``; what was read shortly before then goes on being used."""
        self._read = read
        self._now = clock.monotonic
        self._background = background
        self._entries: OrderedDict[str, _Entry[Value]] = OrderedDict()

    def remembered(self, name: str) -> Value | None:
        """Return a value that needs no waiting for; None says nothing."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        age_s = self._now() - entry.read_at
        if age_s > _TRUSTED_S:
            return None
        if age_s > _FRESH_S:
            self._refresh(name, entry)
        return entry.value

    def latest(self, name: str) -> Value | None:
        """Return a value however old, which is read again where it is; None was never read."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if self._now() - entry.read_at > _FRESH_S:
            self._refresh(name, entry)
        return entry.value

    def _refresh(self, name: str, entry: _Entry[Value]) -> None:
        if not entry.is_being_read:
            entry.is_being_read = True
            self._background.spawn(f"read-{name[:8]}", self._read_beside(name))

    async def get(self, name: str) -> Value:
        """Return a value; raises ``Unreadable``."""
        entry = self._entries.get(name)
        if entry is not None and self._now() - entry.read_at <= _TRUSTED_S:
            return entry.value
        return await self._read_now(name)

    async def _read_beside(self, name: str) -> None:
        with suppress(Unreadable):  # whoever needs it then reads it himself, and is told
            await self._read_now(name)

    async def _read_now(self, name: str) -> Value:
        read_at = self._now()
        try:
            value = await self._read(name)
        except Unreadable:
            entry = self._entries.get(name)
            if entry is None or read_at - entry.read_at > _LAST_RESORT_S:
                raise
            entry.is_being_read = False
            return entry.value
        self._entries[name] = _Entry(value, read_at)
        self._entries.move_to_end(name)
        if len(self._entries) > _MOST:
            self._entries.popitem(last=False)
        return value
