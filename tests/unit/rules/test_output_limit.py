"""How much output may be asked for, and whether it fits the window.

Numbers are the rows of the published error texts; the source stands behind them.
"""

import pytest

from antechamber.rules.output_limit import check_window
from antechamber.wire.errors import InvalidRequest
from tests.unit.rules.requests import (
    Asked,
    Case,
    Fields,
    cases,
    closed,
    facts_of,
    format_of,
    refusal,
    tool,
    words,
)

REFUSED: list[Case] = [
    (
        "17 anthropics/claude-code#11302: above the cap",
        {"model": "claude-sonnet-4-5", "max_tokens": 64_001},
        "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for "
        "claude-sonnet-4-5-20250929",
    ),
    (
        "no output, streamed",
        {"max_tokens": 0, "stream": True},
        "max_tokens: Input should be greater than or equal to 1 when `stream` is true",
    ),
    (
        "no output, in a format",
        {"max_tokens": 0, **format_of(closed())},
        "max_tokens: Input should be greater than or equal to 1 when `output_config.format` is set",
    ),
    (
        "no output, by a forced tool",
        {"max_tokens": 0, "tools": [tool()], "tool_choice": {"type": "any"}},
        "max_tokens: Input should be greater than or equal to 1 when `tool_choice` forces tool use",
    ),
]


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("fields", "expected"), cases(REFUSED))
def test_both_fidelities_refuse_in_the_published_words(fields, expected, fidelity) -> None:
    error = refusal(Asked(fidelity=fidelity), **fields)

    assert words(error) == expected


def test_a_larger_cap_needs_its_beta() -> None:
    """Source: the beta output-128k-2025-02-19 of Claude Sonnet 3.7."""
    facts = facts_of("claude-3-7-sonnet-20250219")
    assert facts.beta_output is not None
    fields: Fields = {"model": facts.id, "max_tokens": facts.beta_output.tokens}

    assert refusal(Asked(), **fields) is not None
    assert refusal(Asked(betas=frozenset({facts.beta_output.beta})), **fields) is None


def test_the_longest_outputs_are_for_batches_alone() -> None:
    """platform.claude.com/docs/en/build-with-claude/batch-processing: output-300k-2026-03-24."""
    beta = frozenset({"output-300k-2026-03-24"})
    fields: Fields = {"model": "claude-opus-5", "max_tokens": 300_000}

    assert refusal(Asked(betas=beta, batch_item=True), **fields) is None
    assert refusal(Asked(betas=beta), **fields) is not None
    assert refusal(Asked(batch_item=True), **fields) is not None


def test_a_model_that_only_the_configuration_knows_has_no_cap() -> None:
    assert refusal(Asked(), model="my-own-model", max_tokens=10_000_000) is None


def test_the_cache_can_be_warmed_up() -> None:
    assert refusal(Asked(), max_tokens=0) is None


def test_row_16_input_beyond_the_window_is_refused() -> None:
    """platform.claude.com/docs context windows; clients compact when they read it."""
    facts = facts_of("claude-sonnet-4-5")

    with pytest.raises(InvalidRequest) as refused:
        check_window(208_310, 1_024, facts, 200_000, "lenient")

    assert words(refused.value) == "prompt is too long: 208310 tokens > 200000 maximum"


def test_row_15_models_before_4_5_want_room_for_the_output() -> None:
    """continuedev/continue#6080; clients parse the numbers and repeat with less."""
    older, newer = facts_of("claude-opus-4-1"), facts_of("claude-sonnet-4-5")

    with pytest.raises(InvalidRequest) as refused:
        check_window(199_759, 8_192, older, 200_000, "hosted")

    assert words(refused.value) == (
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000, "
        "decrease input length or `max_tokens` and try again"
    )
    check_window(199_759, 8_192, older, 200_000, "lenient")
    check_window(199_759, 8_192, newer, 200_000, "hosted")


def test_without_a_known_window_nothing_is_too_long() -> None:
    check_window(10**9, 1, facts_of("my-own-model"), None, "hosted")
