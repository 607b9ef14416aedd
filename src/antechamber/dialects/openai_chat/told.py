"""What a host's error says, wherever in its body it says it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import from_json

from antechamber.wire.encoding import encode_json

_MOST_CHARACTERS = 1_000
_SECRETS = re.compile(r"\b(?:sk|pk|gsk|hf|key)[-_][\w*.-]{6,}|Bearer\s+\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a host's error says, wherever it says it."""

    message: str
    code: str = ""
    status: int | None = None
    fields: Mapping[str, object]


def told_by(body: bytes) -> Told | None:
    """Read an error's body; None for HTML, nothing, or anything else that is no JSON object."""
    try:
        value: object = from_json(body)
    except ValueError:
        return None
    if isinstance(value, list):
        wrapped = cast("list[object]", value)  # as Google does
        return told_in(wrapped[0]) if wrapped else None
    return told_in(value)


def told_in(value: object) -> Told | None:
    """Read an error object in any of the shapes that hosts give it."""
    if isinstance(value, str):
        return Told(message=_clean(value), fields={})
    if not isinstance(value, dict):
        return None
    fields = cast("dict[str, Any]", value)
    inner = fields.get("error")
    if isinstance(inner, dict):
        fields = cast("dict[str, Any]", inner)
    message = next(_messages(inner if isinstance(inner, str) else None, fields), "")
    number = fields.get("code") or fields.get("status_code")
    status = number if isinstance(number, int) else None
    words = [fields.get(key) for key in ("code", "type")]
    code = " ".join(word for word in words if isinstance(word, str))
    return Told(message=_clean(message), code=code, status=status, fields=fields)


def _messages(text: str | None, fields: Mapping[str, Any]) -> Iterator[str]:
    for told in (text, fields.get("message"), fields.get("detail"), fields.get("msg")):
        if isinstance(told, str) and told:
            yield told
        elif told and not isinstance(told, str | int | float):
            yield encode_json(told).decode()


def _clean(message: str) -> str:
    return _SECRETS.sub("***", message)[:_MOST_CHARACTERS]
