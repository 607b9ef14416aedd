"""Which keys a file may hold, read from the models themselves."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from antechamber.settings.problems import Location

NOT_IN_FILE = frozenset({"data_dir", "source"})
"""Fields that say where the file was found, so it cannot hold them."""


def tables_in(root: type[BaseModel]) -> dict[str, tuple[type[BaseModel], ...]]:
    """Give each table that ``root`` holds with the models that it may be."""
    found = {name: _models_in(field.annotation) for name, field in root.model_fields.items()}
    return {name: models for name, models in found.items() if models}


def keys_at(location: Location, root: type[BaseModel]) -> list[str]:
    """Give the keys that the table at ``location`` may hold, in the order of their fields."""
    keys = [key for model in _candidates(location, root) for key in model.model_fields]
    return [key for key in dict.fromkeys(keys) if key not in NOT_IN_FILE]


def tags_at(location: Location, root: type[BaseModel]) -> list[str]:
    """Give the values of ``type`` that choose among the models at ``location``."""
    return [tag for model in _candidates(location, root) if (tag := _tag(model))]


def places_of(key: str, root: type[BaseModel]) -> list[str]:
    """Name the tables that know ``key``: ``[server]``, ``[[engines]] of type "local"``."""
    return [
        heading(table, root) + (f' of type "{tag}"' if (tag := _tag(model)) else "")
        for table, models in tables_in(root).items()
        for model in models
        if key in model.model_fields
    ]


def heading(table: str, root: type[BaseModel]) -> str:
    """Write the line that opens a table: ``[server]``, ``[[engines]]``."""
    is_one = isinstance(root.model_fields[table].annotation, type)
    return f"[{table}]" if is_one else f"[[{table}]]"


def _candidates(location: Location, root: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """Walk from ``root``; an engine's type stands in the path as the tag of its union.

    Other steps lead into the tables of a table.
    """
    names = [part for part in location if isinstance(part, str)]
    if not names:
        return (root,)
    models = tables_in(root).get(names[0], ())
    for name in names[1:]:
        inner = tuple(each for model in models for each in tables_in(model).get(name, ()))
        models = tuple(model for model in models if _tag(model) == name) or inner
    return models


def _models_in(annotation: object) -> tuple[type[BaseModel], ...]:
    return tuple(dict.fromkeys(_walk(annotation)))


def _walk(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _walk(part)


def _tag(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("type")
    return field.default if field is not None and isinstance(field.default, str) else None
