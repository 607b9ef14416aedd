"""A real llama-server as a child process on one core: the one of the local engine."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.servers import _on_one_core

WINDOW = 1_024
_START_S = 60.0
_STOP_S = 20.0


@dataclass(frozen=True)
class Llama:
    """Where it listens, and the key that it asks for."""

    url: str
    key: str

    def post(self, path: str, body: object) -> Any:
        """Ask it for the JSON at ``path``."""
        asked = urllib.request.Request(  # noqa: S310 - loopback
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"authorization": f"Bearer {self.key}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=_START_S) as answer:  # noqa: S310
            return json.load(answer)


def llama_server(model: Path) -> AbstractContextManager[Llama]:
    """Start it, wait until it has loaded ``model``, end it."""
    told = {
        "slots": 1,
        "context_tokens": WINDOW,
        "threads": 1,
        "workers": 1,
        "prompt_cache_mib": 0,
    }
    return _running("antechamber.engines.local.llamacpp_child", model, told)


def llama_server_with(
    model: Path, template: str, *, thoughts: Literal["NONE", "AUTO"]
) -> AbstractContextManager[Llama]:
    """Do so with another chat template; ``thoughts`` is its ``--reasoning-format``."""
    told = {"template": template, "thoughts": thoughts}
    return _running("tests.engines.openai_chat.template_child", model, told)


@contextmanager
def _running(module: str, model: Path, more: Mapping[str, object]) -> Generator[Llama, None, None]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    child = [*_on_one_core(), sys.executable, "-m", module]
    told = {"model": str(model), "port": port, "key": "a-key", **more}
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
