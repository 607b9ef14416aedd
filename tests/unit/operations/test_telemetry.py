from dataclasses import dataclass
from typing import Any

import pytest

from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.operations.bookkeeping.telemetry import INSTRUMENTS, Telemetry
from antechamber.runtime.metrics import Meter, Numbers, combined
from tests.records import turn_record

TURN = turn_record(
    request_id="req_1",
    started_at=1_700_000_000.0,
    first_event_s=0.5,
    total_s=2.5,
    workspace_id="default",
    key_id=None,
    model="claude-opus-4-5",
    engine="gpu",
    upstream_model="large",
    ending="ended",
    streams=True,
    service_tier="standard",
    input_tokens=10,
    cache_write_5m_tokens=20,
    cache_write_1h_tokens=30,
    cache_read_tokens=40,
    output_tokens=5,
    thinking_tokens=2,
)


@dataclass
class Rows:
    rows_waiting: int
    rows_lost: int


@dataclass
class State:
    is_resting: bool
    running: int


def turn(**changes: Any) -> TurnRecord:
    return turn_record(TURN, **changes)


def numbers_of(*records: TurnRecord) -> Numbers:
    meter = Meter()
    Telemetry(meter, health={}, waiting=dict).observe(records)
    return meter.numbers()


def counts(numbers: Numbers, name: str) -> dict[tuple[str, ...], float]:
    return {labels: cell[0] for labels, cell in numbers[name].items() if cell[0]}


def test_requests_are_counted_by_model_engine_ending_and_stream() -> None:
    numbers = numbers_of(turn(), turn(), turn(streams=False), turn(ending="left"))

    assert counts(numbers, "antechamber_requests_total") == {
        ("claude-opus-4-5", "gpu", "ended", "true"): 2,
        ("claude-opus-4-5", "gpu", "ended", "false"): 1,
        ("claude-opus-4-5", "gpu", "left", "true"): 1,
    }


def test_tokens_are_counted_by_kind() -> None:
    numbers = numbers_of(turn(), turn())

    assert counts(numbers, "antechamber_tokens_total") == {
        ("claude-opus-4-5", "input"): 20,
        ("claude-opus-4-5", "cache_write_5m"): 40,
        ("claude-opus-4-5", "cache_write_1h"): 60,
        ("claude-opus-4-5", "cache_read"): 80,
        ("claude-opus-4-5", "output"): 10,
        ("claude-opus-4-5", "thinking"): 4,
    }


def test_a_hit_is_a_request_that_read_from_a_cache() -> None:
    numbers = numbers_of(turn(), turn(cache_read_tokens=0), turn())

    assert counts(numbers, "antechamber_cache_hits_total") == {("claude-opus-4-5", "gpu"): 2}


@pytest.mark.parametrize(
    ("ending", "error_type"),
    [
        ("overloaded_error", "overloaded_error"),
        ("status 404", "not_found_error"),
        ("status 429", "rate_limit_error"),
        ("status 529", "overloaded_error"),
        ("bug", "bug"),
        ("status 418", "other"),
        ("an error that an upstream made up", "other"),
    ],
)
def test_an_error_is_counted_by_its_published_type(ending: str, error_type: str) -> None:
    """T58: also one that comes when the stream has begun."""
    numbers = numbers_of(turn(ending=ending))

    assert counts(numbers, "antechamber_errors_total") == {(error_type, "gpu"): 1}
    assert counts(numbers, "antechamber_requests_total") == {
        ("claude-opus-4-5", "gpu", "failed", "true"): 1
    }


@pytest.mark.parametrize("ending", ["ended", "left", "cut"])
def test_what_did_not_fail_is_no_error(ending: str) -> None:
    assert "antechamber_errors_total" not in numbers_of(turn(ending=ending))


