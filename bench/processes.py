"""The servers that are compared, each as a process of its own."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from antechamber.runtime.cores import available_cores

KEY = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers."""

    url: str
    port: int
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

    def cpu_s(self) -> float:
        """Return the seconds that the process and its children have computed."""
        own = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
        return sum(each.user + each.system for each in times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What starts a server, and where it then answers."""

    command: Sequence[str]
    port: int
    health: str
    ready: str
    order: dict[str, object] | None = None
    """Goes to its standard input."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: Path | None = None
    log: Path | None = None


class NotStarted(RuntimeError):
    """A server did not come up."""


@contextlib.contextmanager
def antechamber(
    data_dir: Path, *, slots: int = 4, completer: str = "auto"
) -> Generator[Running, None, None]:
    """Run the server on its embedded model."""
    engine = f'type = "local"\nslots = {slots}\ncompleter = "{completer}"'
    with _serving(data_dir, engine) as server:
        yield server


@contextlib.contextmanager
def scripted(data_dir: Path) -> Generator[Running, None, None]:
    """Run the server on an engine that answers at once."""
    (data_dir / "replies.toml").write_text('[[replies]]\ntext = "The sea, they say."\n')
    with _serving(data_dir, 'type = "scripted"\nscript = "replies.toml"') as server:
        yield server


@contextlib.contextmanager
def _serving(data_dir: Path, engine: str) -> Generator[Running, None, None]:
    port = free_port()
    config = data_dir / "bench.toml"
    config.write_text(f'[[engines]]\nname = "measured"\n{engine}\n')
    command = [sys.executable, "-m", "antechamber", "serve", "--port", str(port)]
    command += ["--data-dir", str(data_dir), "--config", str(config)]
    launch = Launch(command=command, port=port, health="/healthz", ready="/readyz")
    with running(launch) as server:
        yield server


@contextlib.contextmanager
def llama_server(model: Path, *, slots: int = 4) -> Generator[Running, None, None]:
    """Run the same model on llama.cpp's own HTTP interface, with the same settings."""
    port = free_port()
    order: dict[str, object] = {
        "model": str(model),
        "port": port,
        "key": KEY,
        "slots": slots,
        "prompt_cache_mib": 2048,
        "context_tokens": 8192,
        "threads": available_cores(),
        "workers": 1,
    }
    command = [sys.executable, "-m", "antechamber.engines.local.llamacpp_child"]
    launch = Launch(command=command, port=port, health="/health", ready="/health", order=order)
    with running(launch) as server:
        yield server


@contextlib.contextmanager
def running(launch: Launch) -> Generator[Running, None, None]:
    """Run a server until the context is left; raises ``NotStarted``."""
    started = time.monotonic()
    with contextlib.ExitStack() as closing:
        output = closing.enter_context(launch.log.open("wb")) if launch.log else subprocess.DEVNULL
        process = subprocess.Popen(
            launch.command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, **launch.environment},
            cwd=launch.folder,
        )
        closing.callback(_stop, process)
        if launch.order is not None and process.stdin is not None:
            process.stdin.write(json.dumps(launch.order).encode() + b"\n")
            process.stdin.flush()
        url = f"http://127.0.0.1:{launch.port}"
        healthy_s = _wait(url + launch.health, process, started)
        ready_s = _wait(url + launch.ready, process, started)
        yield Running(
            url=url, port=launch.port, process=process, healthy_s=healthy_s, ready_s=ready_s
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], started: float) -> float:
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {KEY}"})
    while time.monotonic() - started < 120:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(request, timeout=1):
                return time.monotonic() - started
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    message = f"{url} did not answer"
    raise NotStarted(message)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
