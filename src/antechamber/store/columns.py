"""Types of columns that mean the same in SQLite and in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Serial = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the database counts up; SQLite does so for INTEGER alone."""


class Instant(TypeDecorator[datetime]):
    """An aware point in time, kept as microseconds since 1970 UTC.

    A number orders, groups and divides the same way in both databases.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Write a time."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read one."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class Names(TypeDecorator[Sequence[str]]):
    """A list of names, kept as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str | None:
        """Write a list."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Sequence[str] | None:
        """Read one."""
        return None if value is None else msgspec.json.decode(value, type=tuple[str, ...])


class Tags(TypeDecorator[Mapping[str, str]]):
    """Names and values, kept as a JSON object."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        """Write them."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Mapping[str, str] | None:
        """Read them."""
        return None if value is None else msgspec.json.decode(value, type=dict[str, str])


def micros(at: datetime) -> int:
    """Return what ``Instant`` keeps of ``at``."""
    return (at - _EPOCH) // timedelta(microseconds=1)
