"""What a later version serves: refused in the API's words now, never ignored."""

import base64
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic

from tests.conformance.bodies import WEATHER, assistant, body, tool_result, tool_use, user
from tests.conformance.manifest import requirement

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(24)).decode()
IMAGE: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
PDF = base64.b64encode(b"%PDF-1.7\n" + bytes(24)).decode()
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
        ("POST", "/v1/messages/batches"),
        ("GET", "/v1/files"),
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


@requirement("media:shapes")
@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            {**IMAGE, "source": {**IMAGE["source"], "media_type": "image/jpeg"}},
            "messages.0.content.0.image.source.base64.data: Image does not match the provided "
            "media type image/jpeg",
        ),
        (
            {**IMAGE, "source": {**IMAGE["source"], "data": ""}},
            "messages.0.content.0.image.source.base64.data: image cannot be empty",
        ),
        (
            {**IMAGE, "source": {**IMAGE["source"], "data": "bm90IGFuIGltYWdl"}},
            "messages.0.content.0.image.source.base64.data: Could not process image",
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "bm9wZQ=="},
            },
            "messages.0.content.0.pdf.source.base64.data: The PDF specified was not valid",
        ),
    ],
    ids=["type", "empty", "garbage", "pdf"],
)
def test_media_that_are_not_what_they_say_are_refused(
    http: httpx2.Client, block: dict[str, Any], message: str
) -> None:
    answer = http.post("/v1/messages", json=body([block, {"type": "text", "text": "What is it?"}]))

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"] == message


@requirement("media:text-only-model")
@pytest.mark.parametrize("place", ["message", "tool_result"])
@pytest.mark.xdist_group("embedded")
def test_a_model_without_eyes_says_so(embedded: Any, place: str) -> None:
    question = {"type": "text", "text": "What is it?"}
    inside = [user("Look."), assistant([tool_use()]), user([tool_result([IMAGE]), question])]
    messages = inside if place == "tool_result" else [user([IMAGE, question])]

    with (
        Anthropic(base_url=embedded.url, api_key="x", max_retries=0) as client,
        pytest.raises(anthropic.BadRequestError) as caught,
    ):
        client.messages.create(**body(messages=messages, max_tokens=10))

    assert "image" in str(caught.value)


@requirement("media:text-only-model")
@pytest.mark.xdist_group("embedded")
def test_a_model_without_eyes_cannot_read_a_pdf_either(embedded: Any) -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    content = [{"type": "document", "source": source}, {"type": "text", "text": "Summarize."}]

    with (
        Anthropic(base_url=embedded.url, api_key="x", max_retries=0) as client,
        pytest.raises(anthropic.BadRequestError) as caught,
    ):
        client.messages.create(**body(content, max_tokens=10))

    assert "document" in str(caught.value) or "PDF" in str(caught.value)
