"""Sets of values that ship with the package, and how a configuration is laid over one."""

import tomllib
from importlib import resources
from typing import TypeGuard, get_args

from antechamber.settings.defaults import fits
from antechamber.settings.platform import Preset

Table = dict[str, object]

_WHOLE = {"prices": "model", "tiers": "name"}
"""Lists of tables whose entries hold or fall as a whole, and the key that names an entry."""
_BY_KEY = {"models": "id"}
"""Those whose entries may each say something else of the same."""
_GIVES_WAY = {"promotion": "tier"}
"""Keys of a preset, and what a configuration says instead: it would have no effect beside them."""


def read_preset(name: object) -> Table:
    """Return the tables of a preset; none for what is no preset, which others complain about."""
    if name not in get_args(Preset):
        return {}
    file = resources.files("antechamber") / "catalogue" / "presets" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def laid_over(preset: Table, tables: Table) -> Table:
    """Return ``tables`` with what the preset has beside them; changes neither."""
    standing = {name: value for name, value in preset.items() if _GIVES_WAY.get(name) not in tables}
    result = {**standing, **tables}
    for name, under in preset.items():
        over = tables.get(name)
        if is_table(under) and is_table(over):
            result[name] = laid_over(under, over)
        elif name in _WHOLE and _is_list(under) and _is_list(over):
            result[name] = [*over, *_standing(under, over, key=_WHOLE[name])]
        elif name in _BY_KEY and _is_list(under) and _is_list(over):
            result[name] = _laid_over_each(under, over, key=_BY_KEY[name])
    return result


def _standing(under: list[object], over: list[object], *, key: str) -> list[Table]:
    """Return the preset's entries that no entry of the configuration speaks for.

    A pattern speaks for all that it fits: else the preset's would be nearer to an id and win.
    """
    return [
        entry
        for entry in filter(is_table, under)
        if not any(_speaks_for(own, entry, key) for own in filter(is_table, over))
    ]


def _speaks_for(own: Table, entry: Table, key: str) -> bool:
    says_the_same = (own.keys() & entry.keys()) - {key}
    return bool(says_the_same) and fits(str(own.get(key, "")), str(entry[key]))


def _laid_over_each(under: list[object], over: list[object], *, key: str) -> list[object]:
    """Return the entries of the configuration, and what the preset says beside them."""
    standing: dict[str, Table] = {}
    for entry in filter(is_table, under):
        about = str(entry[key])
        own = [table for table in filter(is_table, over) if fits(str(table.get(key, "")), about)]
        said = {each for table in own for each in table} - {key}
        standing[about] = {each: value for each, value in entry.items() if each not in said}
    # Two entries about one id would be refused, as a slip.
    result = [
        {**standing.pop(str(table.get(key)), {}), **table} if is_table(table) else table
        for table in over
    ]
    return [*result, *(entry for entry in standing.values() if entry.keys() != {key})]


def is_table(value: object) -> TypeGuard[Table]:
    """Tell whether a value of the file is a table; its keys are then text."""
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
