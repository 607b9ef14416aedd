"""Where in the client's request a thing of the Messages request was, so that errors can say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from antechamber.wire.shape import JsonObject

_THE_CLIENTS_OWN = {"cache_control", "input_schema"}
"""Taken over as they came, so that what stands inside them has the same path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One thing: its path, what its fields are called there, what stands inside it."""

    path: str
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    inside: tuple["Place", ...] = ()
    """Of each item of ``content``."""

    def of(self, way: Sequence[str]) -> str:
        """Return the client's path of what ``way`` leads to from here; a part for the whole."""
        match way:
            case ["content", number, *rest] if number.isdecimal() and int(number) < len(
                self.inside
            ):
                return self.inside[int(number)].of(rest)
            case [name, *rest] if name in self.fields:
                as_written = rest if name in _THE_CLIENTS_OWN else ()
                return ".".join((self.path, self.fields[name], *as_written))
            case _:
                return self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A block and where it was."""

    block: JsonObject
    place: Place


def without_tags(path: Sequence[str], body: object) -> list[str]:
    """Return ``path`` as keys and indices of ``body``, without the tags of unions between them.

    A tag is the ``type`` of the object that it leads into (``content.0.text.text``); a key may be
    called the same. What is not there any more stays as it is.
    """
    kept: list[str] = []
    here, tags = body, {_type_of(body)}
    for at, part in enumerate(path):
        inside = _members(here)
        if part in inside:
            here = inside[part]
            # Perhaps it was the tag, and the key of that name comes now.
            tags = (tags & {part}) | {_type_of(here)}
        elif part in tags:
            tags = tags - {part}
            continue
        else:
            return [*kept, *path[at:]]
        kept.append(part)
    return kept


def _members(value: object) -> Mapping[str, object]:
    match value:
        case list():
            return {str(at): item for at, item in enumerate(cast("list[object]", value))}
        case dict():
            return cast("JsonObject", value)
        case _:
            return {}


def _type_of(value: object) -> str:
    # A tool without a type is one of the client's own.
    return str(_members(value).get("type", "custom"))