def test_refusals_are_counted_by_their_published_type() -> None:
    meter = Meter()
    telemetry = Telemetry(meter, health={}, waiting=dict)

    for error_type in ("invalid_request_error", "invalid_request_error", "of a script's own"):
        telemetry.count_refusal(error_type)

    assert counts(meter.numbers(), "antechamber_refusals_total") == {
        ("invalid_request_error",): 2,
        ("other",): 1,
    }


def observed(numbers: Numbers, name: str) -> tuple[float, float]:
    """Return how many values there are of it, and their sum."""
    (cell,) = numbers[name].values()
    return sum(cell[:-1]), cell[-1]


def test_times_are_those_of_the_record() -> None:
    numbers = numbers_of(turn(), turn())

    assert observed(numbers, "antechamber_time_to_first_event_seconds") == (2, 1.0)
    assert observed(numbers, "antechamber_request_duration_seconds") == (2, 5.0)


def test_between_tokens_is_the_rest_of_the_time_over_the_rest_of_the_tokens() -> None:
    numbers = numbers_of(turn(first_event_s=0.5, total_s=2.5, output_tokens=5))

    assert observed(numbers, "antechamber_inter_token_latency_seconds") == (1, 0.5)


@pytest.mark.parametrize(
    "changes", [{"streams": False}, {"output_tokens": 1}, {"first_event_s": None}]
)
def test_there_is_no_time_between_tokens_where_nobody_saw_it(changes: dict[str, Any]) -> None:
    numbers = numbers_of(turn(**changes))

    assert observed(numbers, "antechamber_inter_token_latency_seconds") == (0, 0)


def test_what_never_began_has_no_first_event() -> None:
    numbers = numbers_of(turn(first_event_s=None, ending="timeout_error"))

    assert observed(numbers, "antechamber_time_to_first_event_seconds") == (0, 0)
    assert observed(numbers, "antechamber_request_duration_seconds") == (1, 2.5)


def test_models_beyond_the_hundredth_share_a_name() -> None:
    numbers = numbers_of(*(turn(model=f"model-{number}") for number in range(103)), turn())

    models = counts(numbers, "antechamber_requests_total")
    assert len(models) == 101
    assert models["other", "gpu", "ended", "true"] == 4


def test_names_that_upstreams_make_up_do_not_add_up_in_memory() -> None:
    telemetry = Telemetry(Meter(), health={}, waiting=dict)

    telemetry.observe([turn(ending=f"made up {number}") for number in range(10_000)])

    assert len(telemetry._kinds) <= 4096


def test_engines_tell_how_they_are_when_the_numbers_are_asked_for() -> None:
    meter, state, waiting = Meter(), State(is_resting=False, running=0), {"gpu": 0}
    Telemetry(meter, health={"gpu": state}, waiting=lambda: waiting)

    state.is_resting, state.running, waiting["gpu"] = True, 3, 7

    numbers = meter.numbers()
    assert numbers["antechamber_engine_circuit_open"] == {("gpu",): [1]}
    assert numbers["antechamber_engine_requests_in_flight"] == {("gpu",): [3]}
    assert numbers["antechamber_queue_waiting"] == {("gpu",): [7]}


def test_what_requests_share_tells_how_it_is_when_the_numbers_are_asked_for() -> None:
    workers: list[Numbers] = []
    for rows, are_shared in ((Rows(3, 0), True), (Rows(4, 2), False)):
        meter = Meter()
        telemetry = Telemetry(meter, health={}, waiting=dict)
        telemetry.watch_ledger(rows)
        telemetry.watch_limits(lambda are_shared=are_shared: are_shared)
        workers.append(meter.numbers())

    together = combined(INSTRUMENTS, workers)

    assert together["antechamber_ledger_rows_waiting"] == {(): [7.0]}
    assert together["antechamber_ledger_rows_lost_total"] == {(): [2.0]}
    assert together["antechamber_limits_shared"] == {(): [0.0]}


def test_what_is_counted_has_an_instrument() -> None:
    names = {each.name for each in INSTRUMENTS}

    assert set(numbers_of(turn(), turn(ending="bug"))) <= names
    assert len(names) == len(INSTRUMENTS)
