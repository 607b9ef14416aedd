"""Reads the model catalogue that ships with the package, and finds models in it by any name."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from types import MappingProxyType
from typing import TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from antechamber.catalogue.facts import ImageTier, ModelFacts, Prices

Table = dict[str, object]
_Named = TypeVar("_Named")

WIDE_WINDOW_SUFFIX = "[1m]"
"""What Claude Code appends to a model id to ask for the window of 1M tokens."""


class CatalogueFault(Exception):
    """The catalogue contradicts itself; the message names the place. Our bug, never a caller's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Every model that is known by name."""

    models: tuple[ModelFacts, ...]
    """Newest first; models of one day in the order of the file."""
    by_name: Mapping[str, ModelFacts]
    """By canonical id and by alias."""

    def find(self, name: str) -> ModelFacts | None:
        """Look up an id or alias, with or without the suffix ``[1m]``; None when nobody has it."""
        return self.by_name.get(name.removesuffix(WIDE_WINDOW_SUFFIX))

    def canonical(self, name: str) -> str:
        """Give the id that responses name; a name that nobody has stays as it is."""
        facts = self.find(name)
        return name if facts is None else facts.id


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """The file as it is written, before families and references are resolved."""

    prices: dict[str, Prices]
    image_tiers: dict[str, ImageTier]
    families: dict[str, Table]
    models: list[Table]


def load_catalogue() -> Catalogue:
    """Read the catalogue of this package. Reads a file; meant to be called once.

    Raises ``CatalogueFault``.
    """
    path = resources.files("antechamber.catalogue") / "models.toml"
    return parse_catalogue(path.read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> Catalogue:
    """Build a catalogue from the TOML of ``models.toml``, which explains its own form.

    Raises ``CatalogueFault`` for keys that nobody knows, references that lead nowhere, figures
    that are missing or contradict each other, and names that two models share.
    """
    source = _read_source(text)
    models = _read_models([_resolved(source, table) for table in source.models])
    newest_first = tuple(sorted(models, key=lambda facts: facts.created_at, reverse=True))
    return Catalogue(models=newest_first, by_name=_by_name(models))


# In both adapters a list stands around the dataclass, because pydantic hands a configuration down
# to a plain dataclass only from something that contains it.
_UNKNOWN_KEYS_REFUSED = ConfigDict(extra="forbid")


def _read_source(text: str) -> _Source:
    adapter = TypeAdapter(list[_Source], config=_UNKNOWN_KEYS_REFUSED)
    try:
        return adapter.validate_python([tomllib.loads(text, parse_float=Decimal)])[0]
    except tomllib.TOMLDecodeError as error:
        raise CatalogueFault(f"not TOML: {error}") from error
    except ValidationError as error:
        raise CatalogueFault(_first_fault(error)) from error


def _read_models(tables: list[Table]) -> list[ModelFacts]:
    adapter = TypeAdapter(list[ModelFacts], config=_UNKNOWN_KEYS_REFUSED)
    try:
        return adapter.validate_python(tables)
    except ValidationError as error:
        table = tables[int(error.errors()[0]["loc"][0])]
        raise CatalogueFault(f"{_place(table)}.{_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    path = ".".join(str(step) for step in fault["loc"][1:])  # the first step is the list's
    return f"{path}: {fault['msg']}"


def _resolved(source: _Source, table: Table) -> Table:
    """Fill in what the family says, and put figures where the table has a name."""
    place = _place(table)
    merged = _with_ancestors(source.families, table, table.get("family"), place)
    merged.pop("family", None)
    for key, named in (("prices", source.prices), ("image_tier", source.image_tiers)):
        merged[key] = _named(named, merged.get(key), f"{place}.{key}")
    return merged


def _with_ancestors(
    families: Mapping[str, Table], table: Table, parent: object, place: str
) -> Table:
    passed: list[object] = []
    while parent is not None:
        if parent in passed:
            raise CatalogueFault(f"{place}: family {parent} extends itself")
        passed.append(parent)
        family = dict(_named(families, parent, f"{place}: family"))
        parent = family.pop("extends", None)
        table = _merged(family, table)
    return dict(table)


def _merged(below: Mapping[str, object], above: Mapping[str, object]) -> Table:
    """Lay one table over another; where both have a table, key by key."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            result[key] = _merged(cast("Table", under), cast("Table", value))
        else:
            result[key] = value
    return result


def _named(known: Mapping[str, _Named], name: object, place: str) -> _Named:
    found = known.get(name) if isinstance(name, str) else None
    if found is None:
        raise CatalogueFault(f"{place}: {name!r} is not defined")
    return found


def _by_name(models: list[ModelFacts]) -> Mapping[str, ModelFacts]:
    names: dict[str, ModelFacts] = {}
    for facts in models:
        for name in (facts.id, *facts.aliases):
            if name in names:
                raise CatalogueFault(f"{facts.id}: {names[name].id} has the name {name} already")
            names[name] = facts
    return MappingProxyType(names)


def _place(table: Table) -> str:
    return str(table.get("id", "a model without id"))
