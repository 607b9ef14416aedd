import json
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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
when = "wrong"
error = { status = 400, message = "messages.0: No." }

[[replies]]
when = "slow"
text = "one two three four five"
token_delay_s = 0.5

[[replies]]
text = "heard: {last_user_text}"
"""
NOT_THERE = "msgbatch_0123456789abcdefghijklmn"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("batches")
    with running_server(folder, config=CONFIG, files={"replies.toml": REPLIES}) as running:
        yield running
        assert not running.bugs()


def request(custom_id: str, text: str = "hello") -> str:
    messages = [{"role": "user", "content": text}]
    params = {"model": "claude-haiku-4-5", "max_tokens": 10, "messages": messages}
    return json.dumps({"custom_id": custom_id, "params": params}) + "\n"


def at(url: str) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "any"}


def test_a_file_is_sent_watched_and_its_results_brought_back(
    server: RunningServer, tmp_path: Path
) -> None:
    (tmp_path / "requests.jsonl").write_text("".join(request(f"r{nth}") for nth in range(30)))

    sent = run(
        *("batches", "submit", "requests.jsonl", "--watch"), folder=tmp_path, env=at(server.url)
    )
    batch_id = sent.stdout.strip()
    brought = run(
        *("batches", "results", batch_id, "-o", "out.jsonl"), folder=tmp_path, env=at(server.url)
    )
    piped = run("batches", "results", batch_id, folder=tmp_path, env=at(server.url))

    assert sent.returncode == 0
    assert batch_id.startswith("msgbatch_")
    assert sent.stderr.splitlines()[-2:] == [
        "ended  30 of 30",
        f"30 succeeded; antechamber batches results {batch_id}",
    ]
    assert (brought.returncode, brought.stderr) == (0, "written to out.jsonl\n")
    assert piped.stdout == (tmp_path / "out.jsonl").read_text()
    results = {
        each["custom_id"]: each["result"] for each in map(json.loads, piped.stdout.splitlines())
    }
    assert set(results) == {f"r{nth}" for nth in range(30)}
    assert results["r7"]["message"]["content"][0]["text"] == "heard: hello"
    assert not list(tmp_path.glob("*.part"))


def test_a_request_that_fails_fails_the_watching(server: RunningServer, tmp_path: Path) -> None:
    typed = request("good") + request("bad", "wrong")

    sent = run("batches", "submit", "-", folder=tmp_path, typed=typed, env=at(server.url))
    batch_id = sent.stdout.strip()
    watched = run("batches", "watch", batch_id, folder=tmp_path, env=at(server.url))

    assert sent.returncode == 0
    assert sent.stderr == f"Watch it: antechamber batches watch {batch_id}\n"
    assert watched.stdout == ""
    assert "1 succeeded, 1 errored; " in watched.stderr
    assert watched.returncode == 1


def test_nothing_is_sent_of_a_file_with_a_fault(server: RunningServer, tmp_path: Path) -> None:
    before = run("batches", "list", "--json", folder=tmp_path, env=at(server.url)).stdout
    typed = request("a") + request("b") + request("a")

    sent = run("batches", "submit", "-", folder=tmp_path, typed=typed, env=at(server.url))

    assert sent.stderr == (
        "error standard input: nothing was sent\nline 3: custom_id a is that of line 1 too\n"
    )
    assert (sent.stdout, sent.returncode) == ("", 2)
    assert run("batches", "list", "--json", folder=tmp_path, env=at(server.url)).stdout == before


def test_batches_are_listed(server: RunningServer, tmp_path: Path) -> None:
    run("batches", "submit", "-", folder=tmp_path, typed=request("a"), env=at(server.url))
    sent = run("batches", "submit", "-", folder=tmp_path, typed=request("b"), env=at(server.url))
    batch_id = sent.stdout.strip()
    run("batches", "watch", batch_id, folder=tmp_path, env=at(server.url))

    listed = run("batches", "list", "--limit", "1", folder=tmp_path, env=at(server.url))
    objects = run("batches", "list", "--json", folder=tmp_path, env=at(server.url))

    head, row = listed.stdout.splitlines()
    assert head.split()[:7] == [
        *("id", "status", "requests", "succeeded", "errored", "canceled", "expired")
    ]
    assert row.split()[:7] == [batch_id, "ended", "1", "1", "0", "0", "0"]
    assert listed.stderr == "more: --limit 10\n"
    assert json.loads(objects.stdout)[0]["id"] == batch_id


def test_a_batch_is_canceled(server: RunningServer, tmp_path: Path) -> None:
    typed = "".join(request(f"r{nth}", "slow") for nth in range(100))
    batch_id = run(
        "batches", "submit", "-", folder=tmp_path, typed=typed, env=at(server.url)
    ).stdout.strip()

    canceled = run("batches", "cancel", batch_id, folder=tmp_path, env=at(server.url))
    watched = run("batches", "watch", batch_id, folder=tmp_path, env=at(server.url))
    again = run("batches", "cancel", batch_id, folder=tmp_path, env=at(server.url))
    unknown = run("batches", "cancel", NOT_THERE, folder=tmp_path, env=at(server.url))

    assert canceled.stdout.split() == [batch_id, "canceling"]
    assert " canceled; " in watched.stderr
    assert again.stderr.startswith("error invalid_request_error: ")
    assert unknown.stderr.startswith("error not_found_error: ")
    assert again.returncode == unknown.returncode == 1


def test_a_batch_is_deleted_when_it_has_ended(server: RunningServer, tmp_path: Path) -> None:
    ended, runs = (
        run("batches", "submit", "-", folder=tmp_path, typed=typed, env=at(server.url))
        for typed in (request("a"), "".join(request(f"r{nth}", "slow") for nth in range(100)))
    )
    ended_id, running_id = ended.stdout.strip(), runs.stdout.strip()
    run("batches", "watch", ended_id, folder=tmp_path, env=at(server.url))

    deleted = run("batches", "delete", ended_id, folder=tmp_path, env=at(server.url))
    again = run("batches", "delete", ended_id, folder=tmp_path, env=at(server.url))
    early = run("batches", "delete", running_id, folder=tmp_path, env=at(server.url))
    run("batches", "cancel", running_id, folder=tmp_path, env=at(server.url))

    assert (deleted.returncode, deleted.stdout) == (0, f"deleted {ended_id}\n")
    assert again.stderr.startswith("error not_found_error: ")
    assert "cancel it before deleting it" in early.stderr
    assert again.returncode == early.returncode == 1


# ---- a server that is played ----


@dataclass
class Played:
    """A server whose one batch is in one state after the other."""

    states: list[dict[str, Any]]
    headers: list[dict[str, str]]
    results: tuple[int, bytes] = (0, b"")
    """The length that is announced, and what comes."""
    url: str = ""
    asked: list[str] = field(default_factory=list)
    reached_the_last: threading.Event = field(default_factory=threading.Event)

    def state(self) -> tuple[bytes, dict[str, str]]:
        if len(self.states) == 1:
            self.reached_the_last.set()
            return self._written(self.states[0]), self.headers[0]
        return self._written(self.states.pop(0)), self.headers.pop(0)

    def _written(self, state: dict[str, Any]) -> bytes:
        ended = state["processing_status"] == "ended"
        url = f"{self.url}/v1/messages/batches/{NOT_THERE}/results" if ended else None
        return json.dumps({**state, "results_url": url}).encode()


def batch(status: str, *, processing: int = 0, **counts: int) -> dict[str, Any]:
    at = "2026-11-22T10:00:00Z"
    none = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
    return {
        "id": NOT_THERE,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": {"processing": processing, **none, **counts},
        "created_at": at,
        "expires_at": at,
        "ended_at": at if status == "ended" else None,
        "cancel_initiated_at": None,
        "archived_at": None,
    }


def finished(count: int) -> dict[str, str]:
    return {"antechamber-finished-requests": str(count)}


@contextmanager
def playing(
    states: Sequence[dict[str, Any]],
    headers: Sequence[dict[str, str]],
    results: tuple[int, bytes] = (0, b""),
) -> Generator[Played]:
    played = Played(list(states), list(headers), results)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            played.asked.append(self.path)
            size, body, headers = 0, b"", dict[str, str]()
            if self.path.endswith("/results"):
                size, body = played.results
            else:
                body, headers = played.state()
                size = len(body)
            self.send_response(200)
            for name, value in {**headers, "content-length": str(size)}.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    played.url = f"http://127.0.0.1:{web.server_port}"
    try:
        yield played
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


def test_a_pipe_gets_a_line_for_each_tenth_and_each_state(tmp_path: Path) -> None:
    going = batch("in_progress", processing=2000)
    states = [going, going, going, batch("ended", succeeded=1500, canceled=500)]
    headers = [finished(0), finished(199), finished(250), {}]

    with playing(states, headers) as played:
        watched = run("batches", "watch", NOT_THERE, folder=tmp_path, env=at(played.url))

    assert watched.stderr.splitlines() == [
        "in progress  0 of 2,000",
        "in progress  250 of 2,000",
        "ended  2,000 of 2,000",
        f"1,500 succeeded, 500 canceled; antechamber batches results {NOT_THERE}",
    ]
    assert watched.returncode == 1


def test_a_server_that_tells_no_progress_is_watched_all_the_same(tmp_path: Path) -> None:
    states = [batch("in_progress", processing=5)] * 3 + [batch("ended", succeeded=5)]

    with playing(states, [{}] * 4) as played:
        watched = run("batches", "watch", NOT_THERE, folder=tmp_path, env=at(played.url))

    assert watched.stderr.splitlines()[:2] == ["in progress  5 requests", "ended  5 of 5"]
    assert watched.returncode == 0


def test_a_terminal_shows_a_bar_and_ctrl_c_leaves_the_batch_alone(tmp_path: Path) -> None:
    going = batch("in_progress", processing=2000)
    with (
        playing([going, going], [finished(3), finished(1234)]) as played,
        terminal("batches", "watch", NOT_THERE, folder=tmp_path, env=at(played.url)) as person,
    ):
        person.shown_until("in progress")
        person.shown_until("1,234 of 2,000")
        person.interrupt()
        person.shown_until(f"It goes on; watch it: antechamber batches watch {NOT_THERE}")

        assert person.exit_status() == 130

    assert all(path.endswith(NOT_THERE) for path in played.asked)


def test_results_that_break_off_leave_no_file(tmp_path: Path) -> None:
    line = b'{"custom_id":"a","result":{"type":"expired"}}\n'
    ended = [batch("ended", expired=2)]

    with playing(ended, [{}], (2 * len(line), line)) as played:
        brought = run(
            *("batches", "results", NOT_THERE, "-o", "out.jsonl"),
            folder=tmp_path,
            env=at(played.url),
        )

    assert brought.stderr.startswith("error the answer broke off")
    assert brought.returncode == 1
    assert not list(tmp_path.glob("out.jsonl*"))


@pytest.mark.parametrize(
    ("headers", "words"), [(finished(1), "1 of 2"), ({}, "2 requests")], ids=["told", "untold"]
)
def test_results_that_are_not_there_yet_are_told_so(
    tmp_path: Path, headers: dict[str, str], words: str
) -> None:
    with playing([batch("in_progress", processing=2)], [headers]) as played:
        brought = run(
            *("batches", "results", NOT_THERE, "-o", "out.jsonl"),
            folder=tmp_path,
            env=at(played.url),
        )

    assert brought.stderr == (
        f"error {NOT_THERE} has not ended ({words}): antechamber batches watch {NOT_THERE}\n"
    )
    assert (brought.stdout, brought.returncode) == ("", 1)
    assert not list(tmp_path.glob("out.jsonl*"))


@pytest.mark.parametrize("command", ["watch", "cancel", "delete", "results"])
def test_what_is_no_id_is_told_so(tmp_path: Path, command: str) -> None:
    refused = run("batches", command, "", folder=tmp_path, env=at("http://127.0.0.1:9"))

    assert "give the id, msgbatch_01…" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.returncode == 2


def test_what_a_terminal_gets_of_results_is_harmless(tmp_path: Path) -> None:
    line = '{"custom_id":"a","result":"\x9b2J"}\n'.encode()
    with (
        playing([batch("ended", expired=1)], [{}], (len(line), line)) as played,
        terminal("batches", "results", NOT_THERE, folder=tmp_path, env=at(played.url)) as person,
    ):
        person.shown_until("\ufffd2J")

        assert person.exit_status() == 0


def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    with playing([batch("ended", expired=1)], [{}]) as played:
        brought = run(
            *("batches", "results", NOT_THERE, "-o", "no/such/folder.jsonl"),
            folder=tmp_path,
            env=at(played.url),
        )

    assert brought.stderr == "error no/such/folder.jsonl: No such file or directory\n"
    assert brought.returncode == 2


@pytest.mark.parametrize("command", ["list", "watch", "cancel", "delete", "results"])
def test_what_is_no_messages_api_is_told_so(tmp_path: Path, command: str) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html><h1>Nothing here</h1></html>")

        do_POST = do_DELETE = do_GET  # noqa: N815 - as http.server calls it

        def log_message(self, format: str, *args: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{web.server_port}"
    try:
        named = [] if command == "list" else [NOT_THERE]
        said = run("batches", command, *named, folder=tmp_path, env=at(url))
    finally:
        web.shutdown()
        thread.join()
        web.server_close()

    assert said.stderr == f"error what answers at {url} is no Messages API (HTTP 200)\n"
    assert said.returncode == 1


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    listed = run("batches", "list", folder=tmp_path, env=at("http://127.0.0.1:9"))

    assert "http://127.0.0.1:9 cannot be reached" in listed.stderr
    assert listed.returncode == 1
