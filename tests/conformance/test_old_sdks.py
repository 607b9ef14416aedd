"""Programs written for the older majors of the official Python SDK, run by those SDKs."""

import base64
from pathlib import Path

import pytest

from tests.conformance.exchanges import events_of
from tests.conformance.manifest import FOLDER, requirement
from tests.conformance.sdk_programs import Run, steps_of
from tests.conformance.shapes import event_faults
from tests.servers import RunningServer
from tests.stream_grammar import check_stream, parse_sse

ENVIRONMENTS = Path(__file__).parents[2] / ".venv-sdk"

# The program of each major runs once, in the process that has these tests.
pytestmark = pytest.mark.xdist_group("old-sdks")


@pytest.fixture(params=["0", "1"])
def major(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def run(scripted: RunningServer, major: str) -> Run:
    """Return what one step of the program reported; the program runs once for each major."""
    interpreter = ENVIRONMENTS / major / "bin" / "python"
    if not interpreter.exists():
        pytest.skip(f"SDK {major}.x is not installed; `make setup-sdks` installs it")

    return steps_of(interpreter, FOLDER / "old_sdk_suite.py", scripted.url, folder=FOLDER)


@requirement("old-sdks:versions")
def test_the_environment_has_the_major_that_it_says(run: Run, major: str) -> None:
    assert run("version")["facts"]["version"].split(".")[0] == major


@requirement("old-sdks:create")
def test_older_sdks_create_messages(run: Run) -> None:
    facts = run("create")["facts"]

    assert facts["text"] == 'You said: "Hello"'
    assert (facts["stop_reason"], facts["role"]) == ("end_turn", "assistant")
    assert facts["id"].startswith("msg_")
    assert facts["request_id"].startswith("req_")
    assert min(facts["usage"]) > 0
    assert run("create_async")["facts"]["text"] == facts["text"]


@requirement("old-sdks:streams")
def test_older_sdks_read_streams(run: Run) -> None:
    helper, raw = run("stream_helper")["facts"], run("raw_stream")["facts"]["kinds"]

    assert helper["text"] == "Grüße, 世界 🌍 line\u2028separator\n\n終わり"
    assert (helper["same"], helper["reason"]) == (True, "end_turn")
    assert raw[:2] == ["message_start", "content_block_start"]
    assert raw[-3:] == ["content_block_stop", "message_delta", "message_stop"]


@requirement("old-sdks:streams:blocks")
def test_older_sdks_add_up_thoughts_and_calls(run: Run) -> None:
    facts = run("stream_helper_tools")["facts"]

    assert facts["blocks"] == ["thinking", "tool_use"]
    assert facts["input"] == {"location": "Paris"}
    assert facts["signed"]
    assert {"thinking", "signature", "input_json"} <= set(facts["kinds"])


@requirement("old-sdks:streams:grammar")
def test_older_sdks_get_the_same_stream_of_bytes(run: Run) -> None:
    stream = base64.b64decode(run("raw_bytes")["facts"]["bytes"])

    check_stream(parse_sse(stream))
    assert [fault for event in events_of(stream) for fault in event_faults(event)] == []


@requirement("old-sdks:tools")
def test_older_sdks_run_the_tool_loop(run: Run) -> None:
    by_hand, by_runner = run("tool_loop")["facts"], run("tool_runner")

    assert by_hand == {"reason": "tool_use", "text": "This is what I found: 15 degrees"}
    assert by_runner["facts"]["text"] == "This is what I found: sunny in Paris"
    assert len(by_runner["sent"]) == 2


@requirement("old-sdks:parse")
@pytest.mark.parametrize("step", ["parse", "parse_beta"])
def test_older_sdks_parse_structured_output(run: Run, step: str) -> None:
    assert run(step)["facts"] == {"name": "Ada", "age": 36}


@requirement("old-sdks:count-tokens")
def test_older_sdks_count_tokens(run: Run) -> None:
    facts = run("count_tokens")["facts"]

    assert facts["counted"] == facts["used"] > 0


@requirement("old-sdks:models")
def test_older_sdks_list_models(run: Run) -> None:
    facts = run("models")["facts"]

    assert facts["count"] > 15
    assert facts["alias"] == "claude-sonnet-4-5-20250929"


@requirement("old-sdks:errors")
def test_older_sdks_raise_their_classes(run: Run) -> None:
    facts = run("errors")["facts"]

    expected = {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "403": "PermissionDeniedError",
        "404": "NotFoundError",
        "409": "ConflictError",
        "413": "RequestTooLargeError",
        "429": "RateLimitError",
        "500": "InternalServerError",
    }
    assert {status: facts[status][0] for status in expected} == expected
    assert "OverloadedError" in facts["529"]
    assert all("APIStatusError" in names for names in facts.values())
    assert all(names[-1] == status for status, names in facts.items())


@requirement("old-sdks:errors:in-stream")
def test_older_sdks_raise_the_base_class_in_a_stream(run: Run) -> None:
    facts = run("error_in_stream")["facts"]

    assert facts["text"] == "This senten"
    assert (facts["class"], facts["status"]) == ("APIStatusError", 200)
    assert facts["body"]["error"] == {"type": "overloaded_error", "message": "Overloaded"}


@requirement("old-sdks:errors:validation")
def test_older_sdks_show_the_words_of_a_refusal(run: Run) -> None:
    facts = run("refused")["facts"]

    assert "messages: at least one message is required" in facts["message"]
    assert facts["body"]["error"]["type"] == "invalid_request_error"


@requirement("old-sdks:sampling")
def test_sampling_goes_as_an_argument_or_in_the_body(run: Run, major: str) -> None:
    facts = run("sampling")["facts"]

    assert facts == {"by": "argument" if major == "0" else "extra_body", "reason": "end_turn"}


@requirement("old-sdks:wire")
def test_older_sdks_send_the_older_version_and_the_key_in_its_own_header(run: Run) -> None:
    [plain], [beta] = run("create")["sent"], run("beta")["sent"]

    assert plain["headers"]["anthropic-version"] == "2023-06-01"
    assert plain["headers"]["x-api-key"] == "sk-ant-test"
    assert "authorization" not in plain["headers"]
    assert beta["url"].endswith("/v1/messages?beta=true")
    assert "context-management-2025-06-27" in beta["headers"]["anthropic-beta"]
    assert run("beta")["facts"] == {"edits": []}


@requirement("old-sdks:files")
def test_older_sdks_work_with_files(run: Run, major: str) -> None:
    report = run("files")

    expected = {
        "listed": [True, True],
        "looked_up": ["a.txt", 4],
        "deleted": ["file_deleted", "file_deleted"],
    }
    assert report["facts"]["found"] == [expected, expected]
    betas = report["sent"][0]["headers"].get("anthropic-beta", "")
    assert ("files-api-2025-04-14" in betas) == (major == "0")


@requirement("old-sdks:echo")
def test_older_sdks_send_back_what_came(run: Run) -> None:
    assert run("echo_unknown")["facts"] == {"reason": "end_turn"}
