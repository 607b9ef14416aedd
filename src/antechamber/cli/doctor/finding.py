"""What a check found."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["well", "doubtful", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    status: Status
    subject: str
    words: str
    remedy: str | None = None
    """What to do about it; a command where there is one."""


def well(subject: str, words: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(status="well", subject=subject, words=words)


def doubtful(subject: str, words: str, remedy: str) -> Finding:
    """Say that the server starts, and something may go wrong later."""
    return Finding(status="doubtful", subject=subject, words=words, remedy=remedy)


def broken(subject: str, words: str, remedy: str | None = None) -> Finding:
    """Say that the server will not start, or not answer."""
    return Finding(status="broken", subject=subject, words=words, remedy=remedy)
