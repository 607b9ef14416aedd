"""Nothing more is done for who has spent the month's money, and the words are the hosted API's."""

from datetime import UTC, datetime

import msgspec
import pytest

from antechamber.catalogue.tiers import Tier
from antechamber.operations.allowance.spending import Own, Spending, check_spending
from antechamber.operations.callers.caller import Bounds, Caller
from antechamber.store.ledger import Spent
from antechamber.wire.errors import ApiError, InvalidRequest, RateLimited
from tests.unit.operations.stage import StillClock

USD = 10**9
CAPPED = Tier(name="capped", monthly_cap_usd=500)


def check(bounds: Bounds, *, tier: Tier | None = None, on: str = "2026-11-22") -> None:
    clock = StillClock(at=datetime.fromisoformat(f"{on}T23:59:59Z").astimezone(UTC).timestamp())
    check_spending(Caller(organization_id="org", bounds=bounds), tier, clock)


def spent(workspace_id: str, key_id: str, nano_usd: int, *, month: str = "2026-11") -> Spent:
    return Spent(workspace_id=workspace_id, key_id=key_id, month=month, cost_nano_usd=nano_usd)


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
    assert error.is_final


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


CALLER = Caller(organization_id="org", workspace_id="wrkspc_1", key_id="apikey_1")
NOVEMBER = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC).timestamp()


def test_what_this_process_spent_since_a_reading_counts_at_once() -> None:
    clock = StillClock(at=NOVEMBER)
    spending = Spending(clock)
    read_at = clock.at
    clock.at += 1

    pending = spending.add(
        [
            spent("wrkspc_1", "apikey_1", 3),
            spent("wrkspc_1", "", 4),
            spent("wrkspc_2", "apikey_2", 5),
        ]
    )
    before_writing = spending.of(CALLER, read_at=read_at)
    spending.written(pending)
    pending = spending.add([spent("wrkspc_1", "apikey_1", 10)])
    spending.written(pending)

    assert before_writing == Own(workspace=7, key=3)
    assert spending.of(CALLER, read_at=read_at) == Own(workspace=17, key=13)


def test_a_reading_that_began_after_the_writing_knows_of_it() -> None:
    clock = StillClock(at=NOVEMBER)
    spending = Spending(clock)

    pending = spending.add([spent("wrkspc_1", "apikey_1", 3)])
    spending.written(pending)
    pending = spending.add([spent("wrkspc_1", "apikey_1", 4)])

    assert spending.of(CALLER, read_at=clock.at) == Own(workspace=4, key=4)
    clock.at += 1
    spending.written(pending)
    assert spending.of(CALLER, read_at=clock.at - 0.5) == Own(workspace=4, key=4)
    assert spending.of(CALLER, read_at=clock.at) == Own()


def test_what_was_spent_with_keys_that_share_a_budget_counts_for_each_of_them() -> None:
    clock = StillClock(at=NOVEMBER)
    spending = Spending(clock)
    shared = msgspec.structs.replace(CALLER, bounds=Bounds(siblings=("apikey_2", "apikey_3")))

    spending.add(
        [
            *(spent("wrkspc_1", "apikey_1", 3), spent("wrkspc_1", "apikey_2", 4)),
            *(spent("wrkspc_1", "apikey_4", 5), spent("wrkspc_1", "", 6)),
        ]
    )
    spending.add([spent("wrkspc_1", "apikey_3", 7)])

    assert spending.of(shared, read_at=clock.at) == Own(workspace=25, key=14)
    assert spending.of(CALLER, read_at=clock.at) == Own(workspace=25, key=3)


def test_a_month_that_is_over_does_not_count_for_the_new_one() -> None:
    clock = StillClock(at=DECEMBER - 1)
    spending = Spending(clock)
    read_at = clock.at

    spending.add([spent("wrkspc_1", "apikey_1", 3)])
    before = spending.of(CALLER, read_at=read_at)
    clock.at = DECEMBER
    after = spending.of(CALLER, read_at=read_at)
    spending.add([spent("wrkspc_1", "apikey_1", 4, month="2026-12")])

    assert before == Own(workspace=3, key=3)
    assert after == Own()
    assert spending.of(CALLER, read_at=read_at) == Own(workspace=4, key=4)


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(key_budget=USD, key_spent=USD, month="2026-11"),
        Bounds(workspace_budget=USD, workspace_spent=USD, month="2026-11"),
        Bounds(workspace_spent=500 * USD, month="2026-11"),
    ],
)
def test_there_is_money_again_from_the_first_moment_of_a_month_on(bounds: Bounds) -> None:
    caller, own = Caller(organization_id="org", bounds=bounds), Own(500 * USD, 500 * USD)

    with pytest.raises(ApiError, match="on 2026-12-01 at 00:00 UTC"):
        check_spending(caller, CAPPED, StillClock(at=DECEMBER - 0.5))
    check_spending(caller, CAPPED, StillClock(at=DECEMBER))
    with pytest.raises(ApiError, match="on 2027-01-01 at 00:00 UTC"):
        check_spending(caller, CAPPED, StillClock(at=DECEMBER), own)


def test_what_every_reading_knows_of_is_forgotten() -> None:
    clock = StillClock(at=NOVEMBER)
    spending = Spending(clock)

    for _ in range(1_000):
        clock.at += 1
        pending = spending.add([spent("wrkspc_1", "", 1)])
        spending.written(pending)

    assert len(spending._groups) <= 301
    assert spending.of(CALLER, read_at=clock.at - 10).workspace == 10


@pytest.mark.parametrize(
    ("bounds", "own"),
    [
        (Bounds(key_budget=USD, key_spent=USD - 5), Own(workspace=5, key=5)),
        (Bounds(workspace_budget=USD, workspace_spent=USD - 5), Own(workspace=5)),
        (Bounds(workspace_spent=500 * USD - 5), Own(workspace=5)),
    ],
)
def test_what_the_bounds_do_not_know_of_yet_counts_too(bounds: Bounds, own: Own) -> None:
    caller = Caller(organization_id="org", bounds=bounds)
    clock = StillClock()

    check_spending(caller, CAPPED, clock)
    with pytest.raises(ApiError, match="You have reached your"):
        check_spending(caller, CAPPED, clock, own)
