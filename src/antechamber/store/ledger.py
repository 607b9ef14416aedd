"""The ledger: one row for each request that an engine was asked for, and its sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    case,
    cast,
    func,
    literal,
    select,
    text,
    type_coerce,
)

from antechamber.store.columns import micros
from antechamber.store.tables import turns

Grouping = Literal[
    "workspace_id", "key_id", "model", "service_tier", "inference_geo", "speed", "context_window"
]
CostKind = Literal[
    "input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search"
]
"""What has a price of its own."""
_KINDS: tuple[CostKind, ...] = get_args(CostKind)
_PROMPT: Sequence[CostKind] = ("input", "cache_write_5m", "cache_write_1h", "cache_read")
_LONG_PROMPT_TOKENS = 200_000
_COUNTS = (
    "input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "thinking_tokens",
    "web_searches",
)
# In words that both databases understand.
_ADD_SPENT = text(
    "INSERT INTO spending (workspace_id, key_id, month, cost_nano_usd)"
    " VALUES (:workspace_id, :key_id, :month, :cost_nano_usd)"
    " ON CONFLICT (workspace_id, key_id, month)"
    " DO UPDATE SET cost_nano_usd = spending.cost_nano_usd + excluded.cost_nano_usd"
)
_SECOND = 1_000_000
_SIZES = (256, 64, 16, 4, 1)
"""Rows of one statement; 256 have 7,168 values, of the 32,766 that SQLite takes."""


class TurnRow(NamedTuple):
    """One row, in the order of the columns and as drivers take its values."""

    request_id: str
    started_at: int
    """Microseconds since 1970 UTC."""
    workspace_id: str
    key_id: str | None
    model: str
    engine: str
    upstream_model: str
    ending: str
    streams: bool
    service_tier: str
    inference_geo: str | None
    speed: str | None
    input_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    output_tokens: int
    thinking_tokens: int
    first_event_ms: int | None
    total_ms: int
    cost_nano_usd: int | None
    """None where nobody knows the model's prices."""
    input_cost_nano_usd: int | None = None
    cache_write_5m_cost_nano_usd: int | None = None
    cache_write_1h_cost_nano_usd: int | None = None
    cache_read_cost_nano_usd: int | None = None
    output_cost_nano_usd: int | None = None
    web_search_cost_nano_usd: int | None = None
    web_searches: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was spent in one month with one key; ``key_id`` is empty where there was none."""

    workspace_id: str
    key_id: str
    month: str
    cost_nano_usd: int


def add_turns(connection: Connection, rows: Sequence[TurnRow], spent: Sequence[Spent]) -> None:
    """Insert rows, and add to what was spent."""
    if rows:
        _insert_rows(connection, rows)
    for each in spent:
        _add_spent(connection, each)


def written(connection: Connection, rows: Sequence[TurnRow]) -> set[str]:
    """Return the ids of the requests among ``rows`` that are there already."""
    started = [row.started_at for row in rows]
    there = select(turns.c.request_id).where(
        type_coerce(turns.c.started_at, BigInteger).between(min(started), max(started))
    )
    return {row.request_id for row in rows} & set(connection.execute(there).scalars())


def _insert_rows(connection: Connection, rows: Sequence[TurnRow]) -> None:
    """Insert rows by the hundred, so that SQLite does its work in one go.

    Between two rows of an ``executemany`` it takes Python's lock back each time, which costs more
    than the row where another thread wants it too.
    """
    start = 0
    for size in _SIZES:
        statement = None
        while len(rows) - start >= size:
            statement = statement or _insertion(connection.dialect, size)
            values = tuple(chain.from_iterable(rows[start : start + size]))
            connection.exec_driver_sql(statement, values)
            start += size


def _insertion(dialect: Dialect, size: int) -> str:
    """Write the statement for ``size`` rows: the same text each time, which drivers remember."""
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    row = f"({', '.join([mark] * len(TurnRow._fields))})"
    columns = ", ".join(TurnRow._fields)
    return f"INSERT INTO {turns.name} ({columns}) VALUES {', '.join([row] * size)}"  # noqa: S608 - names of ours


def _add_spent(connection: Connection, each: Spent) -> None:
    values = {
        "workspace_id": each.workspace_id,
        "key_id": each.key_id,
        "month": each.month,
        "cost_nano_usd": each.cost_nano_usd,
    }
    connection.execute(_ADD_SPENT, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What the requests of one bucket and group come to."""

    bucket: int
    """Number of the bucket since ``starting_at``; 0 where there is but one."""
    group: Mapping[str, str | None]
    requests: int
    input_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    output_tokens: int
    thinking_tokens: int
    web_searches: int
    unpriced: int
    """Requests whose cost nobody knows: in the sums of costs they are nothing."""
    cost_nano_usd: int
    cost_by_kind: Mapping[CostKind, int]
    """Nano-dollars; what is missing of the sum is of requests whose cost has no kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time, the end not in it, cut into buckets."""

    starting_at: datetime
    ending_at: datetime
    bucket_s: int | None = None
    """None is one bucket."""


