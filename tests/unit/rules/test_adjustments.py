"""What is rewritten for an upstream's model, row by row of the catalogue."""

import json
from typing import Any

import pytest

from antechamber.catalogue.facts import ModelFacts
from antechamber.rules.adjustments import adjustments, without_its_thoughts
from antechamber.rules.check import check_message
from antechamber.wire.parse import parse_message_request
from antechamber.wire.splice import with_fields
from tests.unit.rules.requests import (
    CATALOGUE,
    Asked,
    Fields,
    assistant,
    body_of,
    call,
    closed,
    context_of,
    facts_of,
    format_of,
    parse,
    parse_count,
    result,
    thought,
    tool,
    user,
)

NEWEST, ADAPTIVE_OR_NOT = "claude-opus-5-5", "claude-opus-4-8"
BOTH, OLDER, NO_THINKING = "claude-sonnet-4-6", "claude-sonnet-4-5", "claude-3-haiku-20240307"
WITH_EFFORT = "claude-opus-4-5"
ENABLED = {"type": "enabled", "budget_tokens": 2_048}
MODELS = list(CATALOGUE.models)


def adjusted(model: str, version: str = "2023-06-01", **fields: Any) -> dict[str, Any]:
    """Return the new values, ``...`` for a field that goes."""
    edits = adjustments(parse(model=model, **fields), facts_of(model), version)
    return {name: ... if text is None else json.loads(text) for name, text in edits.items()}


