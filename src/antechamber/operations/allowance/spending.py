"""What may be spent in a month: the cap of a tier, the budgets of a workspace and of a key."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, get_args

import msgspec

from antechamber.catalogue.tiers import Tier
from antechamber.operations.callers.caller import Caller
from antechamber.operations.callers.key_directory import month_of
from antechamber.runtime.clock import Clock
from antechamber.store.ledger import Spent
from antechamber.wire.errors import InvalidRequest, RateLimited

Writer = Literal["ledger", "batches"]
"""Who writes what was spent."""
_CAP_REACHED = {"error_code": "enforced_spend_limit_reached"}
_KEPT_S = 300.0
"""So old is the oldest reading of what was spent that anybody uses."""


class Own(NamedTuple):
    """What this process spent that a reading does not know of, in nano-dollars."""

    workspace: int = 0
    key: int = 0


_NOTHING = Own()
_NOBODY: Mapping[str, int] = {}


class Pending(msgspec.Struct):
    """What was spent by a group of requests that is about to be written."""

    of_month: dict[str, Counter[str]] = msgspec.field(default_factory=dict[str, Counter[str]])
    """By the month, and by the id of a workspace or of a key."""
    written_at: float = float("inf")

    def include(self, spent: Sequence[Spent]) -> None:
        """Count more of it."""
        for each in spent:
            of_owner = self.of_month.setdefault(each.month, Counter())
            for owner in (each.workspace_id, each.key_id):
                of_owner[owner] += each.cost_nano_usd


class Spending:
    """What this process spent lately: a reading of the database knows of it seconds later."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._groups: Mapping[Writer, deque[Pending]] = {
            writer: deque[Pending]() for writer in get_args(Writer)
        }
        """In the order in which they are written; the last one may not be yet."""

    def add(self, spent: Sequence[Spent], *, by: Writer = "ledger") -> Pending:
        """Count what is about to be written; ``written`` has to follow.

        Each writer writes its groups in the order in which it adds them.
        """
        oldest, groups = self._clock.monotonic() - _KEPT_S, self._groups[by]
        while groups and groups[0].written_at < oldest:
            groups.popleft()
        pending = Pending()
        pending.include(spent)
        groups.append(pending)
        return pending

    def written(self, pending: Pending) -> None:
        """Note that it is in the database, or is lost: readings tell from now."""
        pending.written_at = self._clock.monotonic()

    def of(self, caller: Caller, *, read_at: float) -> Own:
        """Return what a reading lacks of what was spent in this month.

        It began at ``read_at`` on the monotonic clock. What was written while it was going on may
        be in both, until the next reading.
        """
        of_workspace = of_key = 0
        month = month_of(self._clock.now())
        sharing = {caller.key_id, *caller.bounds.siblings}
        for groups in self._groups.values():
            for group in reversed(groups):
                if group.written_at <= read_at:
                    break
                of_owner = group.of_month.get(month, _NOBODY)
                of_workspace += of_owner.get(caller.workspace_id, 0)
                # By the fewer of both: a key that is rotated every day has hundreds of siblings.
                for owner in of_owner.keys() & sharing:
                    of_key += of_owner[owner]
        return Own(of_workspace, of_key)


def may_be_spent(caller: Caller, tier: Tier | None) -> bool:
    """Whether there is a sum that ``check_spending`` could find spent."""
    bounds = caller.bounds
    return (
        bounds.key_budget is not None
        or bounds.workspace_budget is not None
        or (tier is not None and tier.monthly_cap_usd is not None)
    )


def check_spending(caller: Caller, tier: Tier | None, clock: Clock, own: Own = _NOTHING) -> None:
    """Raise where the month's money is spent; the text says from when on there is more.

    ``own`` is what the caller's bounds do not know of yet.
    ``tier`` is the workspace's, whose cap is a ``RateLimited`` without ``retry-after``; a budget
    is an ``InvalidRequest``. Source: platform.claude.com/docs/en/api/rate-limits#spend-limits.
    """
    bounds, now = caller.bounds, clock.now()
    key_spent, workspace_spent = own.key, own.workspace
    if bounds.month in (None, month_of(now)):
        key_spent += bounds.key_spent
        workspace_spent += bounds.workspace_spent
    cap = None if tier is None else tier.cap_nano_usd
    if cap is not None and workspace_spent >= cap:
        message = (
            "You have reached your API usage limits: your organization has crossed its monthly "
            "API usage threshold, set based on your organization's API tier. "
            f"You will regain access on {_next_month(now)} at 00:00 UTC."
        )
        raise RateLimited(message, details=_CAP_REACHED, is_final=True)
    for whose, budget, spent in (
        ("", bounds.key_budget, key_spent),
        ("workspace ", bounds.workspace_budget, workspace_spent),
    ):
        if budget is not None and spent >= budget:
            message = (
                f"You have reached your specified {whose}API usage limits. "
                f"You will regain access on {_next_month(now)} at 00:00 UTC."
            )
            raise InvalidRequest(message)


def _next_month(now: datetime) -> str:
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return f"{year}-{month:02}-01"
