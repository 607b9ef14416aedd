"""Golden prices for every kind of token, and what they are multiplied with (PITFALLS T35).

Prices are dollars per million tokens, so a token at 3 USD costs 3,000 nano-dollars.
Source: platform.claude.com/docs/en/about-claude/pricing and …/build-with-claude/prompt-caching.
"""

from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from antechamber.catalogue.facts import ModelFacts, Prices
from antechamber.catalogue.pricing import Tariff
from antechamber.catalogue.reader import load_catalogue
from antechamber.operations.bookkeeping.records import Counts

CATALOGUE = load_catalogue()

# A model for each price table | nano-dollars for one token of: input | write for 5 minutes |
# write for an hour | read | output
GOLDEN = """
claude-fable-5-2           |  8000 | 10000 | 16000 |  200 | 40000
claude-fable-5-1           | 10000 | 12500 | 20000 |  250 | 50000
claude-fable-5             | 10000 | 12500 | 20000 | 1000 | 50000
claude-opus-5-5            |  4000 |  5000 |  8000 |  200 | 20000
claude-opus-5              |  5000 |  6250 | 10000 |  500 | 25000
claude-opus-4-1            | 15000 | 18750 | 30000 | 1500 | 75000
claude-sonnet-5-5          |  2000 |  2500 |  4000 |  100 | 10000
claude-sonnet-5            |  2000 |  2500 |  4000 |  200 | 10000
claude-sonnet-4-6          |  3000 |  3750 |  6000 |  300 | 15000
claude-sonnet-4-5          |  3000 |  3750 |  6000 |  300 | 15000
claude-haiku-5-5           |   100 |   125 |   200 |   10 |   500
claude-haiku-4-5           |  1000 |  1250 |  2000 |  100 |  5000
claude-3-5-haiku-20241022  |   800 |  1000 |  1600 |   80 |  4000
claude-3-haiku-20240307    |   250 |   300 |   500 |   30 |  1250
"""
KINDS: tuple[str, ...] = (
    "input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
)
ROWS = [[cell.strip() for cell in line.split("|")] for line in GOLDEN.strip().splitlines()]


def tokens(count: int, kind: str) -> Counts:
    return replace(Counts(), **{kind: count})


def known(name: str) -> ModelFacts:
    facts = CATALOGUE.find(name)
    assert facts is not None
    return facts


def cost(name: str, used: Counts) -> int:
    facts = known(name)
    assert facts.prices is not None
    return sum(Tariff(facts.prices, facts).cost(used))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_one_token_of_each_kind_costs_what_is_published(row: list[str], kind: str) -> None:
    name, *golden = row
    nano_usd = dict(zip(KINDS, map(int, golden), strict=True))[kind]

    assert cost(name, tokens(1, kind)) == nano_usd
    assert cost(name, tokens(90_000, kind)) == 90_000 * nano_usd


def test_every_price_table_of_the_catalogue_has_its_golden_row() -> None:
    priced = [known(row[0]).prices for row in ROWS]

    assert [facts.id for facts in CATALOGUE.models if facts.prices not in priced] == []


def test_cached_tokens_are_priced_by_their_kind_and_not_as_input() -> None:
    """PITFALLS T35: 5 minutes, an hour, a read and a batch each have their own price."""
    everything = Counts(
        input_tokens=1_000,
        cache_write_5m_tokens=2_000,
        cache_write_1h_tokens=3_000,
        cache_read_tokens=100_000,
        output_tokens=500,
    )

    # 3 + 7.5 + 18 + 30 + 7.5 thousandths of a dollar
    assert cost("claude-sonnet-4-6", everything) == 66_000_000
    assert cost("claude-sonnet-4-6", replace(everything, service_tier="batch")) == 33_000_000