def sums(
    connection: Connection,
    span: Span,
    *,
    by: Sequence[Grouping] = (),
    only: Mapping[Grouping, Sequence[str]] | None = None,
) -> list[Sums]:
    """Return the sums of a time by bucket and group, in the order of both; empty ones are left out.

    ``only`` keeps the rows with one of the values in each of its columns.
    """
    started = type_coerce(turns.c.started_at, BigInteger)
    start = micros(span.starting_at)
    width = _SECOND * span.bucket_s if span.bucket_s else micros(span.ending_at) - start
    bucket = ((started - start) // max(1, width)).label("bucket")
    # By another name than the columns': PostgreSQL would group by what the column holds.
    groups = [_value(name).label(f"group_{name}") for name in by]
    costs = {kind: turns.c[f"{kind}_cost_nano_usd"] for kind in _KINDS}
    statement = (
        select(
            bucket,
            *groups,
            func.count().label("requests"),
            (func.count() - func.count(turns.c.cost_nano_usd)).label("unpriced"),
            *(func.coalesce(func.sum(turns.c[name]), 0).label(name) for name in _COUNTS),
            func.coalesce(func.sum(turns.c.cost_nano_usd), 0).label("cost_nano_usd"),
            *(func.coalesce(func.sum(cost), 0).label(kind) for kind, cost in costs.items()),
        )
        .where(turns.c.started_at >= span.starting_at, turns.c.started_at < span.ending_at)
        .group_by(bucket, *groups)
        .order_by(bucket, *groups)
    )
    for name, values in (only or {}).items():
        statement = statement.where(_value(name).in_(values))
    return [_sums(row, by) for row in connection.execute(statement).mappings()]


def _value(name: Grouping) -> ColumnElement[Any]:
    """Return what rows are grouped by, in the words of the reports.

    Source: platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages.
    """
    match name:
        case "inference_geo":
            return func.coalesce(turns.c.inference_geo, "not_available")
        case "speed":
            return func.coalesce(turns.c.speed, "standard")
        case "context_window":
            # Each fits into an integer of PostgreSQL; their sum need not.
            counts = (cast(turns.c[f"{kind}_tokens"], BigInteger) for kind in _PROMPT)
            is_long = sum(counts, literal(0)) > _LONG_PROMPT_TOKENS
            return case((is_long, "200k-1M"), else_="0-200k")
        case _:
            return turns.c[name]


def _sums(row: Mapping[Any, Any], by: Sequence[Grouping]) -> Sums:
    return Sums(
        bucket=int(row["bucket"]),
        group={name: row[f"group_{name}"] for name in by},
        requests=int(row["requests"]),
        unpriced=int(row["unpriced"]),
        cost_nano_usd=int(row["cost_nano_usd"]),
        cost_by_kind={kind: int(row[kind]) for kind in _KINDS},
        **{name: int(row[name]) for name in _COUNTS},
    )
