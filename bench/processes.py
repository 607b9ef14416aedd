"""The two servers that are compared, each as a process of its own."""

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import psutil

from antechamber.runtime.cores import available_cores

KEY = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers."""

    url: str
    process: subprocess.Popen[bytes]
    healthy_s: float
    """From the start of the process to its first answer."""
    ready_s: float
    """From the start of the process to a loaded model."""

    def memory_mb(self) -> tuple[float, float]:
        """Return resident megabytes of the process itself, and of its children together."""
        own = psutil.Process(self.process.pid)
        children = own.children(recursive=True)
        total = sum(child.memory_info().rss for child in children)
        return own.memory_info().rss / 1e6, total / 1e6


@contextlib.contextmanager
def antechamber(data_dir: Path, *, slots: int = 4) -> Generator[Running, None, None]:
    """Run the server on its embedded model."""
    port = free_port()
    config = data_dir / "bench.toml"
    config.write_text(f'[[engines]]\nname = "embedded"\ntype = "local"\nslots = {slots}\n')
    command = [sys.executable, "-m", "antechamber", "serve", "--port", str(port)]
    command += ["--data-dir", str(data_dir), "--config", str(config)]
    with _running(command, None, port, health="/healthz", ready="/readyz") as running:
        yield running


@contextlib.contextmanager
def llama_server(model: Path, *, slots: int = 4) -> Generator[Running, None, None]:
    """Run the same model on llama.cpp's own HTTP interface, with the same settings."""
    port = free_port()
    order = {
        "model": str(model),
        "port": port,
        "key": KEY,
        "slots": slots,
        "context_tokens": 8192,
        "threads": available_cores(),
        "workers": 1,
    }
    command = [sys.executable, "-m", "antechamber.engines.local.llamacpp_child"]
    with _running(command, order, port, health="/health", ready="/health") as running:
        yield running


@contextlib.contextmanager
def _running(
    command: list[str], order: dict[str, object] | None, port: int, *, health: str, ready: str
) -> Generator[Running, None, None]:
    started = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        if order is not None and process.stdin is not None:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
        healthy_s = _wait(url + health, started)
        ready_s = _wait(url + ready, started)
        yield Running(url=url, process=process, healthy_s=healthy_s, ready_s=ready_s)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        process.wait(timeout=30)


def _wait(url: str, started: float) -> float:
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {KEY}"})
    while time.monotonic() - started < 120:
        try:
            with urllib.request.urlopen(request, timeout=1):
                return time.monotonic() - started
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    message = f"{url} did not answer"
    raise TimeoutError(message)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
