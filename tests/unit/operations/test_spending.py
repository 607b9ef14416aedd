"""Nothing more is done for who has spent the month's money, and the words are the hosted API's."""

from datetime import UTC, datetime

import pytest

from antechamber.catalogue.tiers import Tier
from antechamber.operations.caller import Bounds, Caller
from antechamber.operations.spending import check_spending
from antechamber.wire.errors import ApiError, InvalidRequest, RateLimited
from tests.unit.operations.stage import StillClock

USD = 10**9
CAPPED = Tier(name="capped", monthly_cap_usd=500)


def check(bounds: Bounds, *, tier: Tier | None = None, on: str = "2026-11-22") -> None:
    clock = StillClock(at=datetime.fromisoformat(f"{on}T23:59:59Z").astimezone(UTC).timestamp())
    check_spending(Caller(organization_id="org", bounds=bounds), tier, clock)


def refusal(bounds: Bounds, *, tier: Tier | None = None, on: str = "2026-11-22") -> ApiError:
    with pytest.raises(ApiError) as refused:
        check(bounds, tier=tier, on=on)
    return refused.value


def test_the_cap_of_a_tier_is_a_rate_limit_without_a_pause() -> None:
    """T44: of all 429 only this one says nothing of when to come back."""
    error = refusal(Bounds(workspace_spent=500 * USD), tier=CAPPED)

    assert isinstance(error, RateLimited)
    assert error.message == (
        "You have reached your API usage limits: your organization has crossed its monthly API "
        "usage threshold, set based on your organization's API tier. You will regain access on "
        "2026-12-01 at 00:00 UTC."
    )
    assert error.details == {"error_code": "enforced_spend_limit_reached"}
    assert error.retry_after_s is None


@pytest.mark.parametrize(
    ("bounds", "whose"),
    [
        (Bounds(key_budget=3 * USD, key_spent=3 * USD), ""),
        (Bounds(workspace_budget=USD, workspace_spent=2 * USD), "workspace "),
    ],
)
def test_a_budget_is_a_fault_of_the_request(bounds: Bounds, whose: str) -> None:
    error = refusal(bounds)

    assert isinstance(error, InvalidRequest)
    assert error.message == (
        f"You have reached your specified {whose}API usage limits. "
        "You will regain access on 2026-12-01 at 00:00 UTC."
    )


def test_after_december_comes_january() -> None:
    error = refusal(Bounds(key_budget=0), on="2026-12-31")

    assert error.message.endswith("on 2027-01-01 at 00:00 UTC.")


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(key_spent=10**15, workspace_spent=500 * USD - 1),
        Bounds(key_budget=USD, key_spent=USD - 1, workspace_budget=USD, workspace_spent=USD - 1),
    ],
)
def test_until_then_nothing_is_refused(bounds: Bounds) -> None:
    check(bounds, tier=CAPPED)
    check(bounds)
