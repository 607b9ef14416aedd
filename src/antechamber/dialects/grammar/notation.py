"""The parts of a grammar as values, and their GBNF text.

Built with the functions here, which keep them in a normal form: nested series and choices are
flat, neighbouring texts are one, and what can never match is ``NEVER``.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Text:
    """Exactly these characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Class:
    """One character out of sorted, inclusive ranges of code points."""

    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Any one of them; of nothing when there are none."""

    options: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``low`` to ``high`` times, without end when ``high`` is None."""

    part: "Node"
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Named:
    """What the rule of this name matches."""

    name: str


@dataclass(frozen=True, slots=True)
class Again:
    """The same, on a way that leads back to where the rule is being used."""

    name: str


Node = Text | Class | Series | Choice | Repeat | Named | Again

EMPTY: Final = Text("")
NEVER: Final = Choice(())


def series(*parts: Node) -> Node:
    """One after the other."""
    flat: list[Node] = []
    text = ""
    for part in parts:
        for piece in part.parts if isinstance(part, Series) else (part,):
            if isinstance(piece, Text):
                text += piece.text
                continue
            if is_never(piece):
                return NEVER
            if text:
                flat.append(Text(text))
                text = ""
            flat.append(piece)
    if text or not flat:
        flat.append(Text(text))
    return flat[0] if len(flat) == 1 else Series(tuple(flat))


def choice(*options: Node) -> Node:
    """Any one of them, in this order, the empty one last."""
    flat: list[Node] = []
    for option in options:
        flat.extend(option.options if isinstance(option, Choice) else (option,))
    if len(flat) > 1:
        flat = list(dict.fromkeys(flat))
        if EMPTY in flat:
            flat.remove(EMPTY)
            flat.append(EMPTY)
    return flat[0] if len(flat) == 1 else Choice(tuple(flat))


def is_never(node: Node) -> bool:
    """Whether it matches nothing at all."""
    return isinstance(node, Choice) and not node.options


def optional(part: Node) -> Node:
    """It, or nothing."""
    return choice(part, EMPTY) if isinstance(part, Choice | Text) else Choice((part, EMPTY))


def repeat(part: Node, low: int, high: int | None) -> Node:
    """``low`` to ``high`` times; ``part`` must not match the empty text."""
    if high is not None and high < low:
        return NEVER
    if high == 0 or (low == 0 and is_never(part)):
        return EMPTY
    if is_never(part):
        return NEVER
    return part if low == high == 1 else Repeat(part, low, high)


def references(node: Node) -> list[str]:
    """The names of the rules that it mentions, in order."""
    found: list[str] = []
    _collect(node, found)
    return found


def _collect(node: Node, found: list[str]) -> None:
    match node:
        case Named(name) | Again(name):
            found.append(name)
        case Series(parts) | Choice(parts):
            for part in parts:
                if not isinstance(part, Text):
                    _collect(part, found)
        case Repeat(part):
            _collect(part, found)
        case Text() | Class():
            pass


def render(node: Node) -> str:
    """Its GBNF text, ready to stand right of ``::=``."""
    match node:
        case Text(text):
            return f'"{text.translate(_IN_TEXT)}"'
        case Class(ranges):
            return f"[{''.join(map(_range, ranges))}]"
        case Named(name) | Again(name):
            return name
        case Series(parts):
            return " ".join([_part(part) for part in parts])
        case Choice(options):
            return _choice(options)
        case Repeat(part, low, high):
            return _atom(part) + _times(low, high)


def _choice(options: tuple[Node, ...]) -> str:
    if not options or options[-1] != EMPTY:
        return " | ".join([render(option) for option in options])
    return _atom(options[0] if len(options) == 2 else Choice(options[:-1])) + "?"


def _part(node: Node) -> str:
    text = render(node)
    grouped = isinstance(node, Choice) and node.options[-1] != EMPTY
    return f"({text})" if grouped else text


def _atom(node: Node) -> str:
    text = render(node)
    return text if isinstance(node, Text | Class | Named | Again) else f"({text})"


def _times(low: int, high: int | None) -> str:
    match low, high:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case _, None:
            return f"{{{low},}}"
        case _:
            return f"{{{low}}}" if low == high else f"{{{low},{high}}}"


class _Escapes(dict[int, str]):
    """Escapes of single characters, made when first met; everything stays ASCII."""

    def __missing__(self, code: int) -> str:
        escape = _escape(code) if not 0x20 <= code < 0x7F else chr(code)
        self[code] = escape
        return escape


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _range(bounds: tuple[int, int]) -> str:
    low, high = bounds
    if low == high:
        return _in_class(low)
    # Neighbours need no hyphen.
    between = "-" if high > low + 1 else ""
    return f"{_in_class(low)}{between}{_in_class(high)}"


def _in_class(code: int) -> str:
    # "^" has no escape of its own and negates when it stands first.
    return f"\\x{code:02X}" if code == 0x5E else chr(code).translate(_IN_CLASS)


_IN_TEXT = _Escapes({0x22: '\\"', 0x5C: "\\\\"})
_IN_CLASS = _Escapes({0x5C: "\\\\", 0x5B: "\\[", 0x5D: "\\]", 0x2D: "\\-"})
