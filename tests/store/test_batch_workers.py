"""Who works on batches, and who does no more: many processes share one PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, text, update

from antechamber.store.batch_workers import forget, lock_dead, sign_in, sign_out
from antechamber.store.database import Database
from antechamber.store.tables import batch_workers

_LONG = timedelta(seconds=20)


@pytest.fixture
def shared(database: Database) -> Database:
    """A database that many processes share."""
    if database.is_sqlite:
        pytest.skip("one process works on batches")
    return database


def _sign_in(database: Database, *names: str) -> None:
    for name in names:
        database.write_now(partial(sign_in, worker_id=name))


def _seen_at(database: Database, name: str) -> datetime:
    statement = select(batch_workers.c.seen_at).where(batch_workers.c.id == name)
    return database.read_now(lambda it: it.execute(statement).scalar_one())


def _let_pass(database: Database, name: str, time: timedelta) -> None:
    """Have a worker not be seen for a while."""
    earlier = _seen_at(database, name) - time
    statement = update(batch_workers).where(batch_workers.c.id == name).values(seen_at=earlier)
    database.write_now(lambda it: it.execute(statement))


def _dead(
    database: Database, *, unseen_for: timedelta | None = _LONG, but: str = "me"
) -> Sequence[str]:
    return database.write_now(partial(lock_dead, unseen_for=unseen_for, but=but))


def _time_there(database: Database) -> datetime:
    now = text("SELECT extract(epoch FROM clock_timestamp())")
    seconds = database.read_now(lambda it: it.execute(now).scalar_one())
    return datetime.fromtimestamp(float(seconds), UTC)


def test_a_sign_of_life_is_of_the_time_that_the_database_has(shared: Database) -> None:
    before = _time_there(shared)

    _sign_in(shared, "a")

    slack = timedelta(milliseconds=1)
    assert before - slack <= _seen_at(shared, "a") <= _time_there(shared) + slack


def test_a_worker_is_dead_when_it_was_not_seen_for_long(shared: Database) -> None:
    _sign_in(shared, "a", "b", "c")
    _let_pass(shared, "a", 2 * _LONG)
    _let_pass(shared, "b", _LONG / 2)

    assert _dead(shared) == ["a"]


def test_a_worker_that_comes_back_is_not_dead(shared: Database) -> None:
    _sign_in(shared, "a")
    _let_pass(shared, "a", 2 * _LONG)

    _sign_in(shared, "a")

    assert _dead(shared) == []


def test_nobody_takes_over_from_himself(shared: Database) -> None:
    _sign_in(shared, "me")
    _let_pass(shared, "me", 2 * _LONG)

    assert _dead(shared) == []


def test_who_may_not_judge_takes_over_from_those_alone_that_have_left(shared: Database) -> None:
    _sign_in(shared, "a", "b")
    _let_pass(shared, "a", 2 * _LONG)

    shared.write_now(partial(sign_out, worker_id="b"))
    dead = _dead(shared, unseen_for=None)
    shared.write_now(partial(forget, workers=dead))

    assert dead == ["b"]
    assert _dead(shared) == ["a"]


def test_two_do_not_take_over_from_the_same_worker(shared: Database) -> None:
    _sign_in(shared, "a")
    _let_pass(shared, "a", 2 * _LONG)

    with shared.engine.begin() as one, shared.engine.begin() as other:
        first = lock_dead(one, unseen_for=_LONG, but="me")
        second = lock_dead(other, unseen_for=_LONG, but="another")

    assert (first, second) == (["a"], [])
