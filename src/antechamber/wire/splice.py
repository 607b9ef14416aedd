"""Single fields of a JSON object exchanged in its bytes; the others stay as they are, to the byte.

Source of the need: content that is rebuilt from its parsed form is no longer what was signed
(BerriAI/litellm#13834, anthropics/anthropic-sdk-python#1598).
"""

from collections.abc import Iterable, Mapping

import msgspec

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])

Edits = Mapping[str, bytes | None]
"""The new JSON text of a field by its name; None takes the field out."""


def with_fields(text: bytes, edits: Edits) -> bytes:
    """Return the JSON object ``text`` with ``edits`` made; new fields come last.

    Of a key that comes twice the last one stays. Raises ``ValueError`` when it is no object.
    """
    if not edits:
        return text
    fields: dict[str, bytes] = {name: bytes(raw) for name, raw in _fields.decode(text).items()}
    for name, value in edits.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value
    return b"{" + b",".join(_member(name, value) for name, value in fields.items()) + b"}"


def field_of(text: bytes, name: str) -> bytes | None:
    """Return the JSON text of one field of the object ``text``, None where it has no such field."""
    raw = _fields.decode(text).get(name)
    return None if raw is None else bytes(raw)


def items_of(text: bytes) -> list[bytes]:
    """Return the JSON texts of the items of the array ``text``."""
    return [bytes(raw) for raw in _items.decode(text)]


def array_of(items: Iterable[bytes]) -> bytes:
    """Return the JSON array of ``items``."""
    return b"[" + b",".join(items) + b"]"


def _member(name: str, value: bytes) -> bytes:
    return msgspec.json.encode(name) + b":" + value
