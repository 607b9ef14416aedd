import json
from typing import Any

import pytest

from antechamber.dialects.openai_front.paths import in_the_clients_terms
from antechamber.dialects.openai_front.problems import problem_of
from antechamber.dialects.openai_front.shapes import parse_chat_request
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineTimedOut,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    PermissionRefused,
    RateLimited,
    RequestTooLarge,
    Unauthenticated,
)
from tests.unit.dialects.openai_front.requests import (
    assistant,
    call,
    converted,
    function,
    result,
    system,
    text,
    user,
)

PNG = "data:image/png;base64,iVBORw0KGgo="
IMAGE = {"type": "image_url", "image_url": {"url": PNG}, "cache_control": {"type": "ephemeral"}}
FILE = {"type": "file", "file": {"file_id": "file_1", "filename": "a.pdf"}}
CONVERSATION = [
    *(system(), user(), assistant("")),
    user([text(" "), text("B"), IMAGE, FILE]),
    assistant("Hm.", refusal="No.", tool_calls=[call("call_1"), call("call_2")]),
    *(result("call_1"), result("call_2", [text("Here:"), IMAGE])),
]
TOOLS = [function(name) for name in ("a", "b", "look", "c")]
ALLOWED = {
    "type": "allowed_tools",
    "allowed_tools": {"mode": "auto", "tools": [function("look"), function("c")]},
}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("messages.0.content.0.text.text: Bad", "messages.1.content: Bad"),
        ("messages.0.content: Bad", "messages.1.content: Bad"),
        ("messages.0.role: Bad", "messages.1.role: Bad"),
        ("messages.9: Bad", "messages.9: Bad"),
        ("messages.1.content.0.text.text: Bad", "messages.3.content.1.text: Bad"),
        ("messages.1.content.1.image: Bad", "messages.3.content.2: Bad"),
        ("messages.1.content.1.source: Bad", "messages.3.content.2.image_url.url: Bad"),
        (
            "messages.1.content.1.image.source.base64.data: Bad",
            "messages.3.content.2.image_url.url: Bad",
        ),
        (
            "messages.1.content.1.image.cache_control.ephemeral.ttl: Bad",
            "messages.3.content.2.cache_control.ttl: Bad",
        ),
        ("messages.1.content.2.document.source: Bad", "messages.3.content.3.file.file_id: Bad"),
        ("messages.1.content.2.document.title: Bad", "messages.3.content.3.file.filename: Bad"),
        ("messages.2.content.0.text.text: Bad", "messages.4.content: Bad"),
        ("messages.2.content.1.text.text: Bad", "messages.4.refusal: Bad"),
        ("messages.2.content.2.tool_use.id: Bad", "messages.4.tool_calls.0.id: Bad"),
        (
            "messages.2.content.3.tool_use.input.x: Bad",
            "messages.4.tool_calls.1.function.arguments: Bad",
        ),
        ("messages.2.content.3.tool_use.name: Bad", "messages.4.tool_calls.1.function.name: Bad"),
        ("messages.3.content.0.tool_result.tool_use_id: Bad", "messages.5.tool_call_id: Bad"),
        ("messages.3.content.0.tool_result.content: Bad", "messages.5.content: Bad"),
        (
            "messages.4.content.0.tool_result.content.1.image.source.base64.data: Bad",
            "messages.6.content.1.image_url.url: Bad",
        ),
        ("system.0.text: Bad", "messages: Bad"),
        ("system: Bad", "messages: Bad"),
        ("max_tokens: 9 > 8, which is", "max_completion_tokens: 9 > 8, which is"),
        ("stop_sequences.0: Bad", "stop.0: Bad"),
        ("metadata.user_id: Too long", "user: Too long"),
        ("output_config.effort: Bad", "reasoning_effort: Bad"),
        ("output_config.format.schema: Bad", "response_format.json_schema.schema: Bad"),
        ("output_config.format.json_schema: Bad", "response_format: Bad"),
        (
            "tools.0.custom.input_schema.properties.x: Bad",
            "tools.2.function.parameters.properties.x: Bad",
        ),
        ("tools.1.custom.name: Bad", "tools.3.function.name: Bad"),
        ("tools.1: Bad", "tools.3.function: Bad"),
        (
            "tool_choice.any may only be specified while providing tools",
            "tool_choice: 'required' may only be specified while providing tools",
        ),
        (
            "Tool 'x' not found in provided tools",
            "tool_choice: Tool 'x' not found in provided tools",
        ),
        (
            "tool_choice: Tool 'x' not found in provided tools",
            "tool_choice: Tool 'x' not found in provided tools",
        ),
        ("temperature: Bad", "temperature: Bad"),
        ("This model does not.", "This model does not."),
        (
            "messages.0: `tool_use` ids without `tool_result` blocks: call_1",
            "messages.1: `tool_calls` ids without `tool` messages: call_1",
        ),
        ("prompt is too long: 9 tokens > 8 maximum", "prompt is too long: 9 tokens > 8 maximum"),
    ],
)
def test_paths_are_the_clients_own(told: str, expected: str) -> None:
    conversion = converted(
        *CONVERSATION,
        max_completion_tokens=9,
        user="u",
        tools=TOOLS,
        tool_choice=ALLOWED,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}},
        },
    )

    assert in_the_clients_terms(InvalidRequest(told), conversion).message == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("thinking.enabled.budget_tokens: Bad", "thinking.budget_tokens: Bad"),
        ("tool_choice.tool.name: Bad", "tool_choice.function.name: Bad"),
        ("tool_choice.tool.disable_parallel_tool_use: Bad", "parallel_tool_calls: Bad"),
        ("tool_choice: Bad", "tool_choice: Bad"),
    ],
)
def test_tags_of_the_clients_own_fields_are_left_out(told: str, expected: str) -> None:
    conversion = converted(
        thinking={"type": "enabled", "budget_tokens": 1024},
        tools=TOOLS,
        tool_choice=function("look"),
        parallel_tool_calls=False,
    )

    assert in_the_clients_terms(InvalidRequest(told), conversion).message == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("tools.0.custom.name: Bad", "functions.0.name: Bad"),
        ("tool_choice.tool.name: Bad", "function_call.name: Bad"),
        ("messages.1.content.0.tool_use.input: Bad", "messages.1.function_call.arguments: Bad"),
        ("messages.2.content.0.tool_result.tool_use_id: Bad", "messages.2.name: Bad"),
        ("thinking.adaptive.display: Bad", "reasoning_effort.display: Bad"),
    ],
)
def test_paths_of_the_first_form_are_the_clients_own(told: str, expected: str) -> None:
    conversion = converted(
        user(),
        assistant(None, function_call={"name": "look", "arguments": "{}"}),
        {"role": "function", "name": "look", "content": "found"},
        functions=[function("look")["function"]],
        function_call={"name": "look"},
        reasoning_effort="low",
    )

    assert in_the_clients_terms(InvalidRequest(told), conversion).message == expected


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {}}},
            "response_format.json_schema.name",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": 5}},
            "response_format.json_schema",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": 5}}},
            "response_format.json_schema.name",
        ),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"tool_choice": {"type": "function", "function": {}}}, "tool_choice.function.name"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function"),
        (
            {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}},
            "tool_choice.allowed_tools.tools",
        ),
        ({"tools": [{"type": "function", "function": {}}]}, "tools.0.function.name"),
        ({"stop": ["a", 5]}, "stop.1"),
        ({"messages": [user([text("A"), {"type": "text"}])]}, "messages.0.content.1.text"),
        (
            {"messages": [user([{"type": "text", "text": 5}])]},
            "messages.0.content.0.text",
        ),
        (
            {"messages": [user([{"type": "image_url", "image_url": {}}])]},
            "messages.0.content.0.image_url.url",
        ),
        (
            {"messages": [user([{"type": "image_url", "image_url": PNG}])]},
            "messages.0.content.0.image_url",
        ),
        ({"messages": [user([{"type": "image"}])]}, "messages.0.content.0"),
        ({"messages": [{"role": "robot"}]}, "messages.0.role"),
        (
            {"messages": [user(), assistant(None, tool_calls=[{"id": "a", "function": {}}])]},
            "messages.1.tool_calls.0.function.name",
        ),
    ],
)
def test_the_path_of_a_wrong_shape_has_no_tags(fields: dict[str, Any], path: str) -> None:
    asked = {"model": "m", "messages": [user()], **fields}

    with pytest.raises(InvalidRequest) as refused:
        parse_chat_request(json.dumps(asked).encode())

    assert problem_of(refused.value, "req_1").body["error"]["param"] == path  # pyright: ignore[reportIndexIssue]