# claude-opus-5-5: 1,000 tokens in, 1,000 out are 24 thousandths of a dollar.
@pytest.mark.parametrize(
    ("tier", "geo", "speed", "nano_usd"),
    [
        ("standard", None, None, 24_000_000),
        ("standard", "global", "standard", 24_000_000),
        ("batch", None, None, 12_000_000),
        ("priority", None, None, 36_000_000),
        ("standard", "us", None, 26_400_000),
        ("standard", None, "fast", 48_000_000),
        ("batch", "us", None, 13_200_000),
        ("priority", "us", None, 39_600_000),
        ("standard", "us", "fast", 52_800_000),
        ("priority", "us", "fast", 79_200_000),
    ],
)
def test_modifiers_are_multiplied(
    tier: Literal["standard", "priority", "batch"],
    geo: str | None,
    speed: str | None,
    nano_usd: int,
) -> None:
    used = Counts(input_tokens=1_000, output_tokens=1_000)

    modified = replace(used, service_tier=tier, inference_geo=geo, speed=speed)

    assert cost("claude-opus-5-5", modified) == nano_usd


def test_modifiers_hold_for_tokens_of_the_cache_too() -> None:
    used = Counts(cache_write_1h_tokens=1_000, cache_read_tokens=1_000, service_tier="batch")

    assert cost("claude-opus-5-5", replace(used, inference_geo="us")) == 4_510_000


@pytest.mark.parametrize("name", ["claude-opus-4-5", "claude-haiku-4-5", "claude-opus-4-1"])
def test_models_before_4_6_cost_the_same_everywhere(name: str) -> None:
    used = Counts(input_tokens=1_000)

    assert cost(name, replace(used, inference_geo="us")) == cost(name, used)


@pytest.mark.parametrize("name", ["claude-opus-4-6", "claude-sonnet-4-6", "claude-mythos-preview"])
def test_models_from_4_6_on_cost_a_tenth_more_in_the_us(name: str) -> None:
    used = Counts(input_tokens=1_000)

    assert 10 * cost(name, replace(used, inference_geo="us")) == 11 * cost(name, used)


@pytest.mark.parametrize("name", ["claude-opus-4-6", "claude-opus-4-7", "claude-sonnet-5-5"])
def test_models_without_fast_mode_have_no_price_for_it(name: str) -> None:
    used = Counts(input_tokens=1_000)

    assert cost(name, replace(used, speed="fast")) == cost(name, used)


def test_a_model_of_which_nothing_else_is_known_has_the_discount_of_batches_alone() -> None:
    prices = known("claude-opus-5-5").prices
    assert prices is not None
    used = Counts(input_tokens=1_000, inference_geo="us", speed="fast", service_tier="batch")

    assert sum(Tariff(prices).cost(used)) == 2_000_000


# id, threshold, nano-dollars for one token of each kind beyond it
LONG = [
    ("claude-haiku-5-5", 100_000, [500, 625, 1000, 50, 2500]),
    ("claude-sonnet-4-5", 200_000, [6000, 7500, 12000, 600, 22500]),
]


@pytest.mark.parametrize(("name", "threshold", "golden"), LONG)
def test_a_prompt_above_the_threshold_has_the_whole_request_cost_more(
    name: str, threshold: int, golden: list[int]
) -> None:
    fitting = Counts(input_tokens=threshold, output_tokens=10)

    longer = replace(fitting, input_tokens=threshold + 1)

    assert cost(name, longer) == (threshold + 1) * golden[0] + 10 * golden[-1]
    assert cost(name, fitting) < cost(name, longer) / 1.9


@pytest.mark.parametrize("kind", KINDS[1:4])
@pytest.mark.parametrize(("name", "threshold", "golden"), LONG)
def test_tokens_of_the_cache_belong_to_the_prompt(
    name: str, threshold: int, golden: list[int], kind: str
) -> None:
    used = replace(tokens(threshold, kind), input_tokens=1, output_tokens=10)

    assert cost(name, used) == (threshold * golden[KINDS.index(kind)] + golden[0] + 10 * golden[-1])


