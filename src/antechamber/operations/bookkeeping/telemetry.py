"""What the metrics say about requests, made of their records when they are over.

Nothing here is on a request's way: the ledger's writer brings the records in groups.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.runtime.metrics import INSTRUMENTS as OF_THE_PROCESS
from antechamber.runtime.metrics import Cell, Instrument, Labels, Meter, observe
from antechamber.wire.errors import (
    BillingRefused,
    Conflict,
    EngineFailed,
    EngineTimedOut,
    InvalidRequest,
    NotFound,
    Overloaded,
    PermissionRefused,
    RateLimited,
    RequestTooLarge,
    Unauthenticated,
)

_OTHER = "other"
_MOST_MODELS = 100
"""A pattern in ``[[models]]`` lets requests name any number; those after it are one."""
_MOST_KINDS = 4096
_ENDINGS = frozenset(("ended", "left", "cut"))
_TYPES_BY_STATUS = {
    f"status {each.status}": each.type
    for each in (
        InvalidRequest,
        Unauthenticated,
        BillingRefused,
        PermissionRefused,
        NotFound,
        Conflict,
        RequestTooLarge,
        RateLimited,
        EngineFailed,
        EngineTimedOut,
        Overloaded,
    )
}
_TYPES = frozenset(("bug", *_TYPES_BY_STATUS.values()))
"""Relayed errors carry what an upstream makes of them, so only published ones are told apart."""

# The bounds are those of the GenAI conventions of OpenTelemetry, and some more for models that
# run on a CPU: opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics
_FIRST_EVENT_S = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    *(20.0, 40.0, 80.0),
)
_TOKEN_S = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
_TOTAL_S = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
    *(163.84, 327.68, 655.36),
)

_REQUESTS = Instrument(
    name="antechamber_requests_total",
    kind="counter",
    help="Requests that an engine was asked for, by how they ended: ended, left, cut, failed.",
    labels=("model", "engine", "ending", "streams"),
)
_ERRORS = Instrument(
    name="antechamber_errors_total",
    kind="counter",
    help="Requests that an engine was asked for and that ended in an error, by its type.",
    labels=("type", "engine"),
)
_REFUSALS = Instrument(
    name="antechamber_refusals_total",
    kind="counter",
    help="Requests answered with an HTTP error, by its type, whether or not an engine was asked.",
    labels=("type",),
)
_TOKENS = Instrument(
    name="antechamber_tokens_total",
    kind="counter",
    help="Tokens of requests, by kind. Thinking is part of output; the other kinds are disjoint.",
    labels=("model", "kind"),
)
_CACHE_HITS = Instrument(
    name="antechamber_cache_hits_total",
    kind="counter",
    help="Requests of whose input some was read from a prompt cache.",
    labels=("model", "engine"),
)
_FIRST_EVENT = Instrument(
    name="antechamber_time_to_first_event_seconds",
    kind="histogram",
    help="From the request's head to the first event of its answer.",
    labels=("model", "engine"),
    bounds=_FIRST_EVENT_S,
)
_BETWEEN_TOKENS = Instrument(
    name="antechamber_inter_token_latency_seconds",
    kind="histogram",
    help="Average time between two output tokens of a streamed answer.",
    labels=("model", "engine"),
    bounds=_TOKEN_S,
)
_TOTAL = Instrument(
    name="antechamber_request_duration_seconds",
    kind="histogram",
    help="From the request's head to the end of its answer.",
    labels=("model", "engine"),
    bounds=_TOTAL_S,
)
_WAITING = Instrument(
    name="antechamber_queue_waiting",
    kind="gauge",
    help="Requests that wait for an engine.",
    labels=("engine",),
)
_IN_FLIGHT = Instrument(
    name="antechamber_engine_requests_in_flight",
    kind="gauge",
    help="Requests that an engine works on.",
    labels=("engine",),
)
_CIRCUIT = Instrument(
    name="antechamber_engine_circuit_open",
    kind="gauge",
    help="Workers that send the engine nothing for now, because it has failed; 0 is well.",
    labels=("engine",),
)
_LIMITS_SHARED = Instrument(
    name="antechamber_limits_shared",
    kind="gauge",
    help="1 is well; 0 while a worker counts rate limits by itself, as its last request found. "
    "Only where redis_url is set.",
    combine=min,
)
_LEDGER_WAITING = Instrument(
    name="antechamber_ledger_rows_waiting",
    kind="gauge",
    help="Requests that are over and not in the database yet.",
)
_LEDGER_LOST = Instrument(
    name="antechamber_ledger_rows_lost_total",
    kind="counter",
    help="Requests that could not be brought into the database: reports and budgets miss them.",
)
INSTRUMENTS = (
    *(_REQUESTS, _ERRORS, _REFUSALS, _TOKENS, _CACHE_HITS),
    *(_FIRST_EVENT, _BETWEEN_TOKENS, _TOTAL, _WAITING, _IN_FLIGHT, _CIRCUIT),
    *(_LIMITS_SHARED, _LEDGER_WAITING, _LEDGER_LOST, *OF_THE_PROCESS),
)
"""Everything that is shown, in this order."""


class EngineState(Protocol):
    """What ``health.EngineHealth`` says of its engine."""

    @property
    def is_resting(self) -> bool:
        """Whether nothing is sent at all for now."""
        ...

    @property
    def running(self) -> int:
        """How many requests it works on."""
        ...


class LedgerState(Protocol):
    """What the ledger says of itself."""

    @property
    def rows_waiting(self) -> int:
        """How many records are not written yet."""
        ...

    @property
    def rows_lost(self) -> int:
        """How many were given up since the process started."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """The cells of records that are alike."""

    requests: Cell
    errors: Cell | None
    input: Cell
    cache_write_5m: Cell
    cache_write_1h: Cell
    cache_read: Cell
    output: Cell
    thinking: Cell
    cache_hits: Cell
    first_event: Cell
    between_tokens: Cell
    total: Cell


class Telemetry:
    """Counts what requests were like. The two ways to tell it of one may be in two threads."""

    def __init__(
        self,
        meter: Meter,
        *,
        health: Mapping[str, EngineState],
        waiting: Callable[[], Mapping[str, int]],
    ) -> None:
        """``health`` and what ``waiting`` returns are by the name of the engine."""
        self._meter = meter
        self._models: set[str] = set()
        self._kinds: dict[tuple[str, str, str, bool], _Kind] = {}
        self._refusals: dict[str, Cell] = {}
        meter.read(lambda: _of_engines(health, waiting()))

    def watch_ledger(self, ledger: LedgerState) -> None:
        """Tell how ``ledger`` does whenever the numbers are asked for."""
        self._meter.read(
            lambda: {
                _LEDGER_WAITING.name: {(): ledger.rows_waiting},
                _LEDGER_LOST.name: {(): ledger.rows_lost},
            }
        )

    def watch_limits(self, are_shared: Callable[[], bool]) -> None:
        """Tell whether limits are counted together with other processes, as they are to be."""
        self._meter.read(lambda: {_LIMITS_SHARED.name: {(): are_shared()}})

    def observe(self, records: Sequence[TurnRecord]) -> None:
        """Count a group of requests; from one thread at a time."""
        kinds = self._kinds
        for record in records:
            key = (record.model, record.engine, record.ending, record.streams)
            _count(record, kinds.get(key) or self._new_kind(record, key))

    def count_refusal(self, error_type: str) -> None:
        """Count a request that was answered with an HTTP error; from one thread at a time."""
        cell = self._refusals.get(error_type)
        if cell is None:
            cell = self._refusals[error_type] = self._meter.cell(_REFUSALS, _type_of(error_type))
        cell[0] += 1

    def _new_kind(self, record: TurnRecord, key: tuple[str, str, str, bool]) -> _Kind:
        model, engine = self._label_of_model(record.model), record.engine
        ending = record.ending if record.ending in _ENDINGS else "failed"

        def tokens(kind: str) -> Cell:
            return self._meter.cell(_TOKENS, model, kind)

        def of_both(instrument: Instrument) -> Cell:
            return self._meter.cell(instrument, model, engine)

        error = _type_of(record.ending) if ending == "failed" else None
        streams = "true" if record.streams else "false"
        if len(self._kinds) >= _MOST_KINDS:
            # They only lead to the cells, which stay.
            self._kinds.clear()
        kind = self._kinds[key] = _Kind(
            requests=self._meter.cell(_REQUESTS, model, engine, ending, streams),
            errors=None if error is None else self._meter.cell(_ERRORS, error, engine),
            input=tokens("input"),
            cache_write_5m=tokens("cache_write_5m"),
            cache_write_1h=tokens("cache_write_1h"),
            cache_read=tokens("cache_read"),
            output=tokens("output"),
            thinking=tokens("thinking"),
            cache_hits=of_both(_CACHE_HITS),
            first_event=of_both(_FIRST_EVENT),
            between_tokens=of_both(_BETWEEN_TOKENS),
            total=of_both(_TOTAL),
        )
        return kind

    def _label_of_model(self, model: str) -> str:
        if model not in self._models and len(self._models) >= _MOST_MODELS:
            return _OTHER
        self._models.add(model)
        return model


def _count(record: TurnRecord, kind: _Kind) -> None:
    counts = record.counts
    kind.requests[0] += 1
    if kind.errors is not None:
        kind.errors[0] += 1
    kind.input[0] += counts.input_tokens
    kind.cache_write_5m[0] += counts.cache_write_5m_tokens
    kind.cache_write_1h[0] += counts.cache_write_1h_tokens
    if counts.cache_read_tokens:
        kind.cache_read[0] += counts.cache_read_tokens
        kind.cache_hits[0] += 1
    kind.output[0] += counts.output_tokens
    kind.thinking[0] += counts.thinking_tokens
    observe(kind.total, _TOTAL_S, record.total_s)
    first_s = record.first_event_s
    if first_s is not None:
        observe(kind.first_event, _FIRST_EVENT_S, first_s)
        if record.streams and counts.output_tokens > 1:
            between_s = (record.total_s - first_s) / (counts.output_tokens - 1)
            observe(kind.between_tokens, _TOKEN_S, between_s)


def _type_of(ending: str) -> str:
    error_type = _TYPES_BY_STATUS.get(ending, ending)
    return error_type if error_type in _TYPES else _OTHER


def _of_engines(
    health: Mapping[str, EngineState], waiting: Mapping[str, int]
) -> Mapping[str, Mapping[Labels, float]]:
    return {
        _WAITING.name: {(engine,): number for engine, number in waiting.items()},
        _IN_FLIGHT.name: {(engine,): each.running for engine, each in health.items()},
        _CIRCUIT.name: {(engine,): each.is_resting for engine, each in health.items()},
    }
