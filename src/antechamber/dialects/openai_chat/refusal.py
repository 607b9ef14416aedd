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
# As in: Unknown parameter: 'x'; Unsupported parameter(s): `w`, `x`; does not support parameters:
# ['x']; Extra inputs are not permitted, field: 'x'
_LISTED = (
    rf"(?:{_UNKNOWN}(?:\(s\))?(?: supplied)?|not support (?:parameter|argument|field)s?"
    rf"|not permitted, field):? \[?(?:['\"`]?[\w.-]+['\"`]?, ?)*{_FIELD}"
)
_REFUSED = (
    _LISTED,
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
_SPELLINGS = {"reasoning_effort": "(?i:reasoning[_ ]?effort)"}
"""Of fields that hosts call by other names as well."""
_MARKS = "'\"`"
_CUT_OUT = "***"
_MOST_CHARACTERS = 1_000
# pydantic's: the caller's value, and all that follows may be a part of it.
_INPUT = re.compile(r"\\?['\"]input\\?['\"]\s*:")
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[bfnrtv])")
_NO_LETTERS = bytes(byte for byte in range(1, 128) if not chr(byte).isalnum())
_BETWEEN = "\0"
_FREE = ("tools", "tool_choice", "response_format", "user", "stop")
"""Fields of a body whose words are the caller's; of messages it is what they say and call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was ``told`` of a request; ``names`` and ``texts`` are the caller's own words in it."""

    told: Told
    message: str
    """The host's, without the values that pydantic repeats beside its faults."""
    names: str
    texts: str

    def says(self, words: re.Pattern[str]) -> bool:
        """Tell whether the host says ``words`` of its own."""
        return any(self._is_own(match[0].strip(_MARKS)) for match in words.finditer(self.message))

    def owns_number(self, number: int) -> bool:
        """Tell whether ``number`` is nothing that the caller says."""
        return str(number) not in self.names and str(number) not in self.texts

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
        return _is_word(name, self.message) and not (
            self.may_quote(name) or _is_word(name, self.texts)
        )

    def disowns(self, field: str) -> bool:
        """Tell whether the host does not know ``field``, by a code and in no words."""
        coded = any(code in self.told.code for code in _CODES)
        return (coded and self._names(field)) or field in _extra(self.told.fields)

    def lists(self, field: str) -> bool:
        """Tell whether ``field`` is one of those that the host says it does not know."""
        return not self.may_quote(field) and self.says(_wording(_LISTED, field))

    def refuses(self, field: str) -> bool:
        """Tell whether the host does not take ``field`` at all, whatever its value."""
        if self.disowns(field) or (self._names(field) and _OPENING.match(self.message)):
            return True
        if self.may_quote(field):
            return False
        return any(self.says(_wording(wording, field)) for wording in _REFUSED)

    def _names(self, field: str) -> bool:
        """Of a part of a field the whole may well be known."""
        return self.told.fields.get("param") == field

    def _is_own(self, said: str) -> bool:
        if _CUT_OUT in said or said in self.names or said in self.texts:
            return False
        bare = _bare(said)
        return bare not in _bare(self.names) and bare not in _bare(self.texts)


def refusal_of(body: Mapping[str, object], told: Told) -> Refusal:
    """Return what was ``told`` of the request ``body``."""
    free = [body[field] for field in _FREE if field in body]
    texts: list[object] = []
    for message in _objects(body.get("messages")):
        free.append(message.get("tool_calls"))
        texts += [value for key, value in message.items() if key not in ("role", "tool_calls")]
    return Refusal(
        told=told,
        message=_message(told),
        names=_BETWEEN.join(_strings(free)),
        texts=_BETWEEN.join(_strings(texts)),
    )


def _message(told: Told) -> str:
    if told.message.startswith(("[", "{")) and (faults := _list_of_faults(told.fields)):
        lines = (f"{'.'.join(_place(fault))}: {fault.get('msg')}" for fault in faults)
        return "\n".join(lines)[:_MOST_CHARACTERS]
    return _INPUT.split(told.message, maxsplit=1)[0]


def _bare(text: str) -> bytes:
    """Return the letters and digits of ``text``, which are left of it however it is quoted."""
    if "\\" in text:
        text = _ESCAPED.sub(_unescaped, text)
    return text.encode("ascii", "ignore").lower().translate(None, _NO_LETTERS)


def _unescaped(escaped: re.Match[str]) -> str:
    digits = escaped[1] or escaped[2]
    return chr(int(digits, 16)) if digits else ""


def _wording(wording: str, field: str) -> re.Pattern[str]:
    return re.compile(wording.replace("{name}", _spelled(field)), re.IGNORECASE)


def _spelled(field: str) -> str:
    return _SPELLINGS.get(field) or re.escape(field)


def _pointed_at(fields: Mapping[str, object]) -> set[str]:
    """Return the fields of the body that OpenAI's ``param`` and pydantic's ``loc`` lead into."""
    param = fields.get("param")
    found = {re.split(r"[.\[]", param)[0]} if isinstance(param, str) else set[str]()
    return found.union(*(at[:1] for at, _ in _faults(fields)))


def _extra(fields: Mapping[str, object]) -> set[str]:
    return {at[0] for at, kind in _faults(fields) if len(at) == 1 and kind == "extra_forbidden"}


def _faults(fields: Mapping[str, object]) -> Iterator[tuple[list[str], object]]:
    """Yield the place in the body and the type of each of pydantic's faults."""
    for fault in _list_of_faults(fields):
        yield _place(fault), fault.get("type")


def _list_of_faults(fields: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return pydantic's list, also where it is wrapped in a message, as Mistral does."""
    message = fields.get("message")
    wrapped = cast("dict[str, object]", message) if isinstance(message, dict) else fields
    return _objects(wrapped.get("detail"))


def _place(fault: Mapping[str, object]) -> list[str]:
    at = [str(part) for part in _items(fault.get("loc"))]
    return at[1:] if at[:1] == ["body"] else at


def _is_word(name: str, text: str) -> bool:
    return re.search(rf"\b{_spelled(name)}\b", text) is not None


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
