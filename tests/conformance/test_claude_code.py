"""Claude Code as a client: ``claude -p`` with the address of a server and any key."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import SCRIPTED, StartServer
from tests.conformance.manifest import requirement
from tests.servers import RunningServer, running_server

CLAUDE = Path(__file__).parents[1] / "node" / "node_modules" / ".bin" / "claude"
REPLIES = """
[[replies]]
after_tool_result = true
when = "marker"
text = "The command said: {tool_result}"

[[replies]]
after_tool_result = true
when = "note"
text = "It is written."

[[replies]]
when = "marker"
[[replies.content]]
type = "thinking"
thinking = "A command will tell."
[[replies.content]]
type = "text"
text = "Let me look."
[[replies.content]]
type = "tool_use"
name = "Bash"
input = { command = "echo antechamber-was-here", description = "Say something" }

[[replies]]
when = "note"
[[replies.content]]
type = "tool_use"
name = "Write"
input = { file_path = "FOLDER/note.txt", content = "Dear diary" }

[[replies]]
text = "A plain answer."
"""
_TIMEOUT_S = 550

pytestmark = pytest.mark.skipif(
    not CLAUDE.exists(), reason="Claude Code is not installed; `make setup-node` installs it"
)


def claude(
    server: RunningServer, folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess:
    """Run Claude Code in a home of its own, without anything but the server to talk to."""
    home, work = folder / "home", folder / "work"
    home.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    return subprocess.run(
        [CLAUDE, *arguments],
        cwd=work,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ANTHROPIC_BASE_URL": server.url,
            "ANTHROPIC_API_KEY": "x",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def server(desk: Path) -> Iterator[RunningServer]:
    replies = REPLIES.replace("FOLDER", str(desk / "work"))
    with running_server(desk / "server", config=SCRIPTED, files={"replies.toml": replies}) as it:
        yield it
        assert not it.bugs()


@requirement("claude-code:text")
def test_claude_code_gets_a_text_reply(server: RunningServer, desk: Path) -> None:
    done = claude(server, desk, "-p", "Say hello", "--output-format", "json")

    assert done.returncode == 0, done.stderr + done.stdout
    result: dict[str, Any] = json.loads(done.stdout)
    assert (result["is_error"], result["result"]) == (False, "A plain answer.")
    assert result["num_turns"] == 1
    assert [event["ending"] for event in server.events("turn")] == ["ended"]
    # It closes its connection as soon as it has read the end, which is no leaving.
    assert not server.events("client_left")


@requirement("claude-code:tool-loop")
def test_claude_code_runs_a_command_and_reports_it(server: RunningServer, desk: Path) -> None:
    done = claude(server, desk, "-p", "Find the marker", "--allowedTools", "Bash(echo:*)")

    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.strip() == "The command said: antechamber-was-here"


@requirement("claude-code:tool-loop:files")
def test_claude_code_writes_a_file(server: RunningServer, desk: Path) -> None:
    done = claude(server, desk, "-p", "Write a note", "--allowedTools", "Write")

    assert done.stdout.strip() == "It is written."
    assert (desk / "work" / "note.txt").read_text(encoding="utf-8") == "Dear diary"


@requirement("claude-code:conversation")
def test_claude_code_goes_on_with_a_conversation(server: RunningServer, desk: Path) -> None:
    claude(server, desk, "-p", "Find the marker", "--allowedTools", "Bash(echo:*)")

    done = claude(server, desk, "-p", "And now say hello", "--continue", "--output-format", "json")

    result: dict[str, Any] = json.loads(done.stdout)
    assert (result["is_error"], result["result"]) == (False, "A plain answer.")


@requirement("claude-code:retry")
def test_claude_code_comes_back_to_a_busy_server(start_server: StartServer, desk: Path) -> None:
    busy = "[[replies]]\ntimes = 1\nerror = { status = 529, retry_after_s = 1 }\n"
    server = start_server(busy + '[[replies]]\ntext = "I have time now."')

    done = claude(server, desk, "-p", "Say hello")

    assert done.stdout.strip() == "I have time now."
    assert [event["status"] for event in server.events("refused")] == [529]


@requirement("claude-code:broken-stream")
def test_claude_code_gets_its_answer_after_a_broken_stream(
    start_server: StartServer, desk: Path
) -> None:
    broken = '[[replies]]\ntimes = 1\ntext = "This breaks off."\ncut_after = 0\n'
    server = start_server(broken + '[[replies]]\ntext = "Second try."')

    done = claude(server, desk, "-p", "Say hello")

    assert done.stdout.strip() == "Second try."


@requirement("claude-code:embedded:text")
# A model that small may go on for long before it ends its answer.
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("embedded")
def test_claude_code_gets_a_text_reply_of_the_embedded_model(
    embedded: RunningServer, desk: Path
) -> None:
    bare = ("--system-prompt", "You answer in one short sentence.", "--tools", "")

    asked = ("-p", "Say hello.", "--output-format", "json", *bare)
    # Many answers of that model go on until they are cut, which Claude Code reports.
    brief = {"CLAUDE_CODE_MAX_OUTPUT_TOKENS": "2000"}
    runs = (claude(embedded, desk, *asked, **brief) for _ in range(6))
    results: Iterator[dict[str, Any]] = (json.loads(done.stdout) for done in runs)
    result = next((each for each in results if not each["is_error"]), {"result": ""})

    assert result["result"].strip()


@requirement("claude-code:embedded:overflow")
@pytest.mark.xdist_group("embedded")
def test_claude_code_says_that_its_whole_prompt_is_too_long_for_the_embedded_model(
    embedded: RunningServer, desk: Path
) -> None:
    done = claude(embedded, desk, "-p", "Say hello.")

    assert done.returncode != 0
    assert "too long" in (done.stdout + done.stderr).lower()