def test_what_else_an_error_carries_stays() -> None:
    error = InvalidRequest("stop_sequences: Bad", details={"error_code": "x"}, retry_after_s=3)

    told = in_the_clients_terms(error, converted())

    assert (told.details, told.retry_after_s) == ({"error_code": "x"}, 3)


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (InvalidRequest("n: No"), 400, ("invalid_request_error", "n", None)),
        (InvalidRequest("No"), 400, ("invalid_request_error", None, None)),
        (Unauthenticated("No"), 401, ("authentication_error", None, "invalid_api_key")),
        (PermissionRefused("No"), 403, ("permission_error", None, None)),
        (NotFound("Not found"), 404, ("invalid_request_error", None, None)),
        (MethodNotAllowed("No"), 405, ("invalid_request_error", None, None)),
        (RequestTooLarge("No"), 413, ("invalid_request_error", None, "request_too_large")),
        (RateLimited("No"), 429, ("rate_limit_error", None, "rate_limit_exceeded")),
        (EngineFailed("No"), 500, ("server_error", None, None)),
        (InternalError("No"), 500, ("server_error", None, None)),
        (EngineTimedOut("No"), 504, ("server_error", None, "timeout")),
        (Overloaded("No"), 503, ("server_error", None, "overloaded")),
    ],
)
def test_every_error_has_its_status_and_its_words(
    error: ApiError, status: int, expected: tuple[str, str | None, str | None]
) -> None:
    problem = problem_of(error, "req_1")

    inner: Any = problem.body["error"]
    assert problem.status == status
    assert (inner["type"], inner["param"], inner["code"]) == expected
    assert inner["message"] == error.message


def test_a_model_that_is_not_served_has_the_code_of_that() -> None:
    inner: Any = problem_of(NotFound("model: gpt-9"), "req_1").body["error"]

    assert (inner["param"], inner["code"]) == ("model", "model_not_found")
    assert inner["message"] == "The model `gpt-9` is not served here"


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 9 tokens > 8 maximum",
        "input length and `max_tokens` exceed context limit: 9 + 9 > 8, decrease",
    ],
)
def test_a_prompt_that_is_too_long_has_the_code_that_programs_look_for(message: str) -> None:
    inner: Any = problem_of(InvalidRequest(message), "req_1").body["error"]

    assert inner["code"] == "context_length_exceeded"


def test_a_code_of_the_messages_api_stays() -> None:
    error = RateLimited("Spent.", details={"error_code": "enforced_spend_limit_reached"})

    inner: Any = problem_of(error, "req_1").body["error"]

    assert inner["code"] == "enforced_spend_limit_reached"
