"""Who may go now: what is taken, what the headers say, how a refusal is worded."""

from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import load_catalogue
from antechamber.catalogue.tiers import load_tiers
from antechamber.http.asgi import headers_of
from antechamber.limits.base import Keeper
from antechamber.limits.local import LocalKeeper
from antechamber.limits.valkey import ValkeyKeeper
from antechamber.operations.allowance.rate_limits import Admission, RateLimits
from antechamber.operations.allowance.tiers import tiers_in_force
from antechamber.operations.callers.caller import Bounds, Caller
from antechamber.runtime.background import Background
from antechamber.settings import load_settings
from antechamber.wire.errors import RateLimited
from tests.unit.operations.stage import StillClock
from tests.valkey import needs_valkey, running_valkey

CATALOGUE = load_catalogue()
ORGANIZATION = "6f2a5a0e-9d3b-4c1e-8f47-2b7c1d90a3e5"
CALLER = Caller(organization_id=ORGANIZATION)
USD = 10**9
NOW = 1_795_000_000.0
OWN = """
[limits]
tier = "own"
[[tiers]]
name = "own"
count_tokens_per_minute = 2
batches_per_minute = 2
enqueued_batch_requests = 7
files_per_minute = 1
[[tiers.classes]]
name = "*"
requests_per_minute = 3
input_tokens_per_minute = 60_000
output_tokens_per_minute = 6_000
"""


class Limited:
    """The limits of a configuration, on a clock that the test moves."""

    def __init__(self, folder: Path, toml: str, keeper: Keeper | None = None) -> None:
        config = folder / "antechamber.toml"
        config.write_text(toml, encoding="utf-8")
        settings = load_settings(config=config, data_dir=folder, environ={})
        tiers = tiers_in_force(settings, load_tiers(), CATALOGUE)
        self.clock = StillClock(at=NOW)
        self.limits = RateLimits(settings, tiers, keeper or LocalKeeper(self.clock), self.clock)

    async def admit(
        self,
        tokens: int = 0,
        *,
        caller: Caller = CALLER,
        model: str = "claude-opus-5",
        counts: bool = False,
        may_be_cached: bool = False,
    ) -> Admission:
        facts = CATALOGUE.find(model) or ModelFacts.unlisted(model)
        return await self.limits.admit(
            caller,
            facts,
            estimated_input_tokens=tokens,
            counts_tokens=counts,
            may_be_cached=may_be_cached,
        )

    async def refusal(
        self,
        tokens: int = 0,
        *,
        caller: Caller = CALLER,
        model: str = "claude-opus-5",
        may_be_cached: bool = False,
    ) -> RateLimited:
        with pytest.raises(RateLimited) as refused:
            await self.admit(tokens, caller=caller, model=model, may_be_cached=may_be_cached)
        return refused.value

    async def remaining(self, kind: str, *, caller: Caller = CALLER, model: str) -> int:
        """Return what a further request is told."""
        admission = await self.admit(caller=caller, model=model)
        return int(headers(admission)[f"{kind}-remaining"])


def headers(admission: Admission) -> dict[str, str]:
    return {
        name.decode().removeprefix("anthropic-ratelimit-"): value.decode()
        for name, value in headers_of(admission.lines())
    }


async def test_without_a_tier_nothing_is_limited_and_nothing_told(tmp_path: Path) -> None:
    free = Limited(tmp_path, "")

    admission = await free.admit(10**9)

    assert admission is await free.admit(10**9)
    assert admission.lines() == b""
    admission.settle_input(1)
    admission.settle(1, 1)


async def test_every_answer_tells_how_the_limits_stand(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)

    told = headers(await limited.admit(12_345))

    # The clock stands at 2026-11-18T11:06:40Z; a third of the requests is back in 20 seconds.
    assert told == {
        "requests-limit": "3",
        "requests-remaining": "2",
        "requests-reset": "2026-11-18T11:07:00Z",
        "input-tokens-limit": "60000",
        "input-tokens-remaining": "48000",
        "input-tokens-reset": "2026-11-18T11:06:53Z",
        "output-tokens-limit": "6000",
        "output-tokens-remaining": "6000",
        "output-tokens-reset": "2026-11-18T11:06:40Z",
        "tokens-limit": "66000",
        "tokens-remaining": "54000",
        "tokens-reset": "2026-11-18T11:06:53Z",
    }


async def test_tokens_are_told_exactly_where_that_is_wanted(tmp_path: Path) -> None:
    limited = Limited(tmp_path, '[limits]\ntier = "tier1"\nexact_headers = true')

    told = headers(await limited.admit(500))

    assert told["requests-remaining"] == "49"
    assert told["input-tokens-remaining"] == "49500"
    assert told["tokens-remaining"] == "59500"


