"""From what pydantic found to words that say what would be right."""

from typing import NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json

from antechamber.settings.keys import heading, keys_at, places_of, tables_in, tags_at
from antechamber.settings.problems import Location, closest


class Problem(NamedTuple):
    """One thing that is wrong, where it stands, and what to do about it."""

    location: Location
    words: str


_WANTED = {
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "path_type": "must be text in quotes",
    "string_type": "must be text in quotes",
    "tuple_type": "must be a list",
    "int_parsing_size": "must be a smaller number",
}
_WHATEVER_STANDS_THERE = {
    "missing": "is required",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}
_BOUNDS = {
    "greater_than": ("gt", "must be more than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}
_SECRET_KEYS = {"api_key", "api_keys", "api_key_env", "key"}


def problems_in(error: ValidationError, *, root: type[BaseModel]) -> list[Problem]:
    """Say everything that is wrong, in the order of the model's fields."""
    return [_problem(details, root) for details in error.errors(include_url=False)]


def _problem(details: ErrorDetails, root: type[BaseModel]) -> Problem:
    location, context = details["loc"], details.get("ctx", {})
    match details["type"]:
        case "misplaced":
            return Problem(context["location"], context["words"])
        case "union_tag_not_found":
            return Problem((*location, "type"), f"is required: {_tags(location, root)}")
        case "union_tag_invalid":
            words = f"must be {_tags(location, root)}{_instead(context['tag'], location)}"
            return Problem((*location, "type"), words)
        case "extra_forbidden":
            return Problem(_untagged(location), _unknown_key(location, root))
        case _ if _is_whole_table(location, root):
            return Problem(_untagged(location), _table_words(details, root))
        case _:
            return Problem(_untagged(location), _value_words(details))


def _table_words(details: ErrorDetails, root: type[BaseModel]) -> str:
    if details["type"] in ("value_error", "too_short", "missing"):
        return _value_words(details)
    return f"must be a table, written as {heading(str(details['loc'][0]), root)}"


def _value_words(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    instead = _instead(details["input"], details["loc"])
    match kind:
        case _ if kind in _WHATEVER_STANDS_THERE:
            return _WHATEVER_STANDS_THERE[kind]
        case "value_error":
            return f"{context['error']}{instead}"
        case "no_effect":
            return details["msg"]
        case "literal_error":
            return f"must be {_choices(context['expected'])}{instead}"
        case _ if kind in _BOUNDS:
            name, words = _BOUNDS[kind]
            return f"{words} {context[name]:.15g}{instead}"
        case _:
            return _WANTED.get(kind, details["msg"].lower()) + instead


def _is_whole_table(location: Location, root: type[BaseModel]) -> bool:
    return location[0] in tables_in(root) and all(isinstance(part, int) for part in location[1:])


def _untagged(location: Location) -> Location:
    """Leave out the engine's type, which pydantic puts in the path as the tag of its union."""
    return location[:2] + location[3:] if location[0:1] == ("engines",) else location


def _unknown_key(location: Location, root: type[BaseModel]) -> str:
    key, siblings = str(location[-1]), keys_at(location[:-1], root)
    # A word that is right elsewhere is no slip.
    if places := places_of(key, root):
        return "unknown key (it belongs in " + " or ".join(places) + ")"
    if (meant := closest(key, siblings)) is not None:
        return f'unknown key (did you mean "{meant}"?)'
    return "unknown key; known here: " + ", ".join(siblings)


def _tags(location: Location, root: type[BaseModel]) -> str:
    *others, last = (f'"{tag}"' for tag in tags_at(location, root))
    return f"{', '.join(others)} or {last}" if others else last


def _choices(expected: str) -> str:
    return expected.replace("'", '"')


def _instead(value: object, location: Location) -> str:
    """Show what stands there now, unless it is long, has parts or is nobody's business."""
    # An address can hold a password before its "@".
    if not _SECRET_KEYS.isdisjoint(location) or "@" in str(value):
        return ""
    match value:
        case str() | bool() | int() | float():
            text = to_json(value).decode()
            return f", not {text}" if len(text) <= 60 else ""
        case _:
            return ""
