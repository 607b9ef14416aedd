"""Errors about the Messages request, told about the client's own."""

import re

from antechamber.dialects.openai_front.places import without_tags
from antechamber.dialects.openai_front.request import Conversion
from antechamber.wire.errors import InvalidRequest

_PATH = re.compile(r"^[a-z_]+(?:\.[\w-]+)*(?=: )")
_WORDS = {
    "`tool_use_id`": "`tool_call_id`",
    "`tool_result` blocks": "`tool` messages",
    "`tool_result` block": "`tool` message",
    "`tool_use`": "`tool_calls`",
}
"""What the rules speak of, in the order in which it is replaced."""
_OF_THE_CHOICE = {
    re.compile(r"^tool_choice\.any (?=may only be)"): "tool_choice: 'required' ",
    re.compile(r"^(?=Tool '.*' not found in provided tools$)", re.DOTALL): "tool_choice: ",
}
"""How sentences without a path begin here."""


def in_the_clients_terms(error: InvalidRequest, conversion: Conversion) -> InvalidRequest:
    """Return the error with its path, if it has one, as the client wrote the thing."""
    message = error.message
    for without_path, beginning in _OF_THE_CHOICE.items():
        message = without_path.sub(beginning, message)
    path = path_of(message) or ""
    words = message[len(path) :]
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
    way = without_tags(path.split("."), conversion.body)
    match way:
        case [field, number, *rest] if number.isdecimal() and field in conversion.places:
            places = conversion.places[field]
            return places[int(number)].of(rest) if int(number) < len(places) else path
        case _:
            path = ".".join(way)
    for name, own in conversion.renamed.items():
        if path == name or path.startswith(f"{name}."):
            return own + path[len(name) :]
    return path
