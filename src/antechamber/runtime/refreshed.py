"""Values that are read elsewhere and remembered for seconds: read again beside who uses them."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
import structlog

from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock

Value = TypeVar("Value")

_log = structlog.get_logger("antechamber.refreshed")
_FRESH_S = 2.0
"""From here on a value is read again while it is still given out …"""
_TRUSTED_S = 4.0
"""… and from here on before it is. With the reading itself, a change shows within five seconds."""
_PATIENCE_S = 3.0
"""For one reading, which takes milliseconds; whoever needs it waits no longer."""
_REST_S = 2.0
"""So long nothing is read after a failure …"""
_FORGIVEN_S = 5.0
"""… and so long nobody waits for what is remembered: it is read beside whoever uses it."""
_LAST_RESORT_S = 300.0
"""How long a value serves that cannot be read again."""
_QUIET_S = 60.0
"""Between two lines of the log about readings that fail."""
_MOST = 20_000


class Unreadable(Exception):
    """The value cannot be read now; ``read`` raises it from the cause."""


class _Entry(msgspec.Struct, Generic[Value]):
    value: Value
    read_at: float


class Refreshed(Generic[Value]):
    """Values by name, the last used ones remembered."""

    def __init__(
        self,
        read: Callable[[str], Awaitable[Value]],
        clock: Clock,
        background: Background,
        *,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """``read`` raises ``Unreadable``; what was read shortly before then goes on being used."""
        self._read = read
        self._now = clock.monotonic
        self._background = background
        self._patience_s = patience_s
        self._entries: OrderedDict[str, _Entry[Value]] = OrderedDict()
        self._readings: dict[str, asyncio.Task[None]] = {}
        self._failed_at = float("-inf")
        """Of the last reading of any name: they are all in one place."""
        self._told_at = float("-inf")

    def remembered(self, name: str) -> Value | None:
        """Return a value that needs no waiting for; None says nothing."""
        entry = self._usable(name)
        return None if entry is None else entry.value

    def latest(self, name: str) -> Value | None:
        """Return a value however old, which is read again where it is; None was never read."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if self._now() - entry.read_at > _FRESH_S:
            self._reading(name)
        return entry.value

    async def get(self, name: str) -> Value:
        """Return a value, after one reading at most; raises ``Unreadable``."""
        entry = self._usable(name)
        if entry is None:
            if (reading := self._reading(name)) is not None:
                # Others wait for it too, and their clients may stay when this one leaves.
                await asyncio.shield(reading)
            entry = self._usable(name)
            if entry is None:
                raise Unreadable
        return entry.value

    def _usable(self, name: str) -> _Entry[Value] | None:
        """Return what may be given out now; what is no longer fresh is read again beside it."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        now = self._now()
        age_s = now - entry.read_at
        if age_s > _FRESH_S:
            is_forgiven = now - self._failed_at <= _FORGIVEN_S and age_s <= _LAST_RESORT_S
            if age_s > _TRUSTED_S and not is_forgiven:
                return None
            self._reading(name)
        return entry

    def _reading(self, name: str) -> "asyncio.Task[None] | None":
        """Return the one reading of ``name`` that runs, begun if need be; None during the rest."""
        reading = self._readings.get(name)
        if reading is None and self._now() - self._failed_at > _REST_S:
            reading = self._background.spawn(f"read-{name[:8]}", self._read_now(name))
            self._readings[name] = reading
            reading.add_done_callback(lambda _: self._readings.pop(name))
        return reading

    async def _read_now(self, name: str) -> None:
        read_at = self._now()
        try:
            async with asyncio.timeout(self._patience_s):
                value = await self._read(name)
        except TimeoutError as error:
            self._failed(error)
            return
        except Unreadable as error:
            self._failed(error.__cause__ or error)
            return
        self._failed_at = float("-inf")
        self._entries[name] = _Entry(value, read_at)
        self._entries.move_to_end(name)
        if len(self._entries) > _MOST:
            self._entries.popitem(last=False)

    def _failed(self, cause: BaseException) -> None:
        now = self._failed_at = self._now()
        if now - self._told_at >= _QUIET_S:
            self._told_at = now
            _log.warning("not_readable", reason=type(cause).__name__)
