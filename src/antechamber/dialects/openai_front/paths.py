"""Errors about the Messages request, told about the client's own."""

import re

from antechamber.dialects.openai_front.request import Conversion
from antechamber.wire.errors import InvalidRequest

_PATH = re.compile(r"^[a-z_]+(?:\.[\w-]+)*(?=: )")
_MESSAGE = re.compile(r"^messages\.(\d+)")
_TOOL = re.compile(r"^tools\.(\d+)\.custom\.(name|description|input_schema)")
_WORDS = {
    "`tool_use_id`": "`tool_call_id`",
    "`tool_result` blocks": "`tool` messages",
    "`tool_result` block": "`tool` message",
    "`tool_use`": "`tool_calls`",
}
"""What the rules speak of, in the order in which it is replaced."""
_FUNCTION = {"name": "name", "description": "description", "input_schema": "parameters"}


def in_the_clients_terms(error: InvalidRequest, conversion: Conversion) -> InvalidRequest:
    """Return the error with its path, if it has one, as the client wrote the thing."""
    path = path_of(error.message) or ""
    words = error.message[len(path) :]
    for theirs, ours in _WORDS.items():
        words = words.replace(theirs, ours)
    return InvalidRequest(
        _translated(path, conversion) + words,
        details=error.details,
        retry_after_s=error.retry_after_s,
    )


def path_of(message: str) -> str | None:
    """Return the path that a message begins with."""
    found = _PATH.match(message)
    return found.group() if found else None


def _translated(path: str, conversion: Conversion) -> str:
    message = _MESSAGE.match(path)
    if message is not None:
        number, origins = int(message.group(1)), conversion.origins
        own = origins[number] if number < len(origins) else number
        return f"messages.{own}{path[message.end() :]}"
    tool = _TOOL.match(path)
    if tool is not None:
        field = _FUNCTION[tool.group(2)]
        return f"tools.{tool.group(1)}.function.{field}{path[tool.end() :]}"
    for name, own in conversion.renamed.items():
        if path == name or path.startswith(f"{name}."):
            return own + path[len(name) :]
    return path
