"""The server as a process: signals, workers, keys, silence, and clients that leave."""

import json
import os
import signal
import socket
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest

from tests.servers import RunningServer, running_server
from tests.stream_grammar import check_stream, parse_sse

_SCRIPTED = """
[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"
"""
_REPLIES = """
[[replies]]
when = "slow"
text = "one two three four five six seven eight nine ten"
token_delay_s = 0.15

[[replies]]
when = "never"
hang_after = 0
text = "unheard"

[[replies]]
text = "Hello"
"""
_VERSION = {"anthropic-version": "2023-06-01"}


def _body(text: str, *, stream: bool = False) -> dict[str, object]:
    return {
        "model": "claude-sonnet-4-5",
        "max_tokens": 100,
        "stream": stream,
        "messages": [{"role": "user", "content": text}],
    }


def _ask(server: RunningServer, text: str, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{server.url}/v1/messages", json=_body(text), headers=_VERSION | headers, timeout=30
    )


@contextmanager
def _begun(server: RunningServer, text: str) -> Generator[socket.socket, None, None]:
    """Give the connection of a request that the server has begun to answer."""
    request = json.dumps(_body(text)).encode()
    head = (
        b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nanthropic-version: 2023-06-01\r\n"
        b"content-length: %d\r\n\r\n" % len(request)
    )
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.settimeout(30)
        connection.sendall(head + request)
        # Answered only after the first request has begun: they share one event loop.
        assert _ask(server, "Hi").status_code == 200
        yield connection


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[RunningServer]:
    """Give a server on a script."""
    with running_server(tmp_path, config=_SCRIPTED, files={"replies.toml": _REPLIES}) as server:
        yield server


def test_a_termination_signal_lets_running_streams_finish(scripted: RunningServer) -> None:
    with httpx.stream(
        "POST",
        f"{scripted.url}/v1/messages",
        json=_body("slow", stream=True),
        headers=_VERSION,
        timeout=30,
    ) as response:
        chunks = response.iter_raw()
        received = next(chunks)

        scripted.terminate()
        received += b"".join(chunks)

    events = parse_sse(received)
    check_stream(events)
    assert events[-1][0] == "message_stop"
    assert scripted.wait() == 0


def test_a_stream_that_outlasts_the_drain_time_ends_with_an_error_event(tmp_path: Path) -> None:
    config = f"[server]\ndrain_s = 1\nping_s = 0.2\nfirst_event_grace_s = 0.1\n{_SCRIPTED}"
    with (
        running_server(tmp_path, config=config, files={"replies.toml": _REPLIES}) as server,
        httpx.stream(
            "POST",
            f"{server.url}/v1/messages",
            json=_body("never", stream=True),
            headers=_VERSION,
            timeout=30,
        ) as response,
    ):
        chunks = response.iter_raw()
        received = next(chunks)

        server.terminate()
        received += b"".join(chunks)
        # A second signal, which the end of the test sends, would cut its last words.
        server.wait()

    events = parse_sse(received)
    check_stream(events)
    assert events[-1][0] == "error"
    assert events[-1][1]["error"]["type"] == "overloaded_error"
    assert [event["message"] for event in server.events("refused")] == [
        "The server is shutting down."
    ]
    assert not server.events("client_left")


def test_a_whole_answer_that_outlasts_the_drain_time_is_refused(tmp_path: Path) -> None:
    config = f"[server]\ndrain_s = 0.5\n{_SCRIPTED}"
    with running_server(tmp_path, config=config, files={"replies.toml": _REPLIES}) as server:
        with _begun(server, "never") as connection:
            server.terminate()
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        assert server.wait() == 0

    head, _, content = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 529 ")
    assert b"request-id: req_" in head
    assert json.loads(content)["error"] == {
        "type": "overloaded_error",
        "message": "The server is shutting down.",
    }
    assert "Traceback" not in server.log
    (refused,) = server.events("refused")
    assert (refused["level"], refused["message"]) == ("warning", "The server is shutting down.")


def test_silence_is_filled_with_pings(tmp_path: Path) -> None:
    config = f"[server]\nping_s = 0.1\nfirst_event_grace_s = 0.1\n{_SCRIPTED}"
    with (
        running_server(tmp_path, config=config, files={"replies.toml": _REPLIES}) as server,
        httpx.stream(
            "POST",
            f"{server.url}/v1/messages",
            json=_body("never", stream=True),
            headers=_VERSION,
            timeout=30,
        ) as response,
    ):
        received = b""
        for chunk in response.iter_raw():
            received += chunk
            if received.count(b"event: ping") == 3:
                break

    names = [name for name, _ in parse_sse(received)]
    assert names[0] == "message_start"
    assert names.count("ping") == 3


def test_several_workers_serve_one_address_over_one_model(tmp_path: Path) -> None:
    config = f"[server]\nworkers = 2\n{_SCRIPTED}"
    with running_server(tmp_path, config=config, files={"replies.toml": _REPLIES}) as server:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: _ask(server, "Hi"), range(32)))
        workers = psutil.Process(server.pid).children()

    assert {answer.status_code for answer in answers} == {200}
    assert len(workers) >= 2


def test_no_worker_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    config = f"[server]\nworkers = 2\n{_SCRIPTED}"
    with running_server(tmp_path, config=config, files={"replies.toml": _REPLIES}) as server:
        workers = psutil.Process(server.pid).children()
        assert len(workers) >= 2

        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        _, alive = psutil.wait_procs(workers, timeout=20)

        assert alive == []


