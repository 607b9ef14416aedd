"""The tiers that ship with the package."""

import pytest

from antechamber.catalogue.reader import load_catalogue
from antechamber.catalogue.tiers import Tier, TierClass, load_tiers

BOOK = load_tiers()
CATALOGUE = load_catalogue()


def figures(tier: str, model: str) -> tuple[int | None, ...]:
    name = CATALOGUE.canonical(model)
    row = BOOK.tiers[tier].limits_of(BOOK.class_of.get(name, name))
    assert row is not None
    return (row.requests_per_minute, row.input_tokens_per_minute, row.output_tokens_per_minute)


@pytest.mark.parametrize(
    ("model", "start", "build", "scale"),
    [
        (
            "claude-fable-5",
            (1_000, 500_000, 100_000),
            (2_000, 1_500_000, 300_000),
            (4_000, 4_000_000, 800_000),
        ),
        *(
            (
                model,
                (1_000, 2_000_000, 400_000),
                (5_000, 5_000_000, 1_000_000),
                (10_000, 10_000_000, 2_000_000),
            )
            for model in (
                "claude-opus-5",
                "claude-opus-4-8",
                "claude-opus-4-5",
                "claude-sonnet-5",
                "claude-sonnet-4-6",
                "claude-haiku-4-5",
                "a-model-of-ones-own",
            )
        ),
        (
            "claude-3-5-haiku-latest",
            (1_000, 100_000, 20_000),
            (2_000, 200_000, 40_000),
            (4_000, 400_000, 80_000),
        ),
    ],
)
def test_the_hosted_tiers(model: str, start: object, build: object, scale: object) -> None:
    """Source: platform.claude.com/docs/en/api/rate-limits, August 2026."""
    assert figures("start", model) == start
    assert figures("build", model) == build
    assert figures("scale", model) == scale


def test_what_the_hosted_tiers_allow_beside_messages() -> None:
    tiers = [BOOK.tiers[name] for name in ("start", "build", "scale")]

    assert [tier.monthly_cap_usd for tier in tiers] == [500, 1_000, 200_000]
    assert [tier.count_tokens_per_minute for tier in tiers] == [2_000, 4_000, 8_000]
    assert [tier.batches_per_minute for tier in tiers] == [1_000, 2_000, 4_000]
    assert [tier.enqueued_batch_requests for tier in tiers] == [200_000, 300_000, 500_000]
    assert [tier.files_per_minute for tier in tiers] == [500, 500, 500]
    assert tiers[0].cap_nano_usd == 500 * 10**9


@pytest.mark.parametrize(
    ("name", "from_usd", "limits"),
    [
        ("tier1", 0, (50, 50_000, 10_000)),
        ("tier2", 40, (1_000, 100_000, 20_000)),
        ("tier3", 200, (2_000, 200_000, 40_000)),
        ("tier4", 400, (4_000, 400_000, 80_000)),
    ],
)
def test_the_tiers_by_spend(name: str, from_usd: int, limits: object) -> None:
    assert BOOK.tiers[name].from_usd == from_usd
    assert figures(name, "claude-opus-4-7") == limits
    assert figures(name, "claude-haiku-4-5") == limits


def test_some_models_share_their_limits_and_all_are_models_of_the_catalogue() -> None:
    named = {*BOOK.class_of, *BOOK.counts_cache_reads}

    assert len({BOOK.class_of[f"claude-opus-4-{minor}"] for minor in (6, 7, 8)}) == 1
    assert "claude-opus-4-1-20250805" not in BOOK.class_of
    assert named <= {facts.id for facts in CATALOGUE.models}
    # A class that is called like a model would be taken for it.
    assert not set(BOOK.class_of.values()) & set(CATALOGUE.by_name)


def test_what_fits_exactly_counts_before_what_begins_alike() -> None:
    rows = [TierClass(name=name) for name in ("*", "claude-*", "claude-opus-*", "claude-opus-5")]
    tier = Tier(name="own", classes=tuple(rows))

    assert tier.limits_of("claude-opus-5") is rows[3]
    assert tier.limits_of("claude-opus-5-5") is rows[2]
    assert tier.limits_of("claude-haiku-5") is rows[1]
    assert tier.limits_of("gpt") is rows[0]
    assert Tier(name="none").limits_of("gpt") is None
