"""Keeps the child process that runs a model alive, for all workers of this server."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from antechamber.engines.local.runners import CANNOT_LOAD, LLAMACPP, Runner
from antechamber.engines.local.stand_in import refuse_until
from antechamber.runtime.clock import Clock

_log = structlog.get_logger("antechamber.engines.local")
_MOST_RESTARTS = 5
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 30.0
_HEALTHY_S = 300.0
"""A child that lived as long was well; its death is the first again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOrder:
    """What the child is to load."""

    model: Path
    slots: int
    context_tokens: int
    threads: int
    workers: int
    """Processes that send requests, each as many at a time as there are slots."""
    prompt_cache_mib: int
    """Most memory for prompts that were read and are in no slot any more."""
    runners: tuple[Runner, ...] = (LLAMACPP,)
    """What is to run it; where one cannot, the next one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAddress:
    """Where the child listens, and the key that it asks for."""

    url: str
    key: str = field(repr=False)


class Restarts:
    """How soon a child that died is started again, and when that is given up."""

    def __init__(self, *, most: int = _MOST_RESTARTS) -> None:
        self.most = most
        self._in_a_row = 0

    @property
    def in_a_row(self) -> int:
        """How many deaths there were without a long life between them."""
        return self._in_a_row

    def pause_after(self, lived_s: float) -> float | None:
        """Return the seconds to wait after a life of ``lived_s``, None to give up."""
        self._in_a_row = 1 if lived_s >= _HEALTHY_S else self._in_a_row + 1
        if self._in_a_row > self.most:
            return None
        return min(_FIRST_PAUSE_S * 4.0 ** (self._in_a_row - 1), _LONGEST_PAUSE_S)


class ModelHost:
    """Starts the child and starts it again when it dies; ``close`` ends it.

    The port stays the same for every child: workers have been told it. It is free when the host is
    made; should something else take it while no child listens, the next child fails to start.
    When no child is started any more, a stand-in answers there: that is how workers learn of it.
    """

    def __init__(self, order: ModelOrder, clock: Clock, restarts: Restarts | None = None) -> None:
        self._order = order
        self._clock = clock
        self._restarts = restarts or Restarts()
        self._runner, *self._others = order.runners
        self._log = _log.bind(model=str(order.model), pid=os.getpid())
        self._port = _free_port()
        self._key = secrets.token_urlsafe(32)
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = threading.Thread(target=self._watch, name="model-host", daemon=True)

    @property
    def address(self) -> HostAddress:
        """Known before the child listens; clients wait for its ``/health``."""
        return HostAddress(url=f"http://127.0.0.1:{self._port}", key=self._key)

    def start(self) -> None:
        """Start the child; returns at once."""
        self._spawn()
        self._watcher.start()

    def close(self) -> None:
        """End the child and wait for it."""
        self._closing.set()
        process = self._process
        if process is None:
            return
        _close_input(process)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _spawn(self) -> None:
        line = {
            "model": str(self._order.model),
            "port": self._port,
            "key": self._key,
            "slots": self._order.slots,
            "context_tokens": self._order.context_tokens,
            "threads": self._order.threads,
            "workers": self._order.workers,
            "prompt_cache_mib": self._order.prompt_cache_mib,
        }
        self._process = subprocess.Popen(  # noqa: S603 - a module of ours
            [sys.executable, "-m", self._runner.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # Not in our process group: Ctrl-C is for us, and running streams are to be finished.
            start_new_session=True,
        )
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(line).encode() + b"\n")  # noqa: TID251
            self._process.stdin.flush()

    def _watch(self) -> None:
        while (process := self._process) is not None:
            started = self._clock.monotonic()
            last = self._last_line(process)
            status = process.wait()
            if self._closing.is_set():
                return
            _close_input(process)
            pause_s = self._restarts.pause_after(self._clock.monotonic() - started)
            if self._others and (status == CANNOT_LOAD or self._restarts.in_a_row > 1):
                # It says that it cannot, or dies of the same again.
                self._fall_back(last)
                continue
            self._log.error("local_model_died", status=status, said=last)
            if pause_s is None:
                self._log.error("local_model_given_up", deaths=self._restarts.in_a_row)
                refuse_until(self._closing, self._port)
                return
            if self._closing.wait(pause_s):
                return
            self._spawn()

    def _fall_back(self, said: str) -> None:
        """Leave the model to the next runner, for as long as this server lives."""
        failed, self._runner = self._runner, self._others.pop(0)
        self._log.warning(
            "local_model_falls_back", failed=failed.name, now=self._runner.name, said=said
        )
        self._restarts = Restarts(most=self._restarts.most)
        self._spawn()

    def _last_line(self, process: subprocess.Popen[bytes]) -> str:
        """Drain the child's standard error, which must not fill up, and keep its last line."""
        last = b""
        with process.stderr or contextlib.nullcontext(()) as lines:
            for line in lines:
                last = line.strip() or last
                self._log.debug("local_model", line=last.decode("utf-8", "replace"))
        return last.decode("utf-8", "replace")[-500:]


def _close_input(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
