"""One call of a tool as its pieces come, and the JSON text of its input."""

import json
from dataclasses import dataclass, field
from typing import cast

from pydantic_core import from_json

from antechamber.dialects.openai_chat.chunks import FunctionDelta
from antechamber.wire.encoding import encode_json

_BLANKS = " \t\r\n"


@dataclass(slots=True, kw_only=True)
class Call:
    """A call whose name and input may still be coming."""

    id: str | None
    name: str = ""
    _pieces: list[str] = field(default_factory=list[str])
    _shown: int = 0
    """How many of the pieces have been shown."""
    _length: int = 0

    def add(self, function: FunctionDelta, known: frozenset[str]) -> None:
        """Take more of the name or of the input; ``known`` are the names that there are."""
        if function.name and not self.begun:
            self._add_name(function.name, known)
        arguments = function.arguments
        if isinstance(arguments, str):
            if arguments and not self._repeats(arguments):
                self._pieces.append(arguments)
                self._length += len(arguments)
        elif arguments is not None:
            # Against the format, and seen of Ollama and others: the object itself.
            self._pieces.append(encode_json(arguments).decode())

    def _add_name(self, piece: str, known: frozenset[str]) -> None:
        """Names come whole, by some hosts again with each piece, and by few in pieces.

        Only the input tells that a name is whole, for one may be the beginning of another.
        """
        whole = self.name + piece
        if self.name in known and not any(name.startswith(whole) for name in known):
            return
        if piece != self.name:
            self.name = whole

    def _repeats(self, arguments: str) -> bool:
        """Tell whether the whole input has come again, which some hosts end a call with."""
        whole = len(arguments) == self._length and arguments == self.input_text
        return whole and self.is_complete

    @property
    def input_text(self) -> str:
        """All of the input that has come."""
        return "".join(self._pieces)

    @property
    def streams(self) -> bool:
        """Whether what has come is the beginning of an object, which can be shown as it comes."""
        return self._shown > 0 or self.input_text.lstrip(_BLANKS).startswith("{")

    @property
    def begun(self) -> bool:
        """Whether there is a name and something of the input."""
        return bool(self.name) and bool(self._pieces)

    def more(self) -> str:
        """Return what has not been shown yet."""
        text = "".join(self._pieces[self._shown :])
        self._shown = len(self._pieces)
        return text

    @property
    def is_complete(self) -> bool:
        """Whether the input is a whole JSON object."""
        text = self.input_text
        return text.rstrip(_BLANKS).endswith("}") and read_object(text) is not None

    @property
    def is_cut(self) -> bool:
        """Whether the input is the beginning of a JSON object, or nothing yet."""
        return _is_beginning(self.input_text)


def whole_input(text: str) -> str | None:
    """Return ``text`` as the JSON text of an object, or None where it cannot be one.

    Nothing and ``null`` mean no arguments; an object that was encoded twice is meant as itself.
    """
    if read_object(text) is not None:
        return text
    if not text.strip(_BLANKS):
        return "{}"
    try:
        value: object = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    if value is None or value == "":
        return "{}"
    if isinstance(value, str) and (inner := read_object(value)) is not None:
        return json.dumps(inner, ensure_ascii=False)  # noqa: TID251 - the text of an input
    return None


def read_object(text: str) -> dict[str, object] | None:
    """Return the JSON object that ``text`` is, None where it is none."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _is_beginning(text: str) -> bool:
    if not text.strip(_BLANKS):
        return True
    try:
        return isinstance(from_json(text, allow_inf_nan=False, allow_partial=True), dict)
    except ValueError:
        return False
