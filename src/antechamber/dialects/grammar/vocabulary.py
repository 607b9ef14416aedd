"""The rules of JSON itself: compact, one optional space after ``:`` and ``,``, numbers bounded.

A small model that is never allowed a space after ``:`` drifts into strange strings, one that is
allowed any white space fills its whole budget with it. A double holds 15 decimal digits exactly.
"""

from collections.abc import Mapping
from typing import Final

from antechamber.dialects.grammar.notation import (
    Again,
    Class,
    Named,
    Node,
    Repeat,
    Text,
    choice,
    optional,
    series,
)
from antechamber.dialects.grammar.spelling import ANY_CHARACTER, QUOTE

MAX_DIGITS: Final = 15

SPACE: Final = Named("space")
CHARACTER: Final = Named("character")
STRING: Final = Named("string")
INTEGER: Final = Named("integer")
NUMBER: Final = Named("number")
FRACTIONAL: Final = Named("fractional")
"""A number that is no integer."""
BOOLEAN: Final = Named("boolean")
NULL: Final = Text("null")
OBJECT: Final = Named("object")
ARRAY: Final = Named("array")
VALUE: Final = Named("value")
_VALUE_INSIDE: Final = Again("value")

COMMA: Final = series(Text(","), SPACE)
COLON: Final = series(Text(":"), SPACE)

DIGIT: Final = Class(((0x30, 0x39),))
NONZERO: Final = Class(((0x31, 0x39),))


def listed(item: Node) -> Node:
    """Any number of items with commas between them."""
    return optional(series(item, Repeat(series(COMMA, item), 0, None)))


_WHOLE: Final = choice(Text("0"), series(NONZERO, Repeat(DIGIT, 0, MAX_DIGITS - 1)))
_FRACTION: Final = series(Text("."), Repeat(DIGIT, 1, MAX_DIGITS))
_EXPONENT: Final = series(
    Class(((0x45, 0x45), (0x65, 0x65))),
    optional(Class(((0x2B, 0x2B), (0x2D, 0x2D)))),
    Repeat(DIGIT, 1, 2),
)

VOCABULARY: Final[Mapping[str, Node]] = {
    SPACE.name: optional(Text(" ")),
    CHARACTER.name: ANY_CHARACTER,
    STRING.name: series(QUOTE, Repeat(CHARACTER, 0, None), QUOTE),
    # No "-0": some readers make a float of it, and then it is no integer.
    INTEGER.name: choice(
        Text("0"),
        series(optional(Text("-")), NONZERO, Repeat(DIGIT, 0, MAX_DIGITS - 1)),
    ),
    NUMBER.name: series(optional(Text("-")), _WHOLE, optional(_FRACTION), optional(_EXPONENT)),
    FRACTIONAL.name: series(
        optional(Text("-")), _WHOLE, Text("."), Repeat(DIGIT, 0, MAX_DIGITS - 1), NONZERO
    ),
    BOOLEAN.name: choice(Text("true"), Text("false")),
    "member": series(STRING, COLON, _VALUE_INSIDE),
    OBJECT.name: series(Text("{"), listed(Named("member")), Text("}")),
    ARRAY.name: series(Text("["), listed(_VALUE_INSIDE), Text("]")),
    VALUE.name: choice(OBJECT, ARRAY, STRING, NUMBER, BOOLEAN, NULL),
}
