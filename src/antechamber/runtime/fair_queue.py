"""A bounded line before what takes only so many at a time, fair to all who share it."""

import asyncio
from collections import OrderedDict
from typing import Literal, get_args

Rank = Literal["priority", "standard", "batch"]
"""Whoever has an earlier one goes first."""
_RANKS: tuple[Rank, ...] = get_args(Rank)

_Ticket = asyncio.Future[bool]
"""True when its holder may come in, false when it has to give way."""


class QueueFull(Exception):
    """There was no place in line, or it has gone to somebody who comes in sooner."""


class FairQueue:
    """Lets ``capacity`` in at a time and ``most_waiting`` stand in line; who leaves calls the next.

    The rank decides, so a batch gets what the others leave idle. Inside a rank the workspaces take
    turns, and each sends its own in the order in which they came. When the line is full, whoever
    would come in last gives way: in the lowest rank, of the workspace that has most there, the
    newest; or it is the newcomer, who is refused at once.

    For one event loop. It has no tasks of its own.
    """

    def __init__(self, capacity: int, most_waiting: int) -> None:
        self._free = capacity
        self._most_waiting = most_waiting
        self._lines = {rank: _Line() for rank in _RANKS}

    @property
    def is_full(self) -> bool:
        """Whether who came now would not get in at once."""
        # A place is free only while nobody waits: who leaves hands it on.
        return self._free == 0

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return sum(line.length for line in self._lines.values())

    def would_take(self, rank: Rank, workspace: str) -> bool:
        """Tell whether who came now would get in, or at least a place in line."""
        if not self.is_full or self.waiting < self._most_waiting:
            return True
        return self._line_that_gives_way(rank, workspace) is not None

    def try_enter(self) -> bool:
        """Come in if there is room, to ``leave`` later; tell whether there was."""
        if self.is_full:
            return False
        self._free -= 1
        return True

    async def enter(self, rank: Rank, workspace: str) -> None:
        """Come in when it is time, to ``leave`` later; raises ``QueueFull``.

        Whoever is cancelled while waiting leaves no trace.
        """
        if self.try_enter():
            return
        self._make_room(rank, workspace)
        line = self._lines[rank]
        ticket: _Ticket = asyncio.get_running_loop().create_future()
        line.add(workspace, ticket)
        try:
            comes_in = await ticket
        except asyncio.CancelledError:
            # It may have been passed over, and taken out of the line, already.
            line.remove(workspace, ticket)
            if not ticket.cancelled() and ticket.result():
                # The call came in the moment of leaving.
                self.leave()
            raise
        if not comes_in:
            raise QueueFull

    def leave(self) -> None:
        """Give the place to whoever comes next."""
        for line in self._lines.values():
            while line.length:
                ticket = line.take_next()
                if not ticket.done():
                    ticket.set_result(True)
                    return
        self._free += 1

    def _make_room(self, rank: Rank, workspace: str) -> None:
        if self.waiting < self._most_waiting:
            return
        line = self._line_that_gives_way(rank, workspace)
        if line is None:
            raise QueueFull
        ticket = line.take_last()
        if not ticket.done():
            ticket.set_result(False)

    def _line_that_gives_way(self, rank: Rank, workspace: str) -> "_Line | None":
        """Return the line whose last would come in after the newcomer; None for no such."""
        lowest = next((each for each in reversed(_RANKS) if self._lines[each].length), rank)
        line = self._lines[lowest]
        if lowest == rank:
            # To trade places with one's like is no gain for anybody.
            return line if line.most_of_one > line.length_of(workspace) + 1 else None
        return line if _RANKS.index(lowest) > _RANKS.index(rank) else None


class _Line:
    """Those of one rank who wait."""

    def __init__(self) -> None:
        self._tickets: OrderedDict[str, OrderedDict[_Ticket, None]] = OrderedDict()
        """By workspace, in the order of their turns; of each in the order in which they came.
        Whoever leaves is found without walking the line."""
        self.length = 0

    @property
    def most_of_one(self) -> int:
        """How many the workspace has that has most here."""
        return max(map(len, self._tickets.values()), default=0)

    def length_of(self, workspace: str) -> int:
        return len(self._tickets.get(workspace, ()))

    def add(self, workspace: str, ticket: _Ticket) -> None:
        self._tickets.setdefault(workspace, OrderedDict())[ticket] = None
        self.length += 1

    def remove(self, workspace: str, ticket: _Ticket) -> None:
        if ticket in self._tickets.get(workspace, ()):
            del self._tickets[workspace][ticket]
            self._note_one_less(workspace)

    def take_next(self) -> _Ticket:
        workspace = next(iter(self._tickets))
        ticket, _ = self._tickets[workspace].popitem(last=False)
        self._tickets.move_to_end(workspace)
        self._note_one_less(workspace)
        return ticket

    def take_last(self) -> _Ticket:
        workspace = max(self._tickets, key=self.length_of)
        ticket, _ = self._tickets[workspace].popitem()
        self._note_one_less(workspace)
        return ticket

    def _note_one_less(self, workspace: str) -> None:
        self.length -= 1
        if not self._tickets[workspace]:
            del self._tickets[workspace]
