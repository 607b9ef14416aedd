"""What a later version serves: refused in the API's words now, never ignored."""

from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic

from tests.conformance.bodies import WEATHER, assistant, body, tool_result, tool_use, user
from tests.conformance.manifest import requirement

MCP_SERVER = {"type": "url", "url": "https://mcp.example.com", "name": "example"}


@requirement("later:parameters")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mcp_servers", [MCP_SERVER]),
        ("fallbacks", "default"),
        ("fallbacks", [{"model": "claude-opus-5"}]),
        ("compaction", {"type": "summarize"}),
        ("container", "container_01"),
        ("speed", "fast"),
        ("fallback_credit_token", "credit"),
    ],
)
def test_a_parameter_of_what_comes_later_is_refused_by_its_name(
    http: httpx2.Client, name: str, value: object
) -> None:
    answer = http.post("/v1/messages", json=body(**{name: value}))

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert name in answer.json()["error"]["message"]


@requirement("later:thread")
def test_a_thread_is_declined_with_the_code_that_the_sdk_falls_back_on(
    http: httpx2.Client,
) -> None:
    create = http.post("/v1/messages", json=body(thread={"type": "create"}))
    going_on = http.post(
        "/v1/messages",
        json=body(
            messages=[user([tool_result(tool_id="toolu_x")])],
            thread={"type": "continue", "previous_message_id": "msg_01"},
        ),
    )

    for answer in (create, going_on):
        assert answer.status_code == 400
        details = answer.json()["error"]["details"]
        assert details == {"error_code": "thread_unsupported_request", "unsupported": []}


@requirement("later:server-tools")
@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"type": "code_execution_20250825", "name": "code_execution"},
        {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
    ],
    ids=lambda tool: tool["name"],
)
def test_a_tool_that_the_server_would_run_is_refused_by_its_type(
    http: httpx2.Client, tool: dict[str, str]
) -> None:
    answer = http.post("/v1/messages", json=body(tools=[WEATHER, tool]))

    assert answer.status_code == 400, answer.text
    assert tool["type"] in answer.json()["error"]["message"]


@requirement("later:files")
@pytest.mark.parametrize("kind", ["image", "document"])
def test_a_file_that_is_not_there_is_not_found(client: Anthropic, kind: str) -> None:
    block = {"type": kind, "source": {"type": "file", "file_id": "file_011CNha8iCJcU1wXNR6q4V8w"}}

    with pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.create(**body([block, {"type": "text", "text": "Summarize."}]))

    assert "File `file_011CNha8iCJcU1wXNR6q4V8w` not found." in str(caught.value)


@requirement("later:compaction-fires", "later:edits-fire")
@pytest.mark.parametrize(
    "edit",
    [
        {"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 1}},
        {
            "type": "clear_tool_uses_20250919",
            "trigger": {"type": "tool_uses", "value": 1},
            "keep": {"type": "tool_uses", "value": 0},
        },
    ],
    ids=lambda edit: edit["type"],
)
def test_an_edit_that_would_fire_is_refused(http: httpx2.Client, edit: dict[str, Any]) -> None:
    calls = [tool_use("toolu_a"), tool_use("toolu_b")]
    results = [tool_result(tool_id="toolu_a"), tool_result(tool_id="toolu_b")]
    asked = body(
        messages=[user("Hi"), assistant(calls), user(results)],
        context_management={"edits": [edit]},
    )

    answer = http.post("/v1/messages", json=asked)

    assert answer.status_code == 400, answer.text
    assert edit["type"] in answer.json()["error"]["message"]


@requirement("later:endpoints")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/skills"),
        ("POST", "/v1/complete"),
        ("GET", "/v1/organizations/users"),
    ],
)
def test_an_endpoint_that_is_not_served_is_not_found(
    http: httpx2.Client, method: str, path: str
) -> None:
    answer = http.request(method, path)

    assert answer.status_code == 404
    assert answer.json()["error"] == {"type": "not_found_error", "message": "Not found"}
