"""What may be spent in a month: the cap of a tier, the budgets of a workspace and of a key."""

from datetime import datetime

from antechamber.catalogue.tiers import Tier
from antechamber.operations.caller import Caller
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import InvalidRequest, RateLimited

_CAP_REACHED = {"error_code": "enforced_spend_limit_reached"}


def check_spending(caller: Caller, tier: Tier | None, clock: Clock) -> None:
    """Raise where the month's money is spent; the text says from when on there is more.

    ``tier`` is the workspace's, whose cap is a ``RateLimited`` without ``retry-after``; a budget
    is an ``InvalidRequest``. Source: platform.claude.com/docs/en/api/rate-limits#spend-limits.
    """
    bounds = caller.bounds
    cap = None if tier is None else tier.cap_nano_usd
    if cap is not None and bounds.workspace_spent >= cap:
        message = (
            "You have reached your API usage limits: your organization has crossed its monthly "
            "API usage threshold, set based on your organization's API tier. "
            f"You will regain access on {_next_month(clock.now())} at 00:00 UTC."
        )
        raise RateLimited(message, details=_CAP_REACHED)
    for whose, budget, spent in (
        ("", bounds.key_budget, bounds.key_spent),
        ("workspace ", bounds.workspace_budget, bounds.workspace_spent),
    ):
        if budget is not None and spent >= budget:
            message = (
                f"You have reached your specified {whose}API usage limits. "
                f"You will regain access on {_next_month(clock.now())} at 00:00 UTC."
            )
            raise InvalidRequest(message)


def _next_month(now: datetime) -> str:
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return f"{year}-{month:02}-01"
