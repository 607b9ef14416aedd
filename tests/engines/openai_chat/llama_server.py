"""A real llama-server as a child process on one core: the one of the local engine."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import _on_one_core

WINDOW = 1_024
_START_S = 60.0
_STOP_S = 20.0


@dataclass(frozen=True)
class Llama:
    """Where it listens, and the key that it asks for."""

    url: str
    key: str


@contextmanager
def llama_server(model: Path) -> Generator[Llama, None, None]:
    """Start it, wait until it has loaded ``model``, end it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    child = [*_on_one_core(), sys.executable, "-m", "antechamber.engines.local.llamacpp_child"]
    told = {
        "model": str(model),
        "port": port,
        "key": "a-key",
        "slots": 1,
        "context_tokens": WINDOW,
        "threads": 1,
        "workers": 1,
    }
    with subprocess.Popen(child, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(told).encode() + b"\n")
            process.stdin.flush()
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/health")
            yield Llama(url, "a-key")
        finally:
            process.stdin.close()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=_START_S):  # noqa: S310 - loopback
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
