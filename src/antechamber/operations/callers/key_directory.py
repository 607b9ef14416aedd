"""Keys that were created, and what the default workspace may, as this process remembers them.

Both are read again beside the requests while they are used. So a change reaches every worker within
five seconds, and hardly a request waits for the database.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock
from antechamber.runtime.refreshed import Refreshed, Unreadable
from antechamber.store.database import Database, Result, Work
from antechamber.store.keys import KeyBounds, has_keys, key_bounds
from antechamber.store.workspaces import DEFAULT_WORKSPACE, WorkspaceBounds, workspace_bounds
from antechamber.wire.errors import Overloaded

_HOUSE = "house"
Known = TypeVar("Known")


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for requests without a key of their own."""

    has_keys: bool
    """Whether any key was created that lets somebody in."""
    workspace: WorkspaceBounds


def key_hash(key: str) -> str:
    """Return what is kept of a key."""
    # A header can hold anything that latin-1 can; hashing must not raise.
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def month_of(at: datetime) -> str:
    """Return the month, UTC, that a moment's spending counts for: ``2026-11``."""
    return at.strftime("%Y-%m")


class Reading(NamedTuple):
    """When something was read."""

    month: str
    """That of the sums, as ``2026-11``."""
    at: float
    """When it began, on the monotonic clock."""


class KeyDirectory(Generic[Known]):
    """What a database knows of keys, made into what the callers of this need of them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        background: Background,
        as_known: Callable[[KeyBounds, Reading], Known],
        in_house: Callable[[House, Reading], Known],
    ) -> None:
        """``in_house`` makes who comes without a created key, ``as_known`` who comes with one."""
        self._database = database
        self._clock = clock
        self._as_known = as_known
        self._in_house = in_house
        self._keys = Refreshed(self._read_key, clock, background)
        self._house = Refreshed(self._read_house, clock, background)

    def remembered(self, hashed: str) -> Known | None:
        """Return a key's owner who may be trusted without asking; None says nothing."""
        return self._keys.remembered(hashed)

    async def find(self, hashed: str) -> Known | None:
        """Return whose key has this hash; raises ``Overloaded`` while nobody can tell."""
        return await _told(self._keys.get(hashed))

    def remembered_house(self) -> Known | None:
        """Return who comes without a created key; None says nothing."""
        told = self._house.remembered(_HOUSE)
        return None if told is None else told[1]

    @property
    def has_keys(self) -> bool:
        """Whether there are keys, as far as it was found out."""
        told = self._house.latest(_HOUSE)
        return told is not None and told[0]

    async def house(self) -> tuple[bool, Known]:
        """Return whether there are keys, and who comes without one; raises ``Overloaded``."""
        return await _told(self._house.get(_HOUSE))

    async def _read_key(self, hashed: str) -> Known | None:
        reading = self._begin()
        found = await self._read(partial(key_bounds, key_hash=hashed, month=reading.month))
        return None if found is None else self._as_known(found, reading)

    async def _read_house(self, _name: str) -> tuple[bool, Known]:
        reading = self._begin()
        house = await self._read(partial(_look_at_house, month=reading.month))
        return house.has_keys, self._in_house(house, reading)

    def _begin(self) -> Reading:
        # Before it: what is written meanwhile is counted twice for a while, and never not at all.
        return Reading(month_of(self._clock.now()), self._clock.monotonic())

    async def _read(self, look: Work[Result]) -> Result:
        try:
            return await self._database.read(look)
        except SQLAlchemyError as error:
            # Of the whole text the driver tells the parameters too.
            raise Unreadable(type(error).__name__) from error


async def _told(reading: Awaitable[Result]) -> Result:
    try:
        return await reading
    except Unreadable as error:
        message = "Overloaded"
        raise Overloaded(message) from error


def _look_at_house(connection: Connection, *, month: str) -> House:
    return House(
        has_keys=has_keys(connection),
        workspace=workspace_bounds(connection, DEFAULT_WORKSPACE, month=month),
    )
