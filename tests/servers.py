"""A real server as a child process: on a free port, with a folder of its own, stopped by its id."""

import json
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.commands import Process, bare_environment, start

_ADDRESS = re.compile(r"listens on (http://\S+)")
_START_S = 30.0
_STOP_S = 20.0
_LAST_WORDS_S = 5.0


class ServerFailed(AssertionError):
    """The server did not do what every test takes for granted; carries what it logged."""


@dataclass(slots=True, kw_only=True)
class RunningServer:
    """A server that answers."""

    url: str
    pid: int
    folder: Path
    _process: Process
    _lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        """Everything that the server has written so far."""
        return "".join(self._lines)

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the structured log lines, those of one event where ``name`` is given."""
        parsed = [_as_event(line) for line in self._lines]
        return [event for event in parsed if event and name in (None, event.get("event"))]

    def bugs(self) -> list[dict[str, Any]]:
        """Return the faults of the server's own that it has logged; a healthy one has none."""
        return self.events("bug")

    def terminate(self) -> None:
        """Ask it to finish, as an init system would; ``wait`` tells when it has."""
        self._process.terminate()

    def wait(self, timeout_s: float = _STOP_S) -> int:
        """Return the exit code; raises ``subprocess.TimeoutExpired``."""
        return self._process.wait(timeout_s)


@contextmanager
def running_server(
    folder: Path,
    *,
    config: str | None = None,
    files: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    ready_within_s: float = 60.0,
) -> Generator[RunningServer, None, None]:
    """Start ``antechamber serve`` in ``folder``, wait until it is ready, stop it at the end.

    ``config`` becomes the configuration file, ``files`` stand beside it. Without ``config`` it is
    the first run of a person who has configured nothing: the embedded model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (files or {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    command = ["serve", "--port", "0", "--data-dir", str(folder / "data"), *options]
    if config is not None:
        (folder / "server.toml").write_text(config, encoding="utf-8")
        command += ["--config", str(folder / "server.toml")]
    output, theirs = os.pipe()
    with Path(os.devnull).open() as nothing, os.fdopen(theirs, "w") as said:
        process = start(
            command,
            folder=folder,
            env={**bare_environment(), **(env or {})},
            files=(nothing.fileno(), said.fileno(), said.fileno()),
            through=_on_one_core() if _runs_a_model(config) else (),
        )
    lines: list[str] = []
    address: Future[str] = Future()
    reader = threading.Thread(target=_collect, args=(output, lines, address), daemon=True)
    reader.start()
    try:
        server = RunningServer(
            url=address.result(_START_S),
            pid=process.pid,
            folder=folder,
            _process=process,
            _lines=lines,
        )
        not_ready = _wait_until_ready(server.url, ready_within_s)
        if not_ready is None:
            yield server
        else:
            # If it is dying it has more to say.
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_WORDS_S)
    finally:
        _stop(process)
        reader.join(_STOP_S)
    if not_ready is not None:
        message = f"It did not become ready ({not_ready}):\n{server.log}"
        raise ServerFailed(message)


def _runs_a_model(config: str | None) -> bool:
    return config is None or 'type = "local"' in config


def _on_one_core() -> list[str]:
    """Return the words that bind a server to one core, so that its model gets one thread.

    llama.cpp's threads wait for each other without sleeping: where another process takes one of
    their cores from time to time, as the other tests do, several are ten times slower than one.
    """
    if shutil.which("taskset") is None:
        return []
    return ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0)))]


def _collect(output: int, lines: list[str], address: "Future[str]") -> None:
    with open(output, encoding="utf-8") as written:
        for line in written:
            lines.append(line)
            found = _ADDRESS.search(line)
            if found and not address.done():
                address.set_result(found.group(1))
    if not address.done():
        address.set_exception(ServerFailed(f"It did not start:\n{''.join(lines)}"))


def _wait_until_ready(url: str, within_s: float) -> str | None:
    """Ask until it is ready, or return what it said last; while it loads each answer takes time."""
    deadline = time.monotonic() + within_s
    while True:
        status, body = _readiness(url)
        if status == 200:
            return None
        if "loading" not in body or time.monotonic() > deadline:
            return f"{status} {body}"


def _readiness(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=_START_S) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def _stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_S)


def _as_event(line: str) -> dict[str, Any] | None:
    try:
        parsed = json.loads(line)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
