"""Times as people write them: a while (``90d``, ``24h``, ``30m``) or a date; pure."""

import re
from datetime import UTC, date, datetime, timedelta

from antechamber.cli.failures import CommandFailed

_WHILE = re.compile(r"(\d{1,6})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def read_while(text: str, option: str) -> timedelta:
    """Read a while; raises ``CommandFailed``."""
    if (lasts := as_while(text)) is None:
        raise CommandFailed(f"{option} {text}: give a while, 90d, 24h or 30m for instance")
    return lasts


def as_while(text: str) -> timedelta | None:
    """Return the while that a text is, None where it is none."""
    if (found := _WHILE.fullmatch(text)) is None:
        return None
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def read_end(text: str, option: str, *, now: datetime) -> datetime:
    """Read when something ends: after a while, or at a date or time; raises ``CommandFailed``."""
    try:
        at = now + read_while(text, option) if _WHILE.fullmatch(text) else _read_time(text)
    except (ValueError, OverflowError) as error:
        message = f"{option} {text}: give a while (90d, 24h) or a date (2027-01-31)"
        raise CommandFailed(message) from error
    if at <= now:
        raise CommandFailed(f"{option} {text}: that is over")
    return at


def read_first_day(text: str, option: str, *, now: datetime) -> datetime:
    """Read the first of some days, today the last: ``7d``, or a date; raises ``CommandFailed``."""
    today = datetime(now.year, now.month, now.day, tzinfo=UTC)
    if re.fullmatch(r"\d{1,4}d", text) and (days := int(text[:-1])):
        return today - timedelta(days=days - 1)
    try:
        first = date.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(f"{option} {text}: give days (7d) or a date (2026-11-01)") from error
    return datetime(first.year, first.month, first.day, tzinfo=UTC)


def minute(at: datetime) -> str:
    """Write a time, UTC: ``2026-11-22 10:30``."""
    return at.strftime("%Y-%m-%d %H:%M")


def _read_time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
