"""A refusal read for what the host says of a field, and not for what it quotes of the request.

Hosts repeat names of tools, keys of schemas and whole messages in their errors, and all of these
are the caller's. What stands in the request is therefore no word of the host.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from antechamber.dialects.openai_chat.told import Told

_CODES = ("unsupported_parameter", "unknown_parameter")
_UNKNOWN = (
    r"(?:un(?:supported|known|recogni[sz]ed|expected)|extra)"
    r"(?: (?:request|body|keyword))? (?:parameter|argument|field|key|option|input)s?"
)
_OPENING = re.compile(_UNKNOWN, re.IGNORECASE)
# Not a part of it: of "response_format.json_schema" the format may well be known.
_FIELD = r"(?<![\w.-])['\"`]?{name}(?!\w|-|\.\w|\[)['\"`]?"
_REFUSED = (
    # As in: Unknown parameter: 'x'
    rf"{_UNKNOWN}(?: supplied)?:? {_FIELD}",
    # As in: x: Extra inputs are not permitted; 'x' of type 'y' is not supported with this model
    rf"{_FIELD}:?(?: (?:parameter|argument|field|option))?(?: of type '\w+')?(?: is)? "
    r"(?:(?:un|not )(?:supported|recogni[sz]ed|known|permitted|allowed|available)"
    r"|extra (?:inputs|fields) (?:are )?not|set but)",
    # As in: Invalid x type; This x type is unavailable; x must be either
    rf"invalid {_FIELD} type|{_FIELD} type is unavailable",
    rf"{_FIELD} (?:must be (?:one of|either)|is either)",
    # pydantic's list of faults as text
    rf"\('body', {_FIELD}\), 'msg': 'Extra inputs",
)
_MARKS = "'\"`"
_FREE = ("tools", "tool_choice", "response_format", "user", "stop")
"""Fields of a body whose words are the caller's; of messages it is what they say and call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was ``told`` of a request; ``names`` and ``texts`` are the caller's own words in it."""

    told: Told
    names: str
    texts: str

    def says(self, words: re.Pattern[str]) -> bool:
        """Tell whether the host says ``words`` of its own."""
        said = (match[0].strip(_MARKS) for match in words.finditer(self.told.message))
        return any(text not in self.names and text not in self.texts for text in said)

    def may_quote(self, name: str) -> bool:
        """Tell whether ``name`` is also one that the caller has chosen."""
        return _is_word(name, self.names)

    def points_at(self, field: str) -> bool:
        """Tell whether the host names ``field`` in a place that is made for that."""
        return field in _pointed_at(self.told.fields)

    def is_about(self, field: str) -> bool:
        """Tell whether the refusal is of ``field`` or of its value."""
        return self.refuses(field) or self.points_at(field) or self.says_name(field)

    def says_name(self, name: str) -> bool:
        """Tell whether the host says ``name``, which is no word of the caller's."""
        return _is_word(name, self.told.message) and not (
            self.may_quote(name) or _is_word(name, self.texts)
        )

    def refuses(self, field: str) -> bool:
        """Tell whether the host does not take ``field`` at all, whatever its value."""
        if self.points_at(field):
            coded = any(code in self.told.code for code in _CODES)
            if coded or _OPENING.match(self.told.message) or field in _extra(self.told.fields):
                return True
        if self.may_quote(field):
            return False
        wordings = (wording.replace("{name}", re.escape(field)) for wording in _REFUSED)
        return any(self.says(re.compile(wording, re.IGNORECASE)) for wording in wordings)


def refusal_of(body: Mapping[str, object], told: Told) -> Refusal:
    """Return what was ``told`` of the request ``body``."""
    free = [body[field] for field in _FREE if field in body]
    texts: list[object] = []
    for message in _objects(body.get("messages")):
        free.append(message.get("tool_calls"))
        texts.append(message.get("content"))
    return Refusal(told=told, names="\n".join(_strings(free)), texts="\n".join(_strings(texts)))


def _pointed_at(fields: Mapping[str, object]) -> set[str]:
    """Return the fields of the body that OpenAI's ``param`` and pydantic's ``loc`` lead into."""
    param = fields.get("param")
    found = {re.split(r"[.\[]", param)[0]} if isinstance(param, str) else set[str]()
    return found.union(*(at[:1] for at, _ in _faults(fields)))


def _extra(fields: Mapping[str, object]) -> set[str]:
    return {at[0] for at, kind in _faults(fields) if len(at) == 1 and kind == "extra_forbidden"}


def _faults(fields: Mapping[str, object]) -> Iterator[tuple[list[str], object]]:
    """Yield the place in the body and the type of each of pydantic's faults."""
    for fault in _objects(fields.get("detail")):
        at = [str(part) for part in _items(fault.get("loc"))]
        yield at[1:] if at[:1] == ["body"] else at, fault.get("type")


def _is_word(name: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _strings(value: object) -> Iterator[str]:
    """Yield every string in ``value``, keys included."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        match value:
            case str():
                yield value
            case dict():
                inner = cast("dict[str, object]", value)
                yield from inner
                waiting.extend(inner.values())
            case list():
                waiting.extend(cast("list[object]", value))
            case _:
                pass


def _objects(value: object) -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", item) for item in _items(value) if isinstance(item, dict)]


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