CLEARS = {"type": "clear_thinking_20251015", "keep": "all"}
CLEARS_TOOLS = {"type": "clear_tool_uses_20250919", "keep": {"type": "tool_uses", "value": 9}}
LOST: Fields = {
    "messages": [user("Hi"), assistant(call()), user(result())],
    "tools": [tool()],
    "max_tokens": 8_000,
}
"""A tool loop whose thoughts are gone."""
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        NEWEST,
        {"temperature": 0.5, "top_p": 0.9, "top_k": 5},
        {"temperature": ..., "top_p": ..., "top_k": ...},
    ),
    (NEWEST, {}, {}),
    (BOTH, {"temperature": 0.5, "top_p": 0.9}, {"top_p": ...}),
    (BOTH, {"temperature": 0.5, "top_k": 3}, {}),
    (BOTH, {"top_p": 0.5}, {}),
    (NO_THINKING, {"temperature": 0.5, "top_p": 0.9}, {}),
    # A model that thinks takes hardly any.
    (
        BOTH,
        {"thinking": ENABLED, "temperature": 0.5, "top_k": 3},
        {"temperature": ..., "top_k": ...},
    ),
    (BOTH, {"thinking": {"type": "adaptive"}, "top_p": 0.9}, {"top_p": ...}),
    (BOTH, {"thinking": ENABLED, "top_p": 0.95}, {}),
    (BOTH, {"thinking": ENABLED, "temperature": 0.5, "top_p": 0.95}, {"temperature": ...}),
    (BOTH, {"thinking": {"type": "disabled"}, "temperature": 0.5, "top_k": 3}, {}),
    (
        OLDER,
        {"thinking": {"type": "adaptive"}, "temperature": 0.5, "max_tokens": 8_000},
        {"thinking": {"type": "enabled", "budget_tokens": 4_000}, "temperature": ...},
    ),
    (NO_THINKING, {"thinking": ENABLED, "temperature": 0.5}, {"thinking": ...}),
    (NEWEST, {"system": None}, {"system": ...}),
    (OLDER, {"system": "Be brief."}, {}),
    (NEWEST, {"service_tier": "priority"}, {"service_tier": "auto"}),
    (NEWEST, {"service_tier": "standard_only"}, {}),
    # Thinking: what the model has stays as it is.
    (OLDER, {"thinking": ENABLED}, {}),
    (BOTH, {"thinking": ENABLED}, {}),
    (BOTH, {"thinking": {"type": "adaptive"}}, {}),
    (NEWEST, {"thinking": {"type": "adaptive"}}, {}),
    # A budget becomes an effort.
    (
        NEWEST,
        {"thinking": ENABLED},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
    ),
    (
        NEWEST,
        {
            "thinking": {"type": "enabled", "budget_tokens": 10_000, "display": "summarized"},
            "max_tokens": 20_000,
        },
        {
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "medium"},
        },
    ),
    (
        NEWEST,
        {"thinking": {"type": "enabled", "budget_tokens": 31_999}, "max_tokens": 40_000},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
    ),
    # An effort that was asked for goes before one that is derived.
    (
        NEWEST,
        {"thinking": ENABLED, "output_config": {"effort": "max"}},
        {"thinking": {"type": "adaptive"}},
    ),
    # An effort becomes a budget, half of what may be said.
    (
        OLDER,
        {"thinking": {"type": "adaptive"}, "max_tokens": 8_000},
        {"thinking": {"type": "enabled", "budget_tokens": 4_000}},
    ),
    (
        OLDER,
        {"thinking": {"type": "adaptive"}, "max_tokens": 1_500},
        {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
    ),
    (OLDER, {"thinking": {"type": "adaptive"}, "max_tokens": 1_024}, {"thinking": ...}),
    (
        OLDER,
        {"thinking": {"type": "enabled"}, "max_tokens": 8_000},
        {"thinking": {"type": "enabled", "budget_tokens": 4_000}},
    ),
    # Neither: it thinks as it does.
    (NEWEST, {"thinking": {"type": "disabled"}}, {"thinking": ...}),
    (ADAPTIVE_OR_NOT, {"thinking": {"type": "disabled"}}, {}),
    (NO_THINKING, {"thinking": ENABLED}, {"thinking": ...}),
    (NO_THINKING, {"thinking": {"type": "adaptive"}}, {"thinking": ...}),
    # Nobody thinks, and there is nothing to clear.
    (
        NO_THINKING,
        {"thinking": ENABLED, "context_management": {"edits": [CLEARS]}},
        {"thinking": ..., "context_management": ...},
    ),
    (
        NO_THINKING,
        {"thinking": ENABLED, "context_management": {"edits": [CLEARS, CLEARS_TOOLS]}},
        {"thinking": ..., "context_management": {"edits": [CLEARS_TOOLS]}},
    ),
    (NEWEST, {"thinking": {"type": "adaptive"}, "context_management": {"edits": [CLEARS]}}, {}),
    # A budget wants a thought where a tool loop begins, and no forced call.
    (OLDER, {**LOST, "thinking": {"type": "adaptive"}}, {"thinking": ...}),
    (
        OLDER,
        {
            "thinking": {"type": "adaptive"},
            "max_tokens": 8_000,
            "tools": [tool()],
            "tool_choice": {"type": "any"},
        },
        {"thinking": ...},
    ),
    # Efforts.
    (WITH_EFFORT, {"output_config": {"effort": "max"}}, {"output_config": {"effort": "high"}}),
    (BOTH, {"output_config": {"effort": "xhigh"}}, {"output_config": {"effort": "high"}}),
    (NEWEST, {"output_config": {"effort": "xhigh"}}, {}),
    (OLDER, {"output_config": {"effort": "low"}}, {"output_config": ...}),
]