def test_a_long_answer_does_not_make_a_prompt_long() -> None:
    used = Counts(input_tokens=100_000, output_tokens=100_000)

    assert cost("claude-haiku-5-5", used) == 100_000 * 100 + 100_000 * 500


def test_a_thousand_web_searches_cost_ten_dollars_whatever_the_modifiers() -> None:
    used = Counts(service_tier="batch", inference_geo="us")

    assert cost("claude-sonnet-5-5", replace(used, web_searches=1_000)) == 10_000_000_000
    assert cost("claude-3-opus-20240229", Counts(web_searches=1)) == 10_000_000


def test_the_published_examples_come_out() -> None:
    # The pricing page's session of an agent on Opus at 5 / 25, without its 0.08 USD for the hour:
    # 0.25 + 0.375 USD; with 40,000 of the tokens from the cache 0.05 + 0.02 + 0.375 USD.
    plain = Counts(input_tokens=50_000, output_tokens=15_000)
    cached = Counts(input_tokens=10_000, cache_read_tokens=40_000, output_tokens=15_000)

    assert cost("claude-opus-4-7", plain) == 625_000_000
    assert cost("claude-opus-4-7", cached) == 445_000_000


@pytest.mark.parametrize(
    ("usd_per_mtok", "nano_usd"),
    [("0.0005", 0), ("0.0015", 2), ("0.0025", 2), ("0.0026", 3), ("0.0024", 2)],
)
def test_half_a_nano_dollar_goes_to_the_even_one(usd_per_mtok: str, nano_usd: int) -> None:
    rate, nothing = Decimal(usd_per_mtok), Decimal(0)
    prices = Prices(
        input_usd_per_mtok=rate,
        output_usd_per_mtok=nothing,
        cache_write_5m_usd_per_mtok=nothing,
        cache_write_1h_usd_per_mtok=nothing,
        cache_read_usd_per_mtok=nothing,
    )

    assert sum(Tariff(prices).cost(Counts(input_tokens=1))) == nano_usd


def test_rounding_happens_once_for_the_whole_request() -> None:
    # Halves of 125, 10 and 500: rounded each by itself they would be 317.
    used = Counts(
        cache_write_5m_tokens=1, cache_read_tokens=1, output_tokens=1, service_tier="batch"
    )

    assert cost("claude-haiku-5-5", used) == 318  # 317.5
    assert cost("claude-haiku-5-5", replace(used, inference_geo="us")) == 349  # 349.25


def test_a_request_without_tokens_costs_nothing() -> None:
    assert cost("claude-opus-5", Counts()) == 0


@given(
    st.lists(st.integers(0, 3_000_000), min_size=5, max_size=5),
    st.lists(st.decimals("0", "80", places=6), min_size=5, max_size=5),
    st.sampled_from(("standard", "priority", "batch")),
)
def test_what_the_kinds_cost_is_neither_more_nor_less_than_the_whole(
    counts: list[int], rates: list[Decimal], tier: Literal["standard", "priority", "batch"]
) -> None:
    named = (f"{kind.removesuffix('_tokens')}_usd_per_mtok" for kind in KINDS)
    by_name: dict[str, Any] = dict(zip(named, rates, strict=True))
    prices = Prices(**by_name)
    used = replace(Counts(service_tier=tier), **dict(zip(KINDS, counts, strict=True)))
    times = {"standard": Decimal(1), "priority": Decimal("1.5"), "batch": Decimal("0.5")}[tier]

    found = Tariff(prices).cost(used)

    exact = [count * rate * 1_000 * times for count, rate in zip(counts, rates, strict=True)]
    assert sum(found) == round(sum(exact))
    assert all(abs(told - true) <= 1 for told, true in zip(found[:5], exact, strict=True))
    assert [told for told, count in zip(found[:5], counts, strict=True) if not count and told] == []
