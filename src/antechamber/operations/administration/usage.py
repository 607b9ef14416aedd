"""What was used, by time and group, as reports show it: the sums of the ledger in whole buckets."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from antechamber.operations.administration.workspaces import workspace_names
from antechamber.store.keys import KeyFilter, list_keys
from antechamber.store.ledger import CostKind, Grouping, Span, Sums, sums
from antechamber.wire.errors import InvalidRequest

__all__ = [
    "Bucket",
    "BucketWidth",
    "By",
    "CostKind",
    "Grouping",
    "Report",
    "ReportOrder",
    "Sums",
    "Used",
    "report",
    "used",
]

BucketWidth = Literal["1d", "1h", "1m"]
By = Literal["day", "model", "key", "workspace"]
_PAGE = "page_"
_COLUMNS: Mapping[By, Grouping] = {
    "model": "model",
    "key": "key_id",
    "workspace": "workspace_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Width:
    seconds: int
    usual: int
    """Buckets of a report that does not say how many."""
    most: int


# platform.claude.com/docs/en/build-with-claude/usage-cost-api
_WIDTHS: Mapping[BucketWidth, _Width] = {
    "1d": _Width(seconds=86_400, usual=7, most=31),
    "1h": _Width(seconds=3_600, usual=24, most=168),
    "1m": _Width(seconds=60, usual=60, most=1_440),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrder:
    """Which part of the ledger is wanted."""

    starting_at: datetime
    """The bucket that it lies in is the first one."""
    ending_at: datetime | None = None
    """Buckets that end until then; None is all, with the one that is still being filled."""
    width: BucketWidth = "1d"
    limit: int | None = None
    """Buckets of a page; None is the usual number."""
    page: str | None = None
    """The ``next_page`` of the report before."""
    by: Sequence[Grouping] = ()
    only: Mapping[Grouping, Sequence[str]] = field(default_factory=dict[Grouping, Sequence[str]])
    """Values of which a row has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A piece of time, the end not in it, and what was used in it, by group; nothing for nobody."""

    starting_at: datetime
    ending_at: datetime
    sums: Sequence[Sums]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Buckets without a gap, empty ones included, and where the rest begins."""

    buckets: Sequence[Bucket]
    next_page: str | None


def report(connection: Connection, order: ReportOrder, *, now: datetime) -> Report:
    """Sum up the ledger; raises ``InvalidRequest`` for what no report can be."""
    width = _WIDTHS[order.width]
    step = timedelta(seconds=width.seconds)
    if order.ending_at is not None and order.ending_at <= order.starting_at:
        message = "ending_at: Input should be after starting_at"
        raise InvalidRequest(message)
    first = _snapped(_position(order.page) if order.page else order.starting_at, width)
    end = _snapped(order.ending_at or now + step, width)
    there = max(0, (end - first) // step)
    count = min(there, _count(order.limit, width))
    buckets = _buckets(connection, order, first, step, count) if count else []
    more = count < there
    return Report(buckets=buckets, next_page=_page(first + count * step) if more else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used on a day, of a model, with a key or in a workspace."""

    id: str | None
    """None is no key of its own: one of the configuration, or none at all."""
    name: str
    hint: str | None = None
    """Beginning and end of a key: several may have one name."""
    sums: Sums


def used(
    connection: Connection, by: By, *, since: datetime, now: datetime, workspace_id: str | None
) -> list[Used]:
    """Sum up the ledger from the midnight ``since`` on.

    Days in their order, those without use left out; of anything else the dearest first.
    """
    width = _WIDTHS["1d"]
    day = timedelta(seconds=width.seconds)
    span = Span(
        starting_at=since,
        ending_at=_snapped(now, width) + day,
        bucket_s=width.seconds if by == "day" else None,
    )
    only: dict[Grouping, Sequence[str]] = (
        {} if workspace_id is None else {"workspace_id": [workspace_id]}
    )
    column = _COLUMNS.get(by)
    found = sums(connection, span, by=() if column is None else (column,), only=only)
    if column is None:
        days = [(since + each.bucket * day).date().isoformat() for each in found]
        return [Used(id=at, name=at, sums=each) for at, each in zip(days, found, strict=True)]
    names = workspace_names(connection) if by == "workspace" else {}
    keys = {each.id: each for each in list_keys(connection, KeyFilter())} if by == "key" else {}
    names |= {each.id: each.name for each in keys.values()}
    found = sorted(found, key=lambda each: each.cost_nano_usd, reverse=True)
    ids = [each.group[column] for each in found]
    return [
        Used(
            id=it,
            name=names.get(it or "", it or "(configured or none)"),
            hint=keys[it].hint if it in keys else None,
            sums=each,
        )
        for it, each in zip(ids, found, strict=True)
    ]


def _buckets(
    connection: Connection, order: ReportOrder, first: datetime, step: timedelta, count: int
) -> list[Bucket]:
    span = Span(
        starting_at=first, ending_at=first + count * step, bucket_s=int(step.total_seconds())
    )
    used: list[list[Sums]] = [[] for _ in range(count)]
    for each in sums(connection, span, by=order.by, only=order.only):
        used[each.bucket].append(each)
    return [
        Bucket(
            starting_at=first + number * step,
            ending_at=first + (number + 1) * step,
            sums=used[number],
        )
        for number in range(count)
    ]


def _count(limit: int | None, width: _Width) -> int:
    if limit is not None and limit > width.most:
        message = f"limit: Input should be less than or equal to {width.most}"
        raise InvalidRequest(message)
    return limit or width.usual


def _snapped(at: datetime, width: _Width) -> datetime:
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % width.seconds, UTC)


def _page(at: datetime) -> str:
    return _PAGE + urlsafe_b64encode(at.isoformat().encode()).decode()


def _position(page: str) -> datetime:
    try:
        text = urlsafe_b64decode(page.removeprefix(_PAGE)).decode()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        message = "page: Input should be the next_page of a report"
        raise InvalidRequest(message) from error
