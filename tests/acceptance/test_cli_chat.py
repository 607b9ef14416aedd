import json
import socket
import subprocess
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.command_line import run, terminal
from tests.servers import RunningServer, running_server

CONFIG = """
[[engines]]
name = "replies"
type = "scripted"
script = "replies.toml"
"""
REPLIES = r"""
[[replies]]
when = '(?i)weather'
[[replies.content]]
type = "thinking"
thinking = "There is a tool for that."
[[replies.content]]
type = "text"
text = "Let me look."
[[replies.content]]
type = "tool_use"
name = "get_weather"
input = { city = "Paris" }

[[replies]]
after_tool_result = true
text = "It is {tool_result} there."

[[replies]]
when = "(?i)long"
text = "one two three four five six seven eight nine ten eleven twelve"
token_delay_s = 0.2

[[replies]]
when = "(?i)busy"
times = 1
error = { status = 529, retry_after_s = 0 }

[[replies]]
when = "(?i)busy"
text = "I have time now."

[[replies]]
when = "(?i)wrong"
error = { status = 400, message = "messages.0: No." }

[[replies]]
when = "(?i)break"
text = "This will never be finished."
fail_after = { events = 3, type = "overloaded_error", message = "Overloaded" }

[[replies]]
when = "(?i)cut"
text = "This will never be finished."
cut_after = 3

[[replies]]
when = "(?i)forbidden"
stop_reason = "refusal"
stop_details = { type = "refusal", category = "cyber", explanation = "This is not allowed." }

[[replies]]
when = "(?i)escape"
text = "before\u001b]0;title\u0007after"

[[replies]]
text = '{model} heard: {last_user_text}'
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("chat")
    with running_server(folder, config=CONFIG, files={"replies.toml": REPLIES}) as running:
        yield running


def test_a_pipe_gives_the_answers_alone(server: RunningServer, tmp_path: Path) -> None:
    typed = "hello\n\n/quit is text\\\nagain\n"

    chat = run("chat", "--base-url", server.url, folder=tmp_path, typed=typed)

    assert chat.stdout == f"claude-sonnet-5-5 heard: {typed}"
    assert chat.stderr == ""
    assert chat.returncode == 0


def test_each_line_of_a_pipe_can_be_a_message_or_an_order(
    server: RunningServer, tmp_path: Path
) -> None:
    typed = "hello\n/model claude-haiku-4-5\nagain\n"

    chat = _lines(server, typed, folder=tmp_path)

    assert chat.stdout == "claude-sonnet-5-5 heard: hello\nclaude-haiku-4-5 heard: again\n"
    assert chat.stderr == ""
    assert chat.returncode == 0


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("/sytem x", "no command /sytem"),
        ("/load nowhere.json", "nowhere.json: cannot be read"),
    ],
)
def test_an_order_that_fails_in_a_pipe_fails_the_command(
    server: RunningServer, tmp_path: Path, order: str, said: str
) -> None:
    chat = _lines(server, f"{order}\nhello\n", folder=tmp_path)

    assert said in chat.stderr
    assert chat.stdout == "claude-sonnet-5-5 heard: hello\n"
    assert chat.returncode == 1


def test_a_pipe_without_a_result_for_a_call_fails_plainly(
    server: RunningServer, tmp_path: Path
) -> None:
    chat = run("chat", "--base-url", server.url, folder=tmp_path, typed="weather")

    assert "the model called get_weather, and there is no result for it" in chat.stderr
    assert "Traceback" not in chat.stderr
    assert chat.returncode == 1


def test_an_empty_pipe_is_told_so(server: RunningServer, tmp_path: Path) -> None:
    chat = run("chat", "--base-url", server.url, folder=tmp_path, typed="\n")

    assert "standard input is empty" in chat.stderr
    assert chat.returncode == 2


def test_the_address_and_the_model_can_come_from_outside(
    server: RunningServer, tmp_path: Path
) -> None:
    env = {"ANTHROPIC_BASE_URL": f"{server.url}/v1/", "ANTHROPIC_API_KEY": "any"}

    chat = run("chat", "claude-haiku-4-5", folder=tmp_path, typed="hello", env=env)

    assert chat.stdout == "claude-haiku-4-5 heard: hello\n"


def test_the_server_gets_the_whole_conversation(server: RunningServer, tmp_path: Path) -> None:
    chat = _lines(server, "hello\nagain\n/usage\n", folder=tmp_path)

    *_, head, first, second, total = chat.stdout.splitlines()
    assert head.split() == ["model", "input", "cache", "read", "cache", "write", "output"]
    assert int(second.split()[2]) > int(first.split()[2])
    assert total.split()[0] == "total"


def test_a_tool_call_is_answered_by_the_person(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text(
        json.dumps([{"name": "get_weather", "input_schema": {"type": "object"}}])
    )
    typed = "/tools tools.json\nWhat is the weather?\nsunny\nThanks\n"

    chat = _lines(server, typed, "--thinking", folder=tmp_path)

    assert chat.stdout.splitlines() == [
        "Let me look.",
        '→ get_weather {"city":"Paris"}',
        "It is sunny there.",
        "claude-sonnet-5-5 heard: Thanks",
    ]
    assert "[thinking] There is a tool for that.\n" in chat.stderr
    assert chat.returncode == 0


def test_keys_and_bearer_tokens_let_in(tmp_path: Path) -> None:
    keys = '[server]\napi_keys = ["good"]\n'
    with running_server(
        tmp_path / "server", config=keys + CONFIG, files={"replies.toml": REPLIES}
    ) as closed:
        env = {"ANTHROPIC_BASE_URL": closed.url}
        none = run("chat", folder=tmp_path, typed="hello", env=env)
        key = run("chat", "--api-key", "good", folder=tmp_path, typed="hello", env=env)
        token = run(
            "chat", folder=tmp_path, typed="hello", env={**env, "ANTHROPIC_AUTH_TOKEN": "good"}
        )

    assert none.stderr.startswith(
        "error authentication_error: x-api-key header is required (HTTP 401, req_"
    )
    assert none.stderr.endswith("This server wants a key: --api-key or ANTHROPIC_API_KEY\n")
    assert none.returncode == 1
    assert key.stdout == token.stdout == "claude-sonnet-5-5 heard: hello\n"


def test_the_sdk_repeats_what_a_busy_server_refused(server: RunningServer, tmp_path: Path) -> None:
    chat = run("chat", "--base-url", server.url, folder=tmp_path, typed="busy?")

    assert chat.stdout == "I have time now.\n"


def test_a_failed_message_is_told_in_one_line_and_not_kept(
    server: RunningServer, tmp_path: Path
) -> None:
    typed = "wrong\nbreak\ncut\nforbidden\n/save failed.json\nhello\n"

    chat = _lines(server, typed, folder=tmp_path)

    wrong, broken, cut, refused, saved = chat.stderr.splitlines()
    assert wrong.startswith("error invalid_request_error: messages.0: No. (HTTP 400, req_")
    assert broken.startswith("error overloaded_error: Overloaded (in the stream, req_")
    assert cut.startswith("error ")
    assert refused == "[refused: This is not allowed.]"
    assert saved.startswith("saved to ")
    assert json.loads((tmp_path / "failed.json").read_text())["messages"] == []
    assert chat.stdout.endswith("claude-sonnet-5-5 heard: hello\n")
    assert chat.returncode == 1


def test_a_saved_conversation_is_gone_on_with(server: RunningServer, tmp_path: Path) -> None:
    options = ("claude-opus-5-5", "--system", "Be brief.")
    _lines(server, "hello\n/save talk.json\n", *options, folder=tmp_path)

    chat = _lines(server, "/load talk.json\n/system\nagain\n/usage\n", folder=tmp_path)

    system, answer, *table = chat.stdout.splitlines()
    assert system == "Be brief."
    assert answer == "claude-opus-5-5 heard: again"
    assert len(table) == 4  # head, the request that was saved, the new one, total


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    chat = run("chat", "--base-url", "http://127.0.0.1:9", folder=tmp_path, typed="hello")

    assert "http://127.0.0.1:9 cannot be reached" in chat.stderr
    assert "Start one with: antechamber serve\n" in chat.stderr
    assert "Traceback" not in chat.stderr
    assert chat.returncode == 1


def test_a_model_that_is_not_served_is_told_with_some_that_are(tmp_path: Path) -> None:
    models = '[[models]]\nid = "my-model"\nengines = ["replies"]\n'
    with running_server(
        tmp_path / "server", config=CONFIG + models, files={"replies.toml": REPLIES}
    ) as few:
        chat = run("chat", "mymodel", "--base-url", few.url, folder=tmp_path, typed="hello")

    assert chat.stderr.startswith("error not_found_error: model: mymodel (HTTP 404, req_")
    assert chat.stderr.endswith("\nIt serves my-model\n")
    assert chat.returncode == 1


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    ("kind", "body"),
    [("text/html", "<html><h1>Nothing here</h1></html>"), ("application/json", '{"detail": "x"}')],
)
def test_a_page_in_place_of_an_answer_is_not_shown(
    tmp_path: Path, status: int, kind: str, body: str
) -> None:
    with _answering(status, kind, body) as url:
        chat = run("chat", "--base-url", url, folder=tmp_path, typed="hello")

    assert "Messages API" in chat.stderr
    assert chat.stderr.count("error") == 1
    assert "<h1>" not in chat.stderr
    assert "detail" not in chat.stderr
    assert chat.returncode == 1


def test_the_address_of_the_configuration_here_is_asked(
    server: RunningServer, tmp_path: Path
) -> None:
    port = server.url.rsplit(":", 1)[1]
    (tmp_path / "antechamber.toml").write_text(f"[server]\nport = {port}\n")

    chat = run("chat", folder=tmp_path, typed="hello")

    assert chat.stdout == "claude-sonnet-5-5 heard: hello\n"


def test_a_configuration_that_is_broken_does_not_keep_from_talking(tmp_path: Path) -> None:
    (tmp_path / "antechamber.toml").write_text("[server]\nprot = 1\n")

    chat = run("chat", folder=tmp_path, typed="")

    assert "server.prot: unknown key" in chat.stderr
    assert "taken to be http://127.0.0.1:8787" in chat.stderr
    assert "standard input is empty" in chat.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--api-key", "schlüssel"], "--api-key must be one or more visible ASCII characters"),
        (["--base-url", "no address"], "cannot be reached"),
        (["--max-tokens", "0"], "--max-tokens"),
    ],
)
def test_options_that_cannot_be_used_are_told_plainly(
    tmp_path: Path, options: list[str], said: str
) -> None:
    chat = run("chat", *options, folder=tmp_path, typed="hello")

    assert said in chat.stderr
    assert "Traceback" not in chat.stderr
    assert chat.returncode in (1, 2)


def test_ctrl_c_stops_an_answer_and_keeps_what_has_come(
    server: RunningServer, tmp_path: Path
) -> None:
    with terminal("chat", "--base-url", server.url, folder=tmp_path) as person:
        person.shown_until("you> ")
        person.type("a long one\n")
        person.shown_until("one two three")
        person.interrupt()
        person.shown_until("[stopped]")
        person.shown_until("you> ")
        person.type("/save stopped.json\n")
        person.shown_until("saved to")
        person.type("go on\n")
        person.shown_until("heard: go on")
        person.type("/quit\n")

        assert person.exit_status() == 0

    user, assistant = json.loads((tmp_path / "stopped.json").read_text())["messages"]
    assert user["content"][0]["text"] == "a long one"
    assert assistant["content"][0]["text"].startswith("one two three")
    assert "twelve" not in assistant["content"][0]["text"]


def test_ctrl_c_before_an_answer_takes_the_message_back(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        terminal("chat", "--base-url", _url(silent), folder=tmp_path) as person,
    ):
        person.shown_until("you> ")
        person.type("hello\n")
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(65_536).startswith(b"POST /v1/messages ")
            person.interrupt()
            person.shown_until("[your message was taken back]")
            person.shown_until("you> ")
            person.end_input()

            assert person.exit_status() == 0


def test_ctrl_c_at_the_prompt_drops_the_line_and_ctrl_d_leaves(
    server: RunningServer, tmp_path: Path
) -> None:
    with terminal("chat", "--base-url", server.url, folder=tmp_path) as person:
        person.shown_until("you> ")
        person.type("never sent")
        person.shown_until("never sent")
        person.interrupt()
        person.shown_until("you> ")
        person.end_input()

        assert person.exit_status() == 0


def test_a_tool_call_can_be_left_without_a_result(server: RunningServer, tmp_path: Path) -> None:
    with terminal("chat", "--base-url", server.url, folder=tmp_path) as person:
        person.shown_until("you> ")
        person.type("weather\n")
        person.shown_until("get_weather gives> ")
        person.end_input()
        person.shown_until("[your message was taken back]")
        person.shown_until("you> ")
        person.end_input()

        assert person.exit_status() == 0


def test_a_terminal_shows_colours_and_does_not_obey_the_model(
    server: RunningServer, tmp_path: Path
) -> None:
    with terminal("chat", "--base-url", server.url, folder=tmp_path) as person:
        person.shown_until("you> ")
        person.type("escape\n")
        person.shown_until("before␛]0;title␇after")
        person.type("/quit\n")
        person.exit_status()

    assert "\x1b[1;36m" in person.raw
    assert "\x1b]0;title" not in person.raw


def test_no_color_is_heeded(server: RunningServer, tmp_path: Path) -> None:
    env = {"NO_COLOR": "1"}
    with terminal("chat", "--base-url", server.url, folder=tmp_path, env=env) as person:
        person.shown_until("you> ")
        person.type("/quit\n")
        person.exit_status()

    assert "36m" not in person.raw


def _lines(
    server: RunningServer, typed: str, *options: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Pipe what a person would type."""
    return run(*("chat", *options, "--lines", "--base-url", server.url), folder=folder, typed=typed)


@contextmanager
def _answering(status: int, kind: str, body: str) -> Generator[str]:
    """Run a web server that is none of the Messages API."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()
    return f"http://{host}:{port}"
