"""Schemas together with where they stand, and what their references point to.

A place is known by its pointer: two ways to the same place make one rule, and a gap in the grammar
is reported by it. Places of schemas that are made here and not written by anyone (the opposite of
another, for example) have a mark in their pointer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import unquote, urljoin

_MADE: Final = "\0"  # in no pointer that anyone writes
# Keywords whose values are data, in which "$id" and "$anchor" mean nothing.
_DATA: Final = frozenset({"const", "enum", "default", "examples"})

Schema = Mapping[str, object] | bool


def as_mapping(value: object) -> Mapping[str, object] | None:
    """The value, when it is a JSON object."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def as_list(value: object) -> Sequence[object]:
    """The value, when it is a JSON array, else nothing."""
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()


def as_strings(value: object) -> list[str]:
    """The strings of a JSON array."""
    return [item for item in as_list(value) if isinstance(item, str)]


@dataclass(frozen=True, slots=True)
class Place:
    """A schema, its pointer from the root (``#/properties/a``) and that of its ``$id`` resource."""

    pointer: str
    schema: Schema
    resource: str = "#"

    @property
    def keywords(self) -> Mapping[str, object]:
        """The schema's keywords; none for ``true`` and ``false``."""
        return {} if isinstance(self.schema, bool) else self.schema

    @property
    def made(self) -> bool:
        """Whether no one wrote it."""
        return _MADE in self.pointer

    @property
    def shown(self) -> str:
        """The pointer to what was written, for people."""
        return self.pointer.partition(_MADE)[0]

    def child(self, keyword: str) -> "Place | None":
        """The schema that the keyword holds."""
        return self._at(self.keywords.get(keyword), keyword)

    def children(self, keyword: str) -> "list[Place]":
        """The schemas of a keyword that holds a list of them."""
        listed = as_list(self.keywords.get(keyword))
        found = (self._at(schema, keyword, str(index)) for index, schema in enumerate(listed))
        return [place for place in found if place]

    def named_children(self, keyword: str) -> "dict[str, Place]":
        """The schemas of a keyword that maps names or patterns to them."""
        mapping = as_mapping(self.keywords.get(keyword)) or {}
        found = ((name, self._at(schema, keyword, name)) for name, schema in mapping.items())
        return {name: place for name, place in found if place}

    def instead(self, schema: Schema, why: str) -> "Place":
        """A made schema that stands for this one."""
        return Place(f"{self.pointer}{_MADE}{why}", schema, self.resource)

    def _at(self, schema: object, *tokens: str) -> "Place | None":
        mapping = schema if isinstance(schema, bool) else as_mapping(schema)
        if mapping is None:
            return None
        pointer = "/".join((self.pointer, *map(_escaped, tokens)))
        own = not isinstance(mapping, bool) and isinstance(mapping.get("$id"), str)
        return Place(pointer, mapping, pointer if own else self.resource)


class Document:
    """The whole schema, in which references are looked up."""

    def __init__(self, root: Schema, *, cautious: bool = False) -> None:
        self.root = Place("#", root)
        self.cautious = cautious
        """Whether a keyword may not be read more narrowly than it is written."""
        self._index: dict[tuple[str, str], list[Place]] | None = None

    def target(self, place: Place, reference: str) -> Place | None:
        """Where a ``$ref`` of the place points to; None when it is not in this document."""
        address, _, fragment = reference.partition("#")
        resource = self._resource(place, address)
        fragment = unquote(fragment)
        if resource is None or not fragment:
            return resource
        if not fragment.startswith("/"):
            return self.anchored(resource.pointer, fragment)
        tokens = fragment.removeprefix("/").split("/")
        return _walk(resource, [token.replace("~1", "/").replace("~0", "~") for token in tokens])

    def anchored(self, resource: str, name: str) -> Place | None:
        """The only place in the resource that has this ``$anchor`` or ``$dynamicAnchor``."""
        found = self._indexed().get((resource, "#" + name), [])
        return found[0] if len(found) == 1 else None

    def lone_anchor(self, name: str) -> bool:
        """Whether the dynamic scope cannot matter: the name is an anchor in one place only."""
        return sum(len(some) for (_, key), some in self._indexed().items() if key == "#" + name) < 2

    def _resource(self, place: Place, address: str) -> Place | None:
        if not address:
            pointer = place.resource
            return self.root if pointer == "#" else _walk(self.root, _tokens(pointer))
        own = as_mapping(self.root.schema) or {}
        base = own.get("$id")
        absolute = urljoin(base, address) if isinstance(base, str) else address
        for wanted in (address, absolute):
            if found := self._indexed().get(("", wanted)):
                return found[0]
        return None

    def _indexed(self) -> dict[tuple[str, str], list[Place]]:
        if self._index is None:
            self._index = {}
            for place in _everywhere(self.root):
                for keyword, resource, prefix in (
                    ("$id", "", ""),
                    ("$anchor", place.resource, "#"),
                    ("$dynamicAnchor", place.resource, "#"),
                ):
                    name = place.keywords.get(keyword)
                    if isinstance(name, str):
                        self._index.setdefault((resource, prefix + name), []).append(place)
        return self._index


def _everywhere(root: Place) -> Iterator[Place]:
    waiting = [root]
    while waiting:
        place = waiting.pop()
        yield place
        for keyword in place.keywords:
            if keyword not in _DATA:
                waiting.extend(filter(None, [place.child(keyword)]))
                waiting.extend(place.children(keyword))


def _walk(place: Place, tokens: list[str]) -> Place | None:
    """Follow the tokens of a pointer; keeps track of the ``$id`` resources on the way."""
    node: object = place.schema
    resource, pointer = place.resource, place.pointer
    for token in tokens:
        mapping = as_mapping(node)
        if mapping is not None:
            node = mapping.get(token)
        else:
            items = as_list(node)
            node = items[int(token)] if token.isdecimal() and int(token) < len(items) else None
        pointer = f"{pointer}/{_escaped(token)}"
        here = as_mapping(node)
        if here is not None and isinstance(here.get("$id"), str):
            resource = pointer
    schema = node if isinstance(node, bool) else as_mapping(node)
    return None if schema is None else Place(pointer, schema, resource)


def _escaped(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def _tokens(pointer: str) -> list[str]:
    return [
        token.replace("~1", "/").replace("~0", "~")
        for token in pointer.removeprefix("#/").split("/")
    ]
