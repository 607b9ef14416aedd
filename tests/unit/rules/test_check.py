"""The order of the rules, and requests of real clients that none of them may refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.catalogue.reader import load_catalogue
from antechamber.rules.check import check_message
from antechamber.rules.history import without_foreign_thinking
from antechamber.wire.errors import CallerFault
from tests.unit.rules.requests import (
    SIGNER,
    Asked,
    Fields,
    assistant,
    call,
    context_of,
    parse,
    refusal,
    result,
    system,
    text,
    thought,
    tool,
    user,
    words,
)

BREAK: Fields = {"cache_control": {"type": "ephemeral"}}
CLAUDE_CODE_BETAS = frozenset(
    {
        "claude-code-20250219",
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "per-turn-control-2026-07-01",
        "mid-conversation-tool-changes-2026-07-01",
        "thinking-token-count-2026-05-13",
        "advanced-tool-use-2025-11-20",
        "effort-2025-11-24",
    }
)
MODELS = [facts.id for facts in load_catalogue().models]


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        pytest.param(
            {"max_tokens": 10**9, "tools": [tool(), tool()]}, "max_tokens", id="cap before tools"
        ),
        pytest.param(
            {"tools": [tool(), tool()], "messages": [assistant("Hi")]},
            "tools",
            id="tools before messages",
        ),
        pytest.param(
            {"messages": [user("Hi"), assistant(call()), user(" ")]},
            "messages: text",
            id="text before pairs",
        ),
        pytest.param(
            {"messages": [user("Hi"), assistant(call()), user("So?")], "speed": "fast"},
            "messages.1",
            id="structure before what comes later",
        ),
    ],
)
def test_the_first_fault_alone_is_reported(fields, first) -> None:
    message = words(refusal(Asked(), **fields))

    assert message is not None
    assert message.startswith(first)


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
def test_a_request_of_claude_code_is_accepted(fidelity) -> None:
    """Recorded from Claude Code 2.1.330, shortened."""
    error = refusal(
        Asked(fidelity=fidelity, betas=CLAUDE_CODE_BETAS),
        model="claude-opus-5-5",
        max_tokens=128_000,
        stream=True,
        thinking={"type": "adaptive", "display": "omitted"},
        context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        output_config={"effort": "medium"},
        metadata={"user_id": '{"device_id":"d","account_uuid":"","session_id":"s"}'},
        tools=[tool("Bash"), tool("Placeholder", defer_loading=True)],
        system=[
            text("x-anthropic-billing-header: cc_version=2.1.330.bf5; cc_entrypoint=sdk-cli;"),
            text("You are Claude Code.", **BREAK),
            text("Be careful.", **BREAK),
        ],
        messages=[
            user("List the files."),
            system(text("Reminder.", **BREAK), output_config={"effort": "low"}),
            assistant(thought(""), call("toolu_1", name="Bash")),
            user(result("toolu_1", content="a b c", **BREAK)),
        ],
    )

    assert words(error) is None


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize("model", MODELS)
def test_the_plainest_request_is_accepted_on_every_model(model, fidelity) -> None:
    assert words(refusal(Asked(fidelity=fidelity), model=model, max_tokens=1_024)) is None


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 2_000}, "temperature": 0.3},
            id="a budget and sampling",
        ),
        pytest.param({"thinking": {"type": "adaptive"}, "top_k": 5}, id="adaptive and sampling"),
        pytest.param(
            {"temperature": 0.7, "top_p": 0.9, "top_k": 40}, id="all three sampling parameters"
        ),
        pytest.param({"messages": [user("Hi"), assistant("The answer is (")]}, id="prefill"),
        pytest.param({"output_config": {"effort": "max"}}, id="effort"),
        pytest.param({"messages": [user("Hi"), system("Be brief.")]}, id="a system message"),
        pytest.param({"system": None, "service_tier": "priority"}, id="null and priority"),
    ],
)
def test_lenient_fidelity_takes_every_setting_on_every_model(model, fields) -> None:
    error = refusal(Asked(version="2026-10-21"), model=model, **fields)

    assert words(error) is None


_BLOCKS = st.sampled_from(
    [
        text("Hi"),
        text(" "),
        text("", **BREAK),
        thought(),
        thought(signature="elsewhere"),
        {"type": "redacted_thinking", "data": "opaque"},
        call("toolu_1"),
        call("toolu_2"),
        result("toolu_1"),
        result("toolu_2", content=[{"type": "tool_reference", "tool_name": "look"}]),
        {
            "type": "server_tool_use",
            "id": "srvtoolu_1",
            "name": "web_search",
            "input": {},
            **BREAK,
        },
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "compaction", "content": None},
    ]
)
_MESSAGES = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "assistant"]),
        st.lists(_BLOCKS, max_size=4),
    )
    | st.sampled_from([system("Be brief."), system(), system(output_config={"effort": "low"})]),
    min_size=1,
    max_size=6,
)
_THINKING = st.sampled_from(
    [{"type": "enabled"}, {"type": "adaptive"}, {"type": "disabled"}, {"type": "between_tools"}]
)


@given(_MESSAGES, _THINKING, st.sampled_from(["lenient", "hosted"]), st.sampled_from(MODELS))
def test_whatever_the_conversation_it_is_accepted_or_the_callers_fault(
    messages, thinking, fidelity, model
) -> None:
    fields: Fields = {"model": model, "max_tokens": 99, "messages": messages, **BREAK}

    error = refusal(Asked(fidelity=fidelity), thinking=thinking, **fields)

    assert error is None or isinstance(error, CallerFault)


@given(_MESSAGES, _THINKING)
def test_what_was_accepted_is_accepted_again_without_foreign_thinking(messages, thinking) -> None:
    """An engine never gets a conversation that the rules would not have let through."""
    if refusal(Asked(), messages=messages, thinking=thinking) is not None:
        return
    request = parse(messages=messages)

    cleaned = without_foreign_thinking(request, SIGNER.verify)

    check_message(cleaned, context_of(cleaned.model, Asked()))