def test_a_client_that_leaves_ends_its_turn(scripted: RunningServer) -> None:
    with _begun(scripted, "never"):
        pass

    left: list[dict[str, object]] = []
    for _ in range(100):
        # Each answer gives the loop time to notice who has left.
        _ask(scripted, "Hi")
        left = [turn for turn in scripted.events("turn") if turn["ending"] == "left"]
        if left:
            break
    assert len(left) == 1


def test_a_key_is_asked_for_where_one_is_configured(tmp_path: Path) -> None:
    with running_server(
        tmp_path,
        config=_SCRIPTED,
        files={"replies.toml": _REPLIES},
        env={"ANTECHAMBER_API_KEYS": "first-key,second-key"},
    ) as server:
        none = _ask(server, "Hi")
        wrong = _ask(server, "Hi", **{"x-api-key": "first-ke"})
        wrong_bearer = _ask(server, "Hi", authorization="Bearer nope")
        by_header = _ask(server, "Hi", **{"x-api-key": "second-key"})
        by_bearer = _ask(server, "Hi", authorization="Bearer first-key")
        health = httpx.get(f"{server.url}/healthz")

    assert none.json()["error"]["message"] == "x-api-key header is required"
    assert wrong.json()["error"]["message"] == "invalid x-api-key"
    assert wrong_bearer.json()["error"]["message"] == "Invalid bearer token"
    assert [none.status_code, wrong.status_code, wrong_bearer.status_code] == [401, 401, 401]
    assert [by_header.status_code, by_bearer.status_code, health.status_code] == [200, 200, 200]
    assert "first-key" not in server.log


def test_a_server_without_keys_answers_only_to_its_own_names(scripted: RunningServer) -> None:
    own = [
        _ask(scripted, "Hi", host=name).status_code
        for name in ("localhost:1", "127.0.0.1", "[::1]:8787", "LOCALHOST.")
    ]
    foreign = _ask(scripted, "Hi", host="evil.example")

    assert set(own) == {200}
    assert foreign.status_code == 403
    assert foreign.json()["error"]["type"] == "permission_error"
    assert "antechamber keys create" in foreign.json()["error"]["message"]


def test_a_server_with_keys_answers_to_every_name(tmp_path: Path) -> None:
    with running_server(
        tmp_path,
        config=_SCRIPTED,
        files={"replies.toml": _REPLIES},
        env={"ANTECHAMBER_API_KEYS": "key"},
    ) as server:
        answer = _ask(server, "Hi", host="anything.example", **{"x-api-key": "key"})

    assert answer.status_code == 200


def test_what_is_not_served_is_told_so_without_a_version(scripted: RunningServer) -> None:
    with httpx.Client(base_url=scripted.url) as client:
        unknown = [client.get(path) for path in ("/", "/favicon.ico", "/v1/nothing")]
        probe = client.head("/")
        wrong = client.get("/v1/messages")
        wrong_too = client.delete("/v1/models")

    assert {answer.json()["error"]["type"] for answer in unknown} == {"not_found_error"}
    assert {answer.status_code for answer in [*unknown, probe]} == {404}
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert (wrong_too.status_code, wrong_too.headers["allow"]) == (405, "GET, HEAD")


def test_an_upgrade_to_a_socket_is_a_request_like_any_other(scripted: RunningServer) -> None:
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
    }

    answer = httpx.get(f"{scripted.url}/v1/messages", headers=upgrade)

    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_browsers_are_let_in_only_from_configured_origins(tmp_path: Path) -> None:
    config = f'[server]\ncors_origins = ["https://app.example"]\n{_SCRIPTED}'
    ask_first = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-api-key,anthropic-version,content-type",
    }
    with running_server(tmp_path, config=config, files={"replies.toml": _REPLIES}) as server:
        url = f"{server.url}/v1/messages"
        allowed = httpx.options(url, headers={"origin": "https://app.example", **ask_first})
        refused = httpx.options(url, headers={"origin": "https://evil.example", **ask_first})
        answer = _ask(server, "Hi", origin="https://app.example")

    assert allowed.status_code == 200
    assert allowed.headers["request-id"].startswith("req_")
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in refused.headers
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    readable = answer.headers["access-control-expose-headers"].split(", ")
    assert {"request-id", "antechamber-served-by", "antechamber-adjusted"} <= {*readable}


def test_listening_beyond_this_machine_needs_a_key(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="there is no API key yet"),
        running_server(
            tmp_path,
            config=_SCRIPTED,
            files={"replies.toml": _REPLIES},
            options=["--host", "0.0.0.0"],  # noqa: S104 - refused is what is tested
        ),
    ):
        pass


@pytest.mark.xdist_group("embedded")
def test_a_model_process_that_dies_is_started_again(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        assert _ask(server, "Hi").status_code == 200
        (model,) = psutil.Process(server.pid).children()

        os.kill(model.pid, signal.SIGKILL)
        model.wait(10)
        status = 0
        for _ in range(100):
            answer = _ask(server, "Hi")
            status = answer.status_code
            assert answer.json()["type"] == ("message" if status == 200 else "error")
            if status == 200:
                break

    assert status == 200
    assert "local_model_died" in server.log


@pytest.mark.xdist_group("embedded")
def test_no_model_process_outlives_a_server_that_was_killed(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        (model,) = psutil.Process(server.pid).children()

        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        model.wait(20)

        assert not model.is_running()
