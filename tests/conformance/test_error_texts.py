"""The words of refusals that clients read: conversation, text, tools, limits.

Each text was seen from the hosted API; the manifest names the public report.
"""

from typing import Any

import httpx2
import pytest

from tests.conformance.bodies import OPUS, WEATHER, assistant, body, tool_result, tool_use, user
from tests.conformance.manifest import requirement

TEXT: Any = {"type": "text", "text": "Hello"}
BREAKPOINT: Any = {"type": "ephemeral"}
LATE_HOUR = (
    "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a "
    "ttl='5m' cache_control block. Note that blocks are processed in the following order: `tools`, "
    "`system`, `messages`."
)


def said(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return body(messages=list(messages), **fields)


def refusal(http: httpx2.Client, asked: dict[str, Any]) -> str:
    """Return the words of a 400; anything else fails the test."""
    answer = http.post("/v1/messages", json=asked)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["type"] == "invalid_request_error"
    return answer.json()["error"]["message"]


@requirement("errors:text:call-without-result")
def test_a_call_needs_its_result_at_the_head_of_the_next_message(http: httpx2.Client) -> None:
    asked = said(user("Hi"), assistant([tool_use("toolu_a"), tool_use("toolu_b")]), user("Hello?"))

    assert refusal(http, asked) == (
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
        "toolu_a, toolu_b. Each `tool_use` block must have a corresponding `tool_result` block in "
        "the next message."
    )


@requirement("errors:text:call-without-result")
def test_a_call_at_the_very_end_has_no_result_either(http: httpx2.Client) -> None:
    asked = said(user("Hi"), assistant([tool_use("toolu_a")]))

    assert refusal(http, asked).startswith("messages.1: `tool_use` ids were found without")


@requirement("errors:text:result-without-call")
def test_a_result_needs_its_call_in_the_message_before(http: httpx2.Client) -> None:
    asked = said(user("Hi"), assistant("Hello."), user([TEXT, tool_result(tool_id="toolu_x")]))

    assert refusal(http, asked) == (
        "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: toolu_x. "
        "Each `tool_result` block must have a corresponding `tool_use` block in the previous "
        "message."
    )


@requirement("errors:text:ids-unique")
def test_the_id_of_a_call_stands_once(http: httpx2.Client) -> None:
    asked = said(
        user("Hi"), assistant([tool_use("toolu_a"), tool_use("toolu_a")]), user([tool_result()])
    )

    assert refusal(http, asked).endswith("`tool_use` ids must be unique")


@requirement("errors:text:server-result-without-call")
def test_a_server_tool_result_needs_its_call(http: httpx2.Client) -> None:
    result = {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_01",
        "content": {"type": "web_search_tool_result_error", "error_code": "unavailable"},
    }

    assert refusal(http, said(user("Hi"), assistant([result]), user("Go on."))) == (
        "messages.1.content.0: unexpected `tool_use_id` found in `web_search_tool_result` blocks: "
        "srvtoolu_01. Each `web_search_tool_result` block must have a corresponding "
        "`server_tool_use` block before it."
    )


@requirement("errors:text:first-role")
def test_the_first_message_is_the_users(http: httpx2.Client) -> None:
    assert refusal(http, said(assistant("Hello."), user("Hi"))) == (
        'messages: first message must use the "user" role'
    )


@requirement("errors:text:system-place")
def test_a_system_message_stands_before_the_assistant_or_at_the_end(http: httpx2.Client) -> None:
    asked = said(user("Hi"), {"role": "system", "content": "Be brief."}, user("Hello?"))

    assert refusal(http, asked) == (
        "messages.1: role 'system' must precede an 'assistant' message or end the array"
    )


@requirement("errors:text:unknown-role")
def test_an_unknown_role_is_told_the_known_ones(http: httpx2.Client) -> None:
    assert refusal(http, said({"role": "developer", "content": "Hi"})).startswith(
        "messages.0.role: Input should be 'user', 'assistant'"
    )


@requirement("errors:text:empty-text")
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            body([{"type": "text", "text": ""}]),
            "messages: text content blocks must be non-empty",
        ),
        (
            body([{"type": "text", "text": " \n"}]),
            "messages: text content blocks must contain non-whitespace text",
        ),
        (
            body("  "),
            "messages: text content blocks must contain non-whitespace text",
        ),
        (
            said(user("Hi"), assistant("The answer is ")),
            "messages: final assistant content cannot end with trailing whitespace",
        ),
        (
            body(""),
            "messages.0: all messages must have non-empty content except for the optional final "
            "assistant message",
        ),
        (
            body([]),
            "messages.0: all messages must have non-empty content except for the optional final "
            "assistant message",
        ),
        (
            said(user("Hi"), assistant("Hello."), user([{**TEXT, "text": "", **{}}, TEXT])),
            "messages: text content blocks must be non-empty",
        ),
        (
            body([{"type": "text", "text": "", "cache_control": BREAKPOINT}]),
            "messages.0.content.0.text: cache_control cannot be set for empty text blocks",
        ),
        (
            body([]) | {"messages": []},
            "messages: at least one message is required",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_empty_and_blank_text_is_refused(
    http: httpx2.Client, asked: dict[str, Any], message: str
) -> None:
    assert refusal(http, asked) == message


@requirement("messages:turns:empty-last")
def test_the_last_assistant_message_may_be_empty(http: httpx2.Client) -> None:
    answer = http.post("/v1/messages", json=said(user("Hi"), assistant([])))

    assert answer.status_code == 200, answer.text


@requirement("errors:text:output-cap")
def test_max_tokens_has_the_cap_of_the_model(http: httpx2.Client) -> None:
    asked = body(model="claude-3-opus-20240229", max_tokens=21333)

    assert refusal(http, asked) == (
        "max_tokens: 21333 > 4096, which is the maximum allowed number of output tokens for "
        "claude-3-opus-20240229"
    )


@requirement("errors:text:too-long", "errors:text:too-long-with-output")
def test_a_prompt_larger_than_the_window_is_too_long(start_server: Any) -> None:
    server = start_server('window_tokens = 50\n[[replies]]\ntext = "Short."')
    long = "word " * 60

    with httpx2.Client(base_url=server.url, headers={"anthropic-version": "2023-06-01"}) as http:
        refused = refusal(http, body(long))
        counted = http.post(
            "/v1/messages/count_tokens", json={"model": OPUS, "messages": [user(long)]}
        )
        full = http.post("/v1/messages", json=body("word " * 30))

    tokens = counted.json()["input_tokens"]
    assert refused == f"prompt is too long: {tokens} tokens > 50 maximum"
    assert full.json()["stop_reason"] == "end_turn"


@requirement("errors:text:breakpoints")
def test_there_are_four_breakpoints_the_automatic_one_included(http: httpx2.Client) -> None:
    marked = {**TEXT, "cache_control": BREAKPOINT}
    five = body([marked] * 3, system=[marked], tools=[{**WEATHER, "cache_control": BREAKPOINT}])
    automatic = body([*[marked] * 4, TEXT], cache_control=BREAKPOINT)

    for asked in (five, automatic):
        assert refusal(http, asked) == (
            "A maximum of 4 blocks with cache_control may be provided. Found 5."
        )


@requirement("errors:text:ttl-order")
def test_a_long_lived_breakpoint_does_not_follow_a_short_lived_one(http: httpx2.Client) -> None:
    short = {**TEXT, "cache_control": BREAKPOINT}
    long = {**TEXT, "cache_control": {**BREAKPOINT, "ttl": "1h"}}

    assert refusal(http, body([short, long])) == LATE_HOUR


@requirement("errors:text:tool-names")
@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ([WEATHER, WEATHER], "tools: Tool names must be unique."),
        (
            [{**WEATHER, "name": "get weather"}],
            "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
        ),
        (
            [WEATHER, {"name": "bash", "type": "bash_20250124"}, {**WEATHER, "name": "bash"}],
            "tools: Tool names must be unique.",
        ),
    ],
    ids=["twice", "pattern", "vendor"],
)
def test_names_of_tools_are_unique_and_plain(
    http: httpx2.Client, tools: list[Any], message: str
) -> None:
    assert refusal(http, body(tools=tools)) == message


