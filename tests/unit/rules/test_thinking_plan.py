"""What the thinking settings of a request come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.rules.thinking import ThinkingPlan, thinking_plan
from tests.unit.rules.requests import (
    INTERLEAVED,
    Fields,
    assistant,
    call,
    facts_of,
    parse,
    parse_count,
    result,
    system,
    thought,
    user,
)

OFF = ThinkingPlan(on=False)
ADAPTIVE: Fields = {"type": "adaptive"}
LOOP = [user("Hi"), assistant(thought(), call()), user(result())]


def plan(model: object = "claude-opus-5-5", **fields: object) -> ThinkingPlan:
    return thinking_plan(parse(**fields), facts_of(str(model)), "lenient", frozenset())


def hosted(model: str, **fields: object) -> ThinkingPlan:
    return thinking_plan(parse(**fields), facts_of(model), "hosted", frozenset())


@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-opus-4-5", "my-own-model"])
def test_absent_is_off_under_lenient_fidelity(model) -> None:
    """Programs read ``content[0].text`` of whatever model."""
    assert plan(model) == OFF


def test_absent_is_the_models_own_default_under_hosted_fidelity() -> None:
    assert hosted("claude-opus-5").on
    assert hosted("claude-opus-5").display == "omitted"
    assert hosted("claude-opus-4-7") == OFF
    assert hosted("claude-haiku-4-5") == OFF


def test_disabled_is_off() -> None:
    assert plan(thinking={"type": "disabled"}) == OFF


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(None, "summarized", id="absent: the thought is shown"),
        pytest.param("summarized", "summarized", id="shown"),
        pytest.param("omitted", "omitted", id="not shown"),
        pytest.param("updates", "summarized", id="updates: shown"),
    ],
)
@pytest.mark.parametrize("kind", [{"type": "enabled", "budget_tokens": 1_024}, ADAPTIVE])
def test_the_display_is_what_was_asked_for(kind, asked, expected) -> None:
    assert plan(thinking={**kind, "display": asked}).display == expected


def test_the_display_is_the_models_own_under_hosted_fidelity() -> None:
    """platform.claude.com/docs: omitted from Opus 4.7 on."""
    assert hosted("claude-opus-4-7", thinking=ADAPTIVE).display == "omitted"
    assert hosted("claude-opus-4-6", thinking=ADAPTIVE).display == "summarized"


@pytest.mark.parametrize(
    ("max_tokens", "budget", "expected"),
    [(4_096, 2_048, 2_048), (4_096, None, 2_048), (1_500, None, 1_024), (400, None, 300)],
)
def test_a_budget_is_kept_or_derived_from_the_output(max_tokens, budget, expected) -> None:
    """Some documents list ``budget_tokens`` as optional."""
    thinking: Fields = {"type": "enabled", **({"budget_tokens": budget} if budget else {})}

    assert plan(max_tokens=max_tokens, thinking=thinking).budget_tokens == expected


def test_a_budget_of_a_whole_tool_loop_may_use_the_answer_up() -> None:
    request = parse(max_tokens=1_500, thinking={"type": "enabled", "budget_tokens": 9_000})

    found = thinking_plan(request, facts_of("my-own"), "lenient", frozenset({INTERLEAVED}))

    assert found.budget_tokens == 1_500


@pytest.mark.parametrize(
    ("effort", "expected"),
    [("low", 512), ("medium", 1_024), ("high", 2_048), ("xhigh", 4_096), ("max", 8_192)],
)
def test_effort_is_the_budget_of_adaptive_thinking(effort, expected) -> None:
    fields: Fields = {"max_tokens": 64_000, "thinking": ADAPTIVE}

    found = plan(**fields, output_config={"effort": effort})

    assert found == ThinkingPlan(on=True, budget_tokens=expected, keeps_earlier=True)


def test_an_effort_that_is_absent_is_the_models_default() -> None:
    fields: Fields = {"max_tokens": 64_000, "thinking": ADAPTIVE}

    assert plan("claude-opus-5-5", **fields).budget_tokens == 1_024
    assert plan("claude-opus-4-6", **fields).budget_tokens == 2_048
    assert plan("claude-haiku-4-5", **fields).budget_tokens == 2_048


def test_the_last_effort_of_the_conversation_holds() -> None:
    """Claude Code sends one with a ``system`` message."""
    messages = [
        user("Hi"),
        system("Be quick.", output_config={"effort": "low"}),
        assistant("Yes?"),
        user("So?"),
        system(output_config={"effort": "max"}),
    ]
    fields: Fields = {"max_tokens": 64_000, "thinking": ADAPTIVE}

    found = plan(**fields, messages=messages, output_config={"effort": "medium"})

    assert found.budget_tokens == 8_192


@given(
    st.integers(min_value=1, max_value=100_000),
    st.sampled_from(["low", "medium", "high", "xhigh", "max"]),
    st.booleans(),
)
def test_the_budget_always_leaves_room_for_an_answer(max_tokens, effort, adaptive) -> None:
    thinking: Fields = ADAPTIVE if adaptive else {"type": "enabled"}
    config: Fields = {"effort": effort}

    found = plan(max_tokens=max_tokens, thinking=thinking, output_config=config)

    assert found.on
    assert found.budget_tokens <= max(1, max_tokens * 3 // 4)


def test_between_tools_thinks_after_results_alone() -> None:
    thinking: Fields = {"type": "between_tools"}

    before = plan(thinking=thinking)
    after = plan(thinking=thinking, messages=LOOP)
    reminded = plan(thinking=thinking, messages=[*LOOP, system("Hurry.")])

    assert before == ThinkingPlan(on=False, between_tools_only=True, keeps_earlier=True)
    assert after == ThinkingPlan(
        on=True, budget_tokens=1_024, between_tools_only=True, keeps_earlier=True
    )
    assert reminded == after


def test_an_answer_that_has_begun_goes_on_without_thinking() -> None:
    messages = [user("Hi"), assistant("The answer is (")]

    assert plan(thinking=ADAPTIVE, messages=messages) == OFF
    assert plan(thinking=ADAPTIVE, messages=[user("Hi"), assistant()]).on


def test_counting_knows_no_output_limit() -> None:
    thinking: Fields = {"type": "enabled", "budget_tokens": 50_000}
    facts = facts_of("claude-sonnet-4-5")

    counted = thinking_plan(parse_count(thinking=thinking), facts, "lenient", frozenset())
    derived = thinking_plan(
        parse_count(thinking={"type": "enabled"}), facts, "lenient", frozenset()
    )

    assert counted.budget_tokens == 50_000
    assert derived.on


@pytest.mark.parametrize(
    ("model", "keep", "kept"),
    [
        ("claude-opus-4-6", None, True),
        ("claude-sonnet-4-20250514", None, False),
        ("claude-sonnet-4-20250514", "all", True),
        ("claude-sonnet-4-20250514", {"type": "thinking_turns", "value": 9}, True),
    ],
)
def test_earlier_thoughts_stay_where_the_model_or_the_request_keeps_them(
    model: str, keep: object, kept: bool
) -> None:
    edit: Fields = {"type": "clear_thinking_20251015"} | ({"keep": keep} if keep else {})
    thinking: Fields = {"type": "enabled", "budget_tokens": 1_024}

    found = plan(model, thinking=thinking, context_management={"edits": [edit]})

    assert found.keeps_earlier is kept
