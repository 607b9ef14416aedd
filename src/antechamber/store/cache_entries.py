"""What the account of prompt caching keeps for a while, in the memory of this process."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from antechamber.runtime.clock import Clock


class CacheEntry(NamedTuple):
    """Something small under a key."""

    key: bytes
    value: bytes
    lives_s: float
    """From now on."""


class CacheEntries(Protocol):
    """Keeps entries until their time is over, or sooner where there is no room."""

    async def read(self, keys: Sequence[bytes]) -> Sequence[bytes | None] | None:
        """Return the value of each key, None where there is none; None where none can be read."""
        ...

    async def write(self, entries: Sequence[CacheEntry]) -> None:
        """Keep ``entries``, in the place of what is under their keys; may fail silently."""
        ...

    async def aclose(self) -> None:
        """Free what is held."""
        ...


class _Held(NamedTuple):
    value: bytes
    expires_at: float


class OwnCacheEntries:
    """Entries of this process alone; where there are too many, the ones least used go."""

    def __init__(self, clock: Clock, *, most: int) -> None:
        self._clock = clock
        self._most = most
        self._held: OrderedDict[bytes, _Held] = OrderedDict()

    async def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each key, None where there is none."""
        now = self._clock.monotonic()
        return [self._value(key, now) for key in keys]

    async def write(self, entries: Sequence[CacheEntry]) -> None:
        """Keep ``entries``, in the place of what is under their keys."""
        now, held = self._clock.monotonic(), self._held
        for entry in entries:
            held[entry.key] = _Held(entry.value, now + entry.lives_s)
            held.move_to_end(entry.key)
        while len(held) > self._most:
            held.popitem(last=False)

    async def aclose(self) -> None:
        """Forget everything."""
        self._held.clear()

    def _value(self, key: bytes, now: float) -> bytes | None:
        found = self._held.get(key)
        if found is None:
            return None
        if found.expires_at <= now:
            del self._held[key]
            return None
        self._held.move_to_end(key)
        return found.value
