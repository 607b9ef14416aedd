"""A file of requests, a JSON object a line, looked at before anything is sent; pure."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta, Raw

from antechamber.cli.failures import CommandFailed

_MOST_TOLD = 10
"""Faults that are named, of a file that may have one in every line."""


class _Params(msgspec.Struct):
    """What every request needs; the rest of it is the server's to judge."""

    model: str
    max_tokens: int
    messages: list[Raw]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    custom_id: Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]
    params: _Params


_line = msgspec.json.Decoder(_Line)


def read_requests(lines: Iterable[bytes], name: str) -> list[bytes]:
    """Return the requests as they are written; empty lines are left out.

    Raises ``CommandFailed``, which names the faulty lines of the file ``name``.
    """
    seen: dict[str, int] = {}
    requests: list[bytes] = []
    faults: list[str] = []
    for number, text in _written(lines):
        fault = _fault(text, number, seen)
        if fault is None:
            requests.append(text)
        else:
            faults.append(f"line {number}: {fault}")
    if faults:
        told = faults[:_MOST_TOLD]
        if len(faults) > _MOST_TOLD:
            told.append(f"and {len(faults) - _MOST_TOLD:,} more")
        raise CommandFailed("\n".join((f"{name}: nothing was sent", *told)))
    if not requests:
        raise CommandFailed(f"{name}: there is no request in it")
    return requests


def _written(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, start=1):
        # Some editors begin a file with the mark.
        if text := (line.removeprefix(BOM_UTF8) if number == 1 else line).strip():
            yield number, text


def _fault(text: bytes, number: int, seen: dict[str, int]) -> str | None:
    """Say what is wrong with a line; ``seen`` has the line of each ``custom_id`` before it."""
    try:
        custom_id = _line.decode(text).custom_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return str(error).replace("`$.", "`").replace(" - at `$`", "")
    first = seen.setdefault(custom_id, number)
    return None if first == number else f"custom_id {custom_id} is that of line {first} too"