async def test_a_refusal_has_the_hosted_words_a_pause_and_the_headers(tmp_path: Path) -> None:
    """T44: a 429 says when to come back."""
    limited = Limited(tmp_path, OWN)
    for _ in range(3):
        await limited.admit()

    refusal = await limited.refusal()

    assert refusal.message == (
        "This request would exceed your organization's rate limit of 3 requests per minute "
        f"(org: {ORGANIZATION}, model: claude-opus-5). For details, refer to: "
        "https://docs.claude.com/en/api/rate-limits. You can see the response headers for current "
        "usage. Please reduce the prompt length or the maximum tokens requested, or try again "
        "later. You may also contact sales at https://claude.com/contact-sales to discuss your "
        "options for a rate limit increase."
    )
    assert refusal.retry_after_s == 20
    assert (b"anthropic-ratelimit-requests-remaining", b"0") in headers_of(refusal.lines)
    assert len(headers_of(refusal.lines)) == 12
    limited.clock.at += 20
    await limited.admit()


async def test_too_much_input_is_refused_and_takes_no_request(tmp_path: Path) -> None:
    """T44: a 429 says when to come back."""
    limited = Limited(tmp_path, OWN)
    await limited.admit(50_000)

    refusal = await limited.refusal(20_500)

    assert "rate limit of 60,000 input tokens per minute" in refusal.message
    assert refusal.retry_after_s == 11
    assert (b"anthropic-ratelimit-requests-remaining", b"2") in headers_of(refusal.lines)


async def test_a_prompt_that_no_minute_holds_is_refused_for_good(tmp_path: Path) -> None:
    """T44: a 429 says when to come back, or that it is of no use."""
    limited = Limited(tmp_path, OWN)

    refusal = await limited.refusal(60_001)

    assert (refusal.retry_after_s, refusal.is_final) == (1, True)
    await limited.admit(60_000)
    assert not (await limited.refusal(60_000)).is_final


async def test_output_counts_when_it_has_been_produced(tmp_path: Path) -> None:
    """T44: a 429 says when to come back."""
    limited = Limited(tmp_path, OWN)
    first, second = await limited.admit(), await limited.admit()

    first.settle(0, 5_000)
    second.settle(0, 2_000)
    refusal = await limited.refusal()

    assert "rate limit of 6,000 output tokens per minute" in refusal.message
    assert refusal.retry_after_s == 11
    assert (b"anthropic-ratelimit-output-tokens-remaining", b"0") in headers_of(refusal.lines)


