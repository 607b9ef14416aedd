"""The part of assembly that builds what is told of the server: metrics and traces."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from antechamber.engines.base import Engine
from antechamber.http.metrics import MetricsEndpoint, listen_for_metrics, serve_metrics
from antechamber.operations.answering.health import EngineHealth
from antechamber.operations.bookkeeping.ledger import Observer
from antechamber.operations.bookkeeping.telemetry import INSTRUMENTS, Telemetry
from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock
from antechamber.runtime.metrics import Meter, watch_loop
from antechamber.runtime.shared_metrics import SharedMetrics, shared_directory
from antechamber.settings import Settings, default_engines

if TYPE_CHECKING:
    from antechamber.operations.bookkeeping.tracing import Tracing


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsPlace:
    """Where numbers meet and are read; made once, for all workers."""

    directory: Path | None = None
    """Where each of several workers leaves its numbers."""
    own_port: socket.socket | None = field(default=None, repr=False)


def metrics_place(settings: Settings, closing: ExitStack) -> MetricsPlace:
    """Return where the numbers are; raises ``ConfigurationError`` when their port is taken."""
    if not settings.metrics.enabled:
        return MetricsPlace()
    directory = None
    if settings.server.workers > 1:
        directory = closing.enter_context(shared_directory(settings.data_dir))
    own_port = listen_for_metrics(settings.metrics)
    if own_port is not None:
        closing.enter_context(own_port)
    return MetricsPlace(directory=directory, own_port=own_port)


class Observability:
    """What one process counts and traces."""

    def __init__(
        self,
        settings: Settings,
        place: MetricsPlace,
        clock: Clock,
        engines: Sequence[Engine],
        health: Mapping[str, EngineHealth],
    ) -> None:
        self._settings = settings
        self._place = place
        self._clock = clock
        self._engines = engines
        self._health = health
        self._meter = Meter()
        self.telemetry = Telemetry(self._meter, health=health, waiting=self._waiting)
        self._shared = SharedMetrics(self._meter, INSTRUMENTS, place.directory)
        self._endpoint = MetricsEndpoint(self._shared)
        self._tracing = _tracing(settings)

    @property
    def endpoint(self) -> MetricsEndpoint | None:
        """What answers ``GET /metrics`` on the server's own port; None where nothing does."""
        own_port = self._place.own_port
        return self._endpoint if self._settings.metrics.enabled and own_port is None else None

    @property
    def observers(self) -> Sequence[Observer]:
        """Who looks at the records of the ledger."""
        looking: list[Observer] = []
        if self._settings.metrics.enabled:
            looking.append(self.telemetry.observe)
        if self._tracing is not None:
            looking.append(self._tracing.observe)
        return looking

    def start(self, background: Background) -> None:
        """Begin what is measured all the time, and the server of a port of its own."""
        if not self._settings.metrics.enabled:
            return
        background.spawn("watch-loop", watch_loop(self._meter, self._clock))
        if self._place.directory is not None:
            background.spawn("share-metrics", self._shared.keep_leaving(self._clock))
        if self._place.own_port is not None:
            background.spawn("metrics-server", serve_metrics(self._endpoint, self._place.own_port))

    async def stop(self) -> None:
        """Leave the last numbers and send the last spans."""
        self._shared.leave()
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.close)

    def _waiting(self) -> dict[str, int]:
        return {
            engine.name: self._health[engine.name].waiting + getattr(engine, "waiting", 0)
            for engine in self._engines
        }


def _tracing(settings: Settings) -> "Tracing | None":
    if settings.tracing.endpoint is None:
        return None
    from antechamber.operations.bookkeeping.tracing import Tracing

    return Tracing(settings.tracing, default_engines(settings))
