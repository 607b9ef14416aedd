"""Grammars of fixed texts."""

import pytest

from antechamber.dialects.grammar.compile import compile_choices
from antechamber.dialects.grammar.limits import SchemaUnsatisfiable
from tests.unit.dialects.grammar.sampler import Gbnf

CHOICES = [
    "yes",
    "no",
    "yesterday",
    'say "no"',
    "back\\slash",
    "two\nlines",
    "größer 😀",
    "[x-y]^",
    "",
]


def test_exactly_the_choices_are_accepted() -> None:
    grammar = compile_choices(CHOICES)
    reader = Gbnf(grammar.text)

    others = ["ye", "yest", "nono", "say ", "größer", "two", " "]

    assert grammar.exact
    assert [text for text in [*CHOICES, *others] if reader.accepts(text)] == CHOICES


def test_what_choices_begin_with_in_common_is_written_once() -> None:
    text = compile_choices(["get_weather", "get_time", "get_weather_alerts"]).text

    assert text == 'root ::= "get_" ("weather" "_alerts"? | "time")\n'


def test_long_chains_of_beginnings_do_not_nest_without_end() -> None:
    choices = ["a" * count for count in range(1, 200)]

    reader = Gbnf(compile_choices(choices).text)

    assert all(reader.accepts(choice) for choice in choices[::20])


def test_no_choice_at_all_is_refused() -> None:
    with pytest.raises(SchemaUnsatisfiable):
        compile_choices([])
