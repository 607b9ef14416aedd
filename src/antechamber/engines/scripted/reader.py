"""From a TOML or JSON file to a ``Script``, or to an error that names file, place and fault."""

import re
import tomllib
from collections.abc import Iterable
from math import isfinite
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from antechamber.engines.scripted.script import (
    ErrorAnswer,
    ErrorInStream,
    Part,
    RedactedThinkingContent,
    Reply,
    Script,
    ScriptedUsage,
    TextContent,
    ThinkingContent,
    ToolUseContent,
)
from antechamber.settings.problems import Location, closest, dotted
from antechamber.wire.encoding import encode_json

MAX_SCRIPT_BYTES = 16 * 1024 * 1024
"""Far beyond any script written by hand; a recording of long turns fits."""


class ScriptError(ValueError):
    """The script cannot be played; one line for each fault."""


def load_script(path: Path) -> Script:
    """Read the script at ``path``: JSON when its name ends in ``.json``, else TOML.

    Blocks while it reads; for the time before serving. Raises ``ScriptError``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SCRIPT_BYTES + 1)
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror or error}") from error
    if len(data) > MAX_SCRIPT_BYTES:
        raise ScriptError(f"{path}: larger than {MAX_SCRIPT_BYTES} bytes")
    script = parse_script(data, name=str(path))
    if not script.replies:
        raise ScriptError(f"{path}: holds no [[replies]], so there is nothing to play")
    return script


def parse_script(data: bytes, *, name: str) -> Script:
    """Make a script from the content of the file called ``name``; raises ``ScriptError``."""
    try:
        text = data if name.lower().endswith(".json") else _json_of_toml(data)
        return Script.model_validate_json(text)
    except ValidationError as error:
        lines = [f"{name}: {_in_words(fault)}" for fault in error.errors(include_url=False)]
        raise ScriptError("\n".join(lines)) from error
    except ValueError as error:
        raise ScriptError(f"{name}: {error}") from error


def _json_of_toml(data: bytes) -> bytes:
    # One validation for both formats; TOML's dates become strings on the way.
    return encode_json(tomllib.loads(data.decode(), parse_float=_finite))


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is not a number that JSON has")
    return number


def _in_words(fault: ErrorDetails) -> str:
    location, keys = fault["loc"], _keys_beside(fault["loc"])
    if location[2:3] == ("content",):
        # pydantic names the type of the block after its number: replies, 0, content, 0, text, …
        location = location[:4] + location[5:]
    if fault["type"] == "extra_forbidden":
        meant = closest(str(location[-1]), keys)
        return f"{dotted(location)}: unknown key" + (f' (did you mean "{meant}"?)' if meant else "")
    if fault["type"] == "pattern_regex":
        return f"{dotted(location)}: {_pattern_words(str(fault['input']))}"
    if fault["type"] == "union_tag_not_found":
        return f"{dotted(location)}: needs a type"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{dotted(location)}: {message}" if location else message


def _pattern_words(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return f'"{pattern}" is no regular expression: {error}'
    return f'"{pattern}" is no regular expression'


def _keys_beside(location: Location) -> Iterable[str]:
    """Give the keys of the table that the last part of ``location`` stands in."""
    match location[:-1]:
        case ():
            table: type[Part] | None = Script
        case (_, _):
            table = Reply
        case (_, _, "content", _, kind):
            table = _BLOCKS.get(kind)
        case (_, _, key):
            table = _TABLES.get(key)
        case _:
            table = None
    return table.model_fields if table else ()


_BLOCKS: dict[str | int, type[Part]] = {
    "text": TextContent,
    "thinking": ThinkingContent,
    "redacted_thinking": RedactedThinkingContent,
    "tool_use": ToolUseContent,
}
_TABLES: dict[str | int, type[Part]] = {
    "usage": ScriptedUsage,
    "error": ErrorAnswer,
    "fail_after": ErrorInStream,
}