@requirement("errors:text:tool-name-length")
@pytest.mark.parametrize(("length", "status"), [(64, 200), (128, 200), (129, 400)])
def test_names_of_tools_have_up_to_128_characters(
    http: httpx2.Client, length: int, status: int
) -> None:
    tool = {**WEATHER, "name": "n" * length}

    assert http.post("/v1/messages", json=body(tools=[tool])).status_code == status


@requirement("errors:text:tool-schema")
@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            {"type": "object", "properties": {"a b": {"type": "string"}}},
            "tools.0.custom.input_schema.properties: Property keys should match pattern "
            "'^[a-zA-Z0-9_.-]{1,64}$'",
        ),
        (
            {"type": "object", "anyOf": [{"required": ["a"]}]},
            "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at "
            "the top level",
        ),
        (
            {"type": "object", "properties": {"a": {"type": "text"}}},
            "tools.0.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft "
            "2020-12 (https://json-schema.org/draft/2020-12). Learn more about tool use at "
            "https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview.",
        ),
        ({"properties": {}}, "tools.0.custom.input_schema.type: Field required"),
        (
            {"type": "string"},
            "tools.0.custom.input_schema.type: Input should be 'object'",
        ),
    ],
    ids=["key", "union", "invalid", "no-type", "no-object"],
)
def test_a_tool_schema_is_json_schema_with_an_object_at_its_top(
    http: httpx2.Client, schema: dict[str, Any], message: str
) -> None:
    assert refusal(http, body(tools=[{"name": "t", "input_schema": schema}])) == message


@requirement("errors:text:foreign-tool-id")
def test_ids_of_calls_are_letters_digits_dash_and_underscore(http: httpx2.Client) -> None:
    asked = said(user("Hi"), assistant([tool_use("a:1")]), user([tool_result(tool_id="a:1")]))

    assert refusal(http, asked) == (
        "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
    )


@requirement("errors:text:deferred-tools")
def test_not_every_tool_may_be_deferred(http: httpx2.Client) -> None:
    deferred = {**WEATHER, "defer_loading": True}
    reference = {"type": "tool_reference", "tool_name": "unknown_tool"}
    loop = said(user("Hi"), assistant([tool_use()]), user([tool_result([reference])]))

    assert refusal(http, body(tools=[deferred])) == (
        "At least one tool must have defer_loading=false. All tools cannot be deferred."
    )
    assert refusal(http, loop | {"tools": [WEATHER]}) == (
        "Tool reference 'unknown_tool' not found in available tools"
    )


@requirement("errors:text:choice-without-tools")
@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "get_weather"}])
def test_a_forced_choice_needs_tools(http: httpx2.Client, choice: dict[str, str]) -> None:
    assert refusal(http, body(tool_choice=choice))


@requirement("errors:text:stop-sequence")
def test_a_stop_sequence_is_not_blank(http: httpx2.Client) -> None:
    assert refusal(http, body(stop_sequences=["END", " \n"])) == (
        "stop_sequences: each stop sequence must contain non-whitespace"
    )