async def test_the_true_count_takes_the_place_of_the_estimate_once(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    admission = await limited.admit(30_000)

    admission.settle(10_000, 100)
    admission.settle(10_000, 100)
    admission.settle_input(20_000)

    assert await limited.remaining("input-tokens", model="claude-opus-5") == 50_000


async def test_what_has_refilled_meanwhile_is_not_given_back_again(tmp_path: Path) -> None:
    """Others have used it: a slow request that was estimated too high must not undo that."""
    limited = Limited(tmp_path, OWN)
    slow = await limited.admit(60_000)
    limited.clock.at += 60
    await limited.admit(59_000)

    slow.settle(10, 0)

    assert await limited.remaining("input-tokens", model="claude-opus-5") == 1_000


async def test_what_has_not_refilled_yet_is_given_back(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    slow = await limited.admit(60_000)
    limited.clock.at += 30

    slow.settle(10_000, 0)

    assert await limited.remaining("input-tokens", model="claude-opus-5") == 60_000


async def test_what_was_estimated_too_low_counts_however_long_it_took(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    slow = await limited.admit(1_000)
    limited.clock.at += 60

    slow.settle(21_000, 0)

    assert await limited.remaining("input-tokens", model="claude-opus-5") == 40_000


@needs_valkey
async def test_input_goes_back_to_where_it_was_taken_and_output_counts_where_requests_do(
    tmp_path: Path,
) -> None:
    """Of what a request took alone the servers together have nothing to give back."""
    toml = OWN.replace("requests_per_minute = 3", "requests_per_minute = 30")
    background, clock = Background(), StillClock(at=NOW)
    with running_valkey() as server:
        keepers = [ValkeyKeeper(server.url, clock, background) for _ in range(2)]
        here, there = (Limited(tmp_path, toml, keeper) for keeper in keepers)
        server.hang()
        alone = await here.admit(50_000)
        server.go_on()
        clock.at += 2.0
        await there.admit(60_000)
        await here.admit()

        alone.settle_input(1_000)
        await here.admit()  # what is settled goes with it
        without_input = await there.refusal(30_000)
        alone.settle(1_000, 8_000)
        without_output = [await here.refusal(), await there.refusal()]
        await background.aclose()
        for keeper in keepers:
            await keeper.aclose()

    assert "60,000 input tokens" in without_input.message
    assert all("6,000 output tokens" in refusal.message for refusal in without_output)


async def test_the_input_can_be_settled_early_and_corrected_at_the_end(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    admission = await limited.admit(60_000)

    admission.settle_input(10_000)
    early = await limited.remaining("input-tokens", model="claude-opus-5")
    admission.settle(11_000, 0)

    assert early == 50_000
    assert await limited.remaining("input-tokens", model="claude-opus-5") == 49_000


async def test_a_long_conversation_that_may_be_cached_is_let_in_while_anything_is_left(
    tmp_path: Path,
) -> None:
    """What is read from the cache does not count, so it may be longer than a minute's tokens."""
    limited = Limited(tmp_path, OWN)

    await limited.admit(20_000)
    warm = await limited.admit(150_000, may_be_cached=True)
    refusal = await limited.refusal(150_000, may_be_cached=True)
    warm.settle(500, 0, cache_read_tokens=149_500)

    assert headers(warm)["input-tokens-remaining"] == "0"
    assert (refusal.retry_after_s, refusal.is_final) == (1, False)
    assert await limited.remaining("input-tokens", model="claude-opus-5") == 40_000


async def test_a_rough_estimate_is_no_reason_to_refuse(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    facts = CATALOGUE.find("claude-opus-5")
    assert facts is not None

    admission = await limited.limits.admit(
        CALLER, facts, estimated_input_tokens=1_000_000, is_rough=True
    )
    admission.settle(2_000, 10)

    assert await limited.remaining("input-tokens", model="claude-opus-5") == 58_000


async def test_where_reads_of_the_cache_count_they_have_to_be_there(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)

    refusal = await limited.refusal(60_001, model="claude-3-5-haiku-20241022", may_be_cached=True)

    assert refusal.is_final


async def test_installations_that_share_a_server_do_not_feel_each_other(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    other = Caller(organization_id="0b0c7f3e-51a4-4d57-9f0e-6a1c2d3e4f50")

    await limited.admit(10_000)

    assert await limited.remaining("input-tokens", caller=other, model="claude-opus-5") == 60_000


@pytest.mark.parametrize(
    ("model", "left"), [("claude-opus-5", 59_000), ("claude-3-5-haiku-20241022", 49_000)]
)
async def test_reads_of_the_cache_count_on_one_model_only(
    model: str, left: int, tmp_path: Path
) -> None:
    limited = Limited(tmp_path, OWN)

    (await limited.admit(11_000, model=model)).settle(1_000, 0, cache_read_tokens=10_000)

    assert await limited.remaining("input-tokens", model=model) == left


async def test_models_are_limited_separately_and_those_of_a_class_together(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)

    await limited.admit(10_000, model="claude-opus-4-7")
    await limited.admit(10_000, model="claude-opus-4-8")
    await limited.admit(1_000, model="claude-opus-5")

    assert await limited.remaining("input-tokens", model="claude-opus-4-6") == 40_000
    assert await limited.remaining("input-tokens", model="claude-opus-5") == 59_000


async def test_workspaces_do_not_feel_each_other(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    other = Caller(organization_id=ORGANIZATION, workspace_id="wrkspc_2")

    for _ in range(3):
        await limited.admit()

    await limited.refusal()
    await limited.admit(caller=other)


async def test_a_key_has_its_own_tier_within_that_of_its_workspace(tmp_path: Path) -> None:
    more = '[[tiers]]\nname = "narrow"\n[[tiers.classes]]\nname = "*"\nrequests_per_minute = 2\n'
    limited = Limited(tmp_path, OWN + more)
    bound = Caller(
        organization_id=ORGANIZATION, key_id="key_1", budget_id="key_1", key_tier="narrow"
    )

    first = await limited.admit(caller=bound)
    await limited.admit(caller=bound)
    refusal = await limited.refusal(caller=bound)
    await limited.admit()

    assert headers(first)["requests-limit"] == "2"
    assert headers(first)["input-tokens-limit"] == "60000"
    assert "rate limit of 2 requests per minute" in refusal.message
    assert "rate limit of 3 requests per minute" in (await limited.refusal()).message


async def test_keys_with_one_budget_have_one_bucket(tmp_path: Path) -> None:
    """One of them has taken the other's place, and both open until it is revoked."""
    narrow = '[[tiers]]\nname = "narrow"\n[[tiers.classes]]\nname = "*"\nrequests_per_minute = 2\n'
    limited = Limited(tmp_path, narrow)
    old, new, another = (
        Caller(organization_id=ORGANIZATION, key_id=key_id, budget_id=budget_id, key_tier="narrow")
        for key_id, budget_id in (("key_1", "key_1"), ("key_2", "key_1"), ("key_3", "key_3"))
    )

    await limited.admit(caller=old)
    await limited.admit(caller=new)

    await limited.refusal(caller=old)
    await limited.refusal(caller=new)
    await limited.admit(caller=another)


async def test_a_workspace_has_its_own_tier(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    large = Caller(organization_id=ORGANIZATION, workspace_id="large", workspace_tier="scale")

    assert headers(await limited.admit(caller=large))["requests-limit"] == "10000"


@pytest.mark.parametrize(
    ("spent", "requests"),
    [(0, 50), (40 * USD - 1, 50), (40 * USD, 1_000), (250 * USD, 2_000), (4_000 * USD, 4_000)],
)
async def test_who_has_spent_enough_in_a_month_is_promoted(
    spent: int, requests: int, tmp_path: Path
) -> None:
    promotion = '[limits]\npromotion = ["tier1", "tier2", "tier3", "tier4"]'
    limited = Limited(tmp_path, promotion)
    caller = msgspec.structs.replace(CALLER, bounds=Bounds(workspace_spent=spent))

    assert headers(await limited.admit(caller=caller))["requests-limit"] == str(requests)


async def test_a_tier_that_is_gone_is_told_once_and_the_usual_one_holds(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)
    caller = msgspec.structs.replace(CALLER, workspace_tier="gone")

    with capture_logs() as log:
        told = headers(await limited.admit(caller=caller))
        await limited.admit(caller=caller)

    assert told["requests-limit"] == "3"
    assert log == [{"event": "tier_unknown", "tier": "gone", "log_level": "warning"}]


async def test_counting_tokens_has_a_limit_of_its_own(tmp_path: Path) -> None:
    """T44: a 429 says when to come back."""
    limited = Limited(tmp_path, OWN)

    first = await limited.admit(10**9, counts=True)
    await limited.admit(10**9, model="claude-haiku-4-5", counts=True)
    with pytest.raises(RateLimited, match="rate limit of 2 requests per minute") as refused:
        await limited.admit(counts=True)

    assert refused.value.retry_after_s == 30
    assert headers(first)["requests-remaining"] == "1"
    assert "input-tokens-limit" not in headers(first)
    assert await limited.remaining("requests", model="claude-opus-5") == 2


async def test_batches_and_files_have_limits_of_their_own(tmp_path: Path) -> None:
    limited = Limited(tmp_path, OWN)

    first = await limited.limits.admit_to("batches", CALLER)
    await limited.limits.admit_to("batches", CALLER)
    with pytest.raises(
        RateLimited, match=f"2 requests per minute \\(org: {ORGANIZATION}\\)"
    ) as full:
        await limited.limits.admit_to("batches", CALLER)
    other = await limited.limits.admit_to("files", CALLER)

    assert full.value.retry_after_s == 30
    assert (b"anthropic-ratelimit-requests-remaining", b"1") in headers_of(first)
    assert (b"anthropic-ratelimit-requests-limit", b"1") in headers_of(other)
    assert await limited.remaining("requests", model="claude-opus-5") == 2
    assert limited.limits.most_enqueued(CALLER) == 7


async def test_without_a_tier_batches_and_files_are_not_limited(tmp_path: Path) -> None:
    free = Limited(tmp_path, "")

    assert await free.limits.admit_to("files", CALLER) == b""
    assert free.limits.most_enqueued(CALLER) is None


async def test_what_a_tier_does_not_say_is_not_limited(tmp_path: Path) -> None:
    only_output = (
        '[limits]\ntier = "own"\n[[tiers]]\nname = "own"\n[[tiers.classes]]\n'
        'name = "claude-opus-5"\noutput_tokens_per_minute = 1_000\n'
    )
    limited = Limited(tmp_path, only_output)

    told = headers(await limited.admit(10**9))
    free = await limited.admit(10**9, model="claude-haiku-4-5")

    assert {name for name in told if name.endswith("-limit")} == {
        "output-tokens-limit",
        "tokens-limit",
    }
    assert free.lines() == b""


async def test_invented_models_do_not_fill_the_memory(tmp_path: Path) -> None:
    limited = Limited(tmp_path, '[limits]\ntier = "scale"')

    for number in range(5_000):
        await limited.admit(model=f"invented-{number}")

    assert len(limited.limits._plans) < 5_000
    assert await limited.remaining("requests", model="invented-x") == 4_999
