"""A program written for the official TypeScript SDK, run by Node.js."""

import shutil
from pathlib import Path

import pytest
from anthropic.types import FileMetadata

from tests.conformance.manifest import requirement
from tests.conformance.sdk_programs import Run, steps_of
from tests.conformance.shapes import message_faults, shape_faults
from tests.servers import RunningServer

FOLDER = Path(__file__).parents[1] / "node"

pytestmark = pytest.mark.xdist_group("typescript")


@pytest.fixture
def run(scripted: RunningServer) -> Run:
    """Return what one step of the program reported; the program runs once."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node.js on this machine")
    if not (FOLDER / "node_modules" / "@anthropic-ai" / "sdk").is_dir():
        pytest.skip("the TypeScript SDK is not installed; `make setup-node` installs it")

    return steps_of(node, FOLDER / "typescript_suite.mjs", scripted.url, folder=FOLDER)


@requirement("typescript:create")
def test_the_typescript_sdk_creates_messages(run: Run) -> None:
    facts = run("create")["facts"]

    assert facts["message"]["content"] == [
        {"type": "text", "text": 'You said: "Hello"', "citations": None}
    ]
    assert message_faults(facts["message"]) == []
    assert facts["requestId"].startswith("req_")


@requirement("examples:interface:javascript")
def test_the_javascript_example_runs(run: Run) -> None:
    assert run("create_retired_model")["facts"]["text"] == 'You said: "Hello, Claude!"'


@requirement("typescript:streams")
def test_the_typescript_sdk_reads_streams(run: Run) -> None:
    raw, helper = run("raw_stream")["facts"]["kinds"], run("stream_helper")["facts"]

    assert raw[:2] == ["message_start", "content_block_start"]
    assert raw[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert helper["text"] == "Grüße, 世界 🌍 line\u2028separator\n\n終わり"
    assert helper["same"]


@requirement("typescript:streams:blocks")
def test_the_typescript_sdk_adds_up_thoughts_and_calls(run: Run) -> None:
    facts = run("stream_blocks")["facts"]

    assert facts["thought"].startswith("The user wants the weather")
    assert [block["type"] for block in facts["message"]["content"]] == ["thinking", "tool_use"]
    assert facts["message"]["content"][1]["input"] == {"location": "Paris"}
    assert facts["message"]["stop_reason"] == "tool_use"


@requirement("typescript:streams:faults")
def test_the_typescript_sdk_raises_faults_of_a_stream(run: Run) -> None:
    broken, aborted = run("stream_error")["facts"], run("stream_aborted")["facts"]

    assert (broken["class"], broken["type"]) == ("APIError", "overloaded_error")
    assert broken["body"]["error"]["message"] == "Overloaded"
    assert aborted["class"] == "APIUserAbortError"


@requirement("typescript:files")
def test_the_typescript_sdk_works_with_files(run: Run) -> None:
    for found in run("files")["facts"]["found"]:
        assert shape_faults(FileMetadata, found["file"]) == []
        assert (found["file"]["filename"], found["file"]["size_bytes"]) == ("Übersicht.txt", 4)
        assert found["file"]["expires_at"]
        assert (found["listed"], found["deleted"]) == (True, "file_deleted")


@requirement("typescript:tools")
def test_the_typescript_sdk_runs_the_tool_loop(run: Run) -> None:
    by_hand, by_runner = run("tool_loop")["facts"], run("tool_runner")

    assert by_hand == {"reason": "tool_use", "text": "This is what I found: 15 degrees"}
    assert by_runner["facts"]["text"] == "This is what I found: sunny in Paris"
    # The first request asks for a thread and is declined; the others hold the whole history.
    assert ["thread" in each["body"] for each in by_runner["sent"]] == [True, False, False]


@requirement("typescript:parse")
def test_the_typescript_sdk_parses_structured_output(run: Run) -> None:
    assert run("parse")["facts"]["parsed"] == {"name": "Ada", "age": 36}


@requirement("typescript:count-tokens")
def test_the_typescript_sdk_counts_tokens(run: Run) -> None:
    facts = run("count_tokens")["facts"]

    assert facts["counted"] == facts["used"] > 0


@requirement("typescript:models")
def test_the_typescript_sdk_lists_models(run: Run) -> None:
    facts = run("models")["facts"]

    assert facts["count"] > 15
    assert facts["alias"] == "claude-sonnet-4-5-20250929"


@requirement("typescript:errors")
def test_the_typescript_sdk_raises_its_classes(run: Run) -> None:
    facts = run("errors")["facts"]

    classes = {status: fault["class"] for status, fault in facts.items()}
    assert classes == {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "402": "PaymentRequiredError",
        "403": "PermissionDeniedError",
        "404": "NotFoundError",
        "409": "ConflictError",
        "413": "ContentTooLargeError",
        "429": "RateLimitError",
        "500": "InternalServerError",
        "503": "ServiceUnavailableError",
        "504": "GatewayTimeoutError",
        "529": "OverloadedError",
    }
    assert all(str(fault["status"]) == status for status, fault in facts.items())


@requirement("typescript:wire")
def test_the_typescript_sdk_sends_the_newest_version_and_a_bearer(run: Run) -> None:
    [plain], [beta] = run("create")["sent"], run("beta")["sent"]

    assert plain["headers"]["anthropic-version"] == "2026-10-21"
    assert plain["headers"]["authorization"] == "Bearer sk-ant-test"
    assert "x-api-key" not in plain["headers"]
    assert beta["headers"]["anthropic-beta"] == "context-management-2025-06-27"
    assert run("beta")["facts"] == {"edits": []}
