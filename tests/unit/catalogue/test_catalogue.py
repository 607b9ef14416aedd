"""Figures of the catalogue, written down a second time from the published tables."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import pytest
from anthropic.types.model import Model

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import Catalogue, load_catalogue

# id | window in thousands | output | input / output | write 5m / 1h / read, USD per million tokens
LIMITS_AND_PRICES = """
claude-fable-5-2           | 1000 | 128000 | 8 / 40      | 10 / 16 / 0.20
claude-mythos-5-2          | 1000 | 128000 | 8 / 40      | 10 / 16 / 0.20
claude-fable-5-1           | 1000 | 128000 | 10 / 50     | 12.50 / 20 / 0.25
claude-mythos-5-1          | 1000 | 128000 | 10 / 50     | 12.50 / 20 / 0.25
claude-fable-5             | 1000 | 128000 | 10 / 50     | 12.50 / 20 / 1
claude-mythos-5            | 1000 | 128000 | 10 / 50     | 12.50 / 20 / 1
claude-mythos-preview      | 1000 | 128000 | 10 / 50     | 12.50 / 20 / 1
claude-opus-5-5            | 1000 | 128000 | 4 / 20      | 5 / 8 / 0.20
claude-opus-5              | 1000 | 128000 | 5 / 25      | 6.25 / 10 / 0.50
claude-opus-4-8            | 1000 | 128000 | 5 / 25      | 6.25 / 10 / 0.50
claude-opus-4-7            | 1000 | 128000 | 5 / 25      | 6.25 / 10 / 0.50
claude-opus-4-6            | 1000 | 128000 | 5 / 25      | 6.25 / 10 / 0.50
claude-opus-4-5-20251101   | 200  | 64000  | 5 / 25      | 6.25 / 10 / 0.50
claude-opus-4-1-20250805   | 200  | 32000  | 15 / 75     | 18.75 / 30 / 1.50
claude-opus-4-20250514     | 200  | 32000  | 15 / 75     | 18.75 / 30 / 1.50
claude-sonnet-5-5          | 1000 | 128000 | 2 / 10      | 2.50 / 4 / 0.10
claude-sonnet-5            | 1000 | 128000 | 2 / 10      | 2.50 / 4 / 0.20
claude-sonnet-4-6          | 1000 | 128000 | 3 / 15      | 3.75 / 6 / 0.30
claude-sonnet-4-5-20250929 | 200  | 64000  | 3 / 15      | 3.75 / 6 / 0.30
claude-sonnet-4-20250514   | 200  | 64000  | 3 / 15      | 3.75 / 6 / 0.30
claude-3-7-sonnet-20250219 | 200  | 64000  | 3 / 15      | 3.75 / 6 / 0.30
claude-3-5-sonnet-20241022 | 200  | 8192   | 3 / 15      | 3.75 / 6 / 0.30
claude-3-5-sonnet-20240620 | 200  | 8192   | 3 / 15      | 3.75 / 6 / 0.30
claude-3-opus-20240229     | 200  | 4096   | 15 / 75     | 18.75 / 30 / 1.50
claude-3-sonnet-20240229   | 200  | 4096   | 3 / 15      | 3.75 / 6 / 0.30
claude-haiku-5-5           | 1000 | 128000 | 0.10 / 0.50 | 0.125 / 0.20 / 0.01
claude-haiku-4-5-20251001  | 200  | 64000  | 1 / 5       | 1.25 / 2 / 0.10
claude-3-5-haiku-20241022  | 200  | 8192   | 0.80 / 4    | 1 / 1.60 / 0.08
claude-3-haiku-20240307    | 200  | 4096   | 0.25 / 1.25 | 0.30 / 0.50 / 0.03
"""

# id | thinking types, * when it thinks unasked | effort levels / default | cache minimum
#    | long edge of images | system messages inside | lifecycle
THINKING = {"A": "adaptive", "B": "between_tools", "D": "disabled", "E": "enabled"}
EFFORT = {"l": "low", "m": "medium", "h": "high", "x": "xhigh", "M": "max"}
BEHAVIOUR = """
claude-fable-5-2           | A*  | lmhxM/m | 512  | 2576 | yes | active
claude-mythos-5-2          | A*  | lmhxM/m | 512  | 2576 | yes | active
claude-fable-5-1           | A*  | lmhxM/h | 512  | 2576 | yes | active
claude-mythos-5-1          | A*  | lmhxM/h | 512  | 2576 | yes | active
claude-fable-5             | A*  | lmhxM/h | 512  | 2576 | yes | active
claude-mythos-5            | A*  | lmhxM/h | 512  | 2576 | yes | active
claude-mythos-preview      | AE* | lmhxM/h | 2048 | 2576 | no  | deprecated
claude-opus-5-5            | A*  | lmhxM/m | 512  | 2576 | yes | active
claude-opus-5              | AD* | lmhxM/h | 512  | 2576 | yes | active
claude-opus-4-8            | AD  | lmhxM/h | 1024 | 2576 | yes | active
claude-opus-4-7            | AD  | lmhxM/h | 2048 | 2576 | no  | active
claude-opus-4-6            | AED | lmhM/h  | 4096 | 1568 | no  | active
claude-opus-4-5-20251101   | ED  | lmh/h   | 4096 | 1568 | no  | active
claude-opus-4-1-20250805   | ED  |         | 1024 | 1568 | no  | retired
claude-opus-4-20250514     | ED  |         | 1024 | 1568 | no  | retired
claude-sonnet-5-5          | AB* | lmhxM/h | 512  | 2576 | yes | active
claude-sonnet-5            | AD* | lmhxM/h | 1024 | 2576 | no  | active
claude-sonnet-4-6          | AED | lmhM/h  | 1024 | 1568 | no  | active
claude-sonnet-4-5-20250929 | ED  |         | 1024 | 1568 | no  | deprecated
claude-sonnet-4-20250514   | ED  |         | 1024 | 1568 | no  | retired
claude-3-7-sonnet-20250219 | ED  |         | 1024 | 1568 | no  | retired
claude-3-5-sonnet-20241022 | D   |         | 1024 | 1568 | no  | retired
claude-3-5-sonnet-20240620 | D   |         | 1024 | 1568 | no  | retired
claude-3-opus-20240229     | D   |         | 1024 | 1568 | no  | retired
claude-3-sonnet-20240229   | D   |         | 1024 | 1568 | no  | retired
claude-haiku-5-5           | AD* | lmhxM/m | 512  | 2576 | yes | active
claude-haiku-4-5-20251001  | ED  |         | 4096 | 1568 | no  | active
claude-3-5-haiku-20241022  | D   |         | 2048 | 1568 | no  | retired
claude-3-haiku-20240307    | D   |         | 2048 | 1568 | no  | retired
"""

ALIASES = {
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-opus-4-1": "claude-opus-4-1-20250805",
    "claude-opus-4-0": "claude-opus-4-20250514",
    "claude-opus-4": "claude-opus-4-20250514",
    "claude-opus-4-6-20260205": "claude-opus-4-6",
    "claude-opus-4-7-20260416": "claude-opus-4-7",
    "claude-opus-4-7[1m]": "claude-opus-4-7",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-5[1m]": "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-3-7-sonnet-latest": "claude-3-7-sonnet-20250219",
    "claude-3-5-sonnet-latest": "claude-3-5-sonnet-20241022",
    "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022",
    "claude-3-opus-latest": "claude-3-opus-20240229",
}

# Models whose hosted form refuses the thing; every other model takes it.
PREFILL_REFUSED = {
    "claude-opus-4-6", "claude-sonnet-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5",
    "claude-opus-5-5", "claude-sonnet-5", "claude-sonnet-5-5", "claude-haiku-5-5",
    "claude-fable-5", "claude-mythos-5", "claude-fable-5-1", "claude-mythos-5-1",
    "claude-fable-5-2", "claude-mythos-5-2", "claude-mythos-preview",
}  # fmt: skip
BOTH_SAMPLING_REFUSED = {
    "claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001",
    "claude-opus-4-6", "claude-sonnet-4-6",
}  # fmt: skip
SAMPLING_REFUSED = PREFILL_REFUSED - {
    "claude-opus-4-6",
    "claude-sonnet-4-6",
    "claude-mythos-preview",
}
FORCED_TOOL_REFUSED = {
    "claude-fable-5-1", "claude-mythos-5-1", "claude-opus-5-5", "claude-sonnet-5-5",
}  # fmt: skip
OFF_NEEDS_LOWER_EFFORT = {"claude-opus-5", "claude-sonnet-5-5", "claude-haiku-5-5"}
STOPS_AT_WINDOW = PREFILL_REFUSED | BOTH_SAMPLING_REFUSED
KEEPS_THINKING = PREFILL_REFUSED | {"claude-opus-4-5-20251101"}
INTERLEAVES_BY_BETA = {
    "claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-opus-4-1-20250805",
    "claude-opus-4-20250514", "claude-sonnet-4-20250514", "claude-sonnet-4-6",
}  # fmt: skip
FAST = {
    "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-fable-5-2", "claude-mythos-5-2",
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def known(catalogue: Catalogue, name: str) -> ModelFacts:
    facts = catalogue.find(name)
    assert facts is not None, name
    return facts


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def money(cell: str) -> list[Decimal]:
    return [Decimal(part) for part in cell.split("/")]


def test_the_catalogue_holds_exactly_the_published_models(catalogue: Catalogue) -> None:
    published = {row[0] for row in rows(LIMITS_AND_PRICES)}

    assert {facts.id for facts in catalogue.models} == published
    assert {row[0] for row in rows(BEHAVIOUR)} == published


@pytest.mark.parametrize("row", rows(LIMITS_AND_PRICES), ids=lambda row: row[0])
def test_limits_and_prices_are_the_published_ones(catalogue: Catalogue, row: list[str]) -> None:
    model_id, window, output, tokens, cache = row

    facts = known(catalogue, model_id)

    assert facts.id == model_id
    assert facts.window_tokens == int(window) * 1_000
    assert facts.max_output_tokens == int(output)
    prices = facts.prices
    assert prices is not None
    assert [prices.input_usd_per_mtok, prices.output_usd_per_mtok] == money(tokens)
    assert [
        prices.cache_write_5m_usd_per_mtok,
        prices.cache_write_1h_usd_per_mtok,
        prices.cache_read_usd_per_mtok,
    ] == money(cache)


@pytest.mark.parametrize("row", rows(BEHAVIOUR), ids=lambda row: row[0])
def test_behaviour_is_the_published_one(catalogue: Catalogue, row: list[str]) -> None:
    model_id, thinking, effort, cache_minimum, long_edge, system_inside, state = row

    facts = known(catalogue, model_id)

    levels, _, default = effort.partition("/")
    assert set(facts.thinking.types) == {THINKING[letter] for letter in thinking.strip("*")}
    assert facts.thinking.when_absent == ("adaptive" if "*" in thinking else "off")
    assert facts.effort.levels == tuple(EFFORT[letter] for letter in levels)
    assert facts.effort.default == EFFORT.get(default)
    assert facts.cache_minimum_tokens == int(cache_minimum)
    assert facts.image_tier.long_edge_px == int(long_edge)
    assert facts.supports.mid_conversation_system == (system_inside == "yes")
    assert facts.lifecycle.state == state


def test_refusals_are_the_published_ones(catalogue: Catalogue) -> None:
    for facts in catalogue.models:
        refuses = facts.refuses

        assert refuses.prefill == (facts.id in PREFILL_REFUSED), facts.id
        assert refuses.sampling == (facts.id in SAMPLING_REFUSED), facts.id
        assert refuses.temperature_with_top_p == (facts.id in BOTH_SAMPLING_REFUSED), facts.id
        assert refuses.forced_tool_choice == (facts.id in FORCED_TOOL_REFUSED), facts.id
        assert refuses.output_beyond_window == (facts.id not in STOPS_AT_WINDOW), facts.id
        assert refuses.inference_geo == (facts.id not in PREFILL_REFUSED), facts.id
        assert facts.supports.compaction == (facts.id in PREFILL_REFUSED), facts.id


def test_fine_points_of_thinking_are_the_published_ones(catalogue: Catalogue) -> None:
    for facts in catalogue.models:
        thinking = facts.thinking
        efforts = ("xhigh", "max") if facts.id in OFF_NEEDS_LOWER_EFFORT else ()
        omitted = facts.id in PREFILL_REFUSED - {"claude-opus-4-6", "claude-sonnet-4-6"}

        assert thinking.efforts_refused_when_off == efforts, facts.id
        assert thinking.default_display == ("omitted" if omitted else "summarized"), facts.id
        assert thinking.keeps_earlier_turns == (facts.id in KEEPS_THINKING), facts.id
        assert thinking.interleaved_by_beta == (facts.id in INTERLEAVES_BY_BETA), facts.id


def test_fast_mode_is_there_ignored_or_refused_by_model(catalogue: Catalogue) -> None:
    assert {facts.id for facts in catalogue.models if facts.fast_mode == "supported"} == FAST
    assert known(catalogue, "claude-opus-4-6").fast_mode == "ignored"
    assert known(catalogue, "claude-opus-4-7").fast_mode == "refused"


def test_prompts_above_a_threshold_cost_more_on_two_models(catalogue: Catalogue) -> None:
    dear = {
        facts.id: facts.prices.long_prompt
        for facts in catalogue.models
        if facts.prices is not None and facts.prices.long_prompt is not None
    }

    assert set(dear) == {"claude-haiku-5-5", "claude-sonnet-4-5-20250929"}
    haiku, sonnet = dear["claude-haiku-5-5"], dear["claude-sonnet-4-5-20250929"]
    assert (haiku.above_input_tokens, sonnet.above_input_tokens) == (100_000, 200_000)
    assert (haiku.input_usd_per_mtok, haiku.output_usd_per_mtok) == (Decimal("0.5"), Decimal("2.5"))
    assert haiku.cache_write_5m_usd_per_mtok == Decimal("0.625")
    assert haiku.cache_write_1h_usd_per_mtok == Decimal(1)
    assert haiku.cache_read_usd_per_mtok == Decimal("0.05")
    assert (sonnet.input_usd_per_mtok, sonnet.output_usd_per_mtok) == (6, Decimal("22.5"))


def test_betas_raise_the_limits_of_the_models_that_have_them(catalogue: Catalogue) -> None:
    window = {facts.id: facts.beta_window for facts in catalogue.models if facts.beta_window}
    output = {facts.id: facts.beta_output for facts in catalogue.models if facts.beta_output}
    batch = {facts.id for facts in catalogue.models if facts.beta_batch_output}

    assert set(window) == {"claude-sonnet-4-5-20250929", "claude-sonnet-4-20250514"}
    assert {limit.tokens for limit in window.values()} == {1_000_000}
    assert set(output) == {"claude-3-7-sonnet-20250219"}
    assert output["claude-3-7-sonnet-20250219"].tokens == 128_000
    assert batch == {
        "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5",
        "claude-sonnet-4-6", "claude-sonnet-5", "claude-sonnet-5-5", "claude-haiku-5-5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model_id", "deprecated", "retired"),
    [
        ("claude-mythos-preview", None, "2026-06-30"),
        ("claude-sonnet-4-5", "2026-09-30", "2026-11-30"),
        ("claude-opus-4-1", "2026-06-05", "2026-08-05"),
        ("claude-opus-4", "2026-04-14", "2026-06-15"),
        ("claude-sonnet-4-0", "2026-04-14", "2026-06-15"),
        ("claude-3-7-sonnet-20250219", "2025-10-28", "2026-02-19"),
        ("claude-3-5-haiku-20241022", "2025-12-19", "2026-02-19"),
        ("claude-3-5-sonnet-20240620", "2025-08-13", "2025-10-28"),
        ("claude-3-5-sonnet-20241022", "2025-08-13", "2025-10-28"),
        ("claude-3-haiku-20240307", "2026-02-19", "2026-04-20"),
        ("claude-3-opus-20240229", "2025-06-30", "2026-01-05"),
        ("claude-3-sonnet-20240229", None, "2025-07-21"),
    ],
)
def test_dates_of_deprecation_and_retirement_are_the_published_ones(
    catalogue: Catalogue, model_id: str, deprecated: str | None, retired: str
) -> None:
    lifecycle = known(catalogue, model_id).lifecycle

    assert lifecycle.deprecated_at is not None
    assert lifecycle.retires_at == datetime.fromisoformat(retired).replace(tzinfo=UTC)
    if deprecated is not None:
        assert lifecycle.deprecated_at == datetime.fromisoformat(deprecated).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("model_id", "promise"),
    [
        ("claude-fable-5", "2027-06-09"),
        ("claude-opus-5", "2027-07-24"),
        ("claude-opus-4-8", "2027-05-28"),
        ("claude-opus-4-7", "2027-04-16"),
        ("claude-opus-4-6", "2027-02-05"),
        ("claude-opus-4-5", "2026-11-24"),
        ("claude-sonnet-5", "2027-06-30"),
        ("claude-sonnet-4-6", "2027-02-17"),
        ("claude-haiku-4-5", "2026-10-15"),
    ],
)
def test_active_models_carry_the_vendors_promise(
    catalogue: Catalogue, model_id: str, promise: str
) -> None:
    lifecycle = known(catalogue, model_id).lifecycle

    assert lifecycle.not_retired_before == datetime.fromisoformat(promise).replace(tzinfo=UTC)
    assert lifecycle.retires_at is None


@pytest.mark.parametrize(("alias", "model_id"), ALIASES.items())
def test_an_alias_leads_to_its_canonical_id(
    catalogue: Catalogue, alias: str, model_id: str
) -> None:
    assert known(catalogue, alias).id == model_id
    assert catalogue.canonical(alias) == model_id


def test_every_id_of_the_newest_sdk_is_known(catalogue: Catalogue) -> None:
    listed = get_args(get_args(Model)[0])

    assert len(listed) >= 22
    assert [name for name in listed if catalogue.find(name) is None] == []


@pytest.mark.parametrize(
    "name", ["gpt-4o", "", "[1m]", "claude", "claude-opus-4-7[2m]", "CLAUDE-OPUS-5"]
)
def test_a_name_that_nobody_has_is_not_found_and_stays_itself(
    catalogue: Catalogue, name: str
) -> None:
    assert catalogue.find(name) is None
    assert catalogue.canonical(name) == name


def test_models_are_listed_newest_first(catalogue: Catalogue) -> None:
    released = [facts.created_at for facts in catalogue.models]

    assert released == sorted(released, reverse=True)
    assert all(moment.tzinfo is UTC for moment in released)
    assert catalogue.models[0].id == "claude-fable-5-2"


def test_an_unlisted_model_allows_everything_and_promises_nothing() -> None:
    facts = ModelFacts.unlisted("my-own/model")

    assert (facts.id, facts.display_name, facts.line) == ("my-own/model", "my-own/model", None)
    assert facts.created_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert (facts.window_tokens, facts.max_output_tokens, facts.prices) == (None, None, None)
    assert set(facts.thinking.types) == {"enabled", "adaptive", "disabled", "between_tools"}
    assert facts.thinking.supported
    assert not facts.thinking.always_on
    assert facts.thinking.when_absent == "off"
    assert facts.effort.levels == ("low", "medium", "high", "xhigh", "max")
    assert facts.refuses == type(facts.refuses)()
    assert facts.supports.image_input
    assert facts.supports.mid_conversation_system
    assert facts.lifecycle.state == "active"