@pytest.mark.parametrize(("model", "fields", "expected"), CASES)
def test_what_a_model_refuses_is_rewritten(
    model: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert adjusted(model, **fields) == expected


LOSSES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (OLDER, {"thinking": ENABLED}, {"thinking": ...}),
    (
        OLDER,
        {"thinking": ENABLED, "context_management": {"edits": [CLEARS]}},
        {"thinking": ..., "context_management": ...},
    ),
    (
        BOTH,
        {
            "thinking": {**ENABLED, "display": "omitted"},
            "context_management": {"edits": [CLEARS]},
        },
        {
            "thinking": {"type": "adaptive", "display": "omitted"},
            "output_config": {"effort": "low"},
        },
    ),
    (
        BOTH,
        {"thinking": ENABLED, "output_config": {"effort": "high"}},
        {"thinking": {"type": "adaptive"}},
    ),
    (BOTH, {"thinking": {"type": "adaptive"}}, {}),
    (OLDER, {"thinking": {"type": "disabled"}}, {}),
    (OLDER, {}, {}),
]


@pytest.mark.parametrize(("model", "fields", "expected"), LOSSES)
def test_t22_a_loop_that_lost_its_thoughts_has_no_budget(
    model: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {**LOST, **fields}
    request = parse(model=model, **asked)

    edits = without_its_thoughts(request, facts_of(model))

    found = {name: ... if text is None else json.loads(text) for name, text in edits.items()}
    assert found == expected
    assert adjusted(model, **asked) == expected
    outgoing = with_fields(json.dumps(body_of(model=model, **asked)).encode(), edits)
    hosted = Asked(fidelity="hosted", betas=frozenset({"context-management-2025-06-27"}))
    check_message(parse_message_request(outgoing), context_of(model, hosted))


@pytest.mark.parametrize(
    "messages",
    [
        [user("Hi"), assistant(thought(), call()), user(result())],
        [user("Hi"), assistant(call()), user(result()), assistant("So."), user("And?")],
    ],
)
def test_a_loop_that_has_its_thought_or_is_over_keeps_its_budget(messages: list[Fields]) -> None:
    request = parse(model=OLDER, messages=messages, thinking=ENABLED, tools=[tool()])

    assert not without_its_thoughts(request, facts_of(OLDER))


def test_the_newest_version_has_no_sampling_whatever_the_model() -> None:
    assert adjusted(NO_THINKING, "2026-10-21", temperature=0.5) == {"temperature": ...}


def test_what_stands_beside_an_effort_stays() -> None:
    schema = closed(name={"type": "string"})
    config = {**format_of(schema)["output_config"], "effort": "low"}  # pyright: ignore[reportGeneralTypeIssues]

    found = adjusted(OLDER, output_config=config)

    assert found == format_of(schema)


def test_counting_has_the_same_thinking_and_no_sampling() -> None:
    request = parse_count(model=NEWEST, thinking=ENABLED)

    found = adjustments(request, facts_of(NEWEST), "2023-06-01")

    assert set(found) == {"thinking", "output_config"}


@pytest.mark.parametrize("facts", MODELS, ids=lambda facts: facts.id)
@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0.5, "top_p": 0.9, "top_k": 5},
        {"temperature": 1.0, "thinking": ENABLED},
        {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "thinking": ENABLED},
        {"temperature": 0.5, "top_p": 0.97, "thinking": {"type": "adaptive"}},
        {"top_k": 5, "thinking": {"type": "between_tools"}},
        {"thinking": {"type": "adaptive"}},
        {"thinking": {"type": "disabled"}},
        {"output_config": {"effort": "xhigh"}},
        {"thinking": ENABLED, "output_config": {"effort": "max"}},
        {"service_tier": "priority", "system": None},
    ],
    ids="+".join,
)
def test_what_goes_out_is_what_the_hosted_api_takes(facts: ModelFacts, fields: Fields) -> None:
    """The rules of hosted fidelity are the table's mirror: they have nothing left to refuse."""
    body = json.dumps(body_of(model=facts.id, max_tokens=4_000, **fields)).encode()

    edits = adjustments(parse_message_request(body), facts, "2023-06-01")
    outgoing = parse_message_request(with_fields(body, edits))

    check_message(outgoing, context_of(facts.id, Asked(fidelity="hosted")))
    assert not adjustments(outgoing, facts, "2023-06-01"), "a second time there is nothing to do"
