"""A real Valkey or Redis as a child process, on a free port of this machine."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from redis import Redis
from redis.exceptions import RedisError

_START_S = 20.0
_STOP_S = 10.0
_TRIES = 3
"""A port that is free when it is chosen may not be a moment later."""

VALKEY = shutil.which("valkey-server") or shutil.which("redis-server")

needs_valkey = pytest.mark.skipif(
    VALKEY is None, reason="neither valkey-server nor redis-server is installed"
)


@dataclass(slots=True, kw_only=True)
class RunningValkey:
    """A server that answers."""

    url: str
    port: int
    _process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        """End it at once, as a failure would; ``running_valkey(port)`` is the next one there."""
        self._process.kill()
        self._process.wait(_STOP_S)

    def hang(self) -> None:
        """Let it answer nothing until ``go_on``."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def running_valkey(port: int | None = None) -> Generator[RunningValkey, None, None]:
    """Start a server that keeps everything in memory, wait until it answers, stop it at the end."""
    assert VALKEY is not None, "neither valkey-server nor redis-server is installed"
    server = _started(VALKEY, port)
    try:
        yield server
    finally:
        server.stop()


def _started(program: str, port: int | None) -> RunningValkey:
    for _ in range(_TRIES):
        chosen = port or _free_port()
        process = subprocess.Popen(
            [program, "--port", str(chosen), "--bind", "127.0.0.1", "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        if _answers(process, chosen):
            url = f"redis://127.0.0.1:{chosen}/0"
            return RunningValkey(url=url, port=chosen, _process=process)
        process.kill()
        process.wait(_STOP_S)
    message = f"{program} does not start"
    raise AssertionError(message)


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + _START_S
    with Redis(port=port) as client:
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(RedisError):
                # Another server may have got the port.
                if client.info("server")["process_id"] == process.pid:
                    return True
            time.sleep(0.01)
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
