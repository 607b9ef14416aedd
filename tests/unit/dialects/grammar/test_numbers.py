"""Ranges of numbers: everything between the bounds, nothing beyond them."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.grammar.compile import compile_schema
from antechamber.dialects.grammar.limits import SchemaUnsatisfiable
from tests.unit.dialects.grammar.sampler import Gbnf, dice

integers = st.integers(-12_000, 12_000)
hundredths = st.integers(-5_000, 5_000).map(lambda number: number / 100)


@given(low=integers, size=st.integers(0, 3_000), candidates=st.lists(integers, max_size=8))
def test_an_integer_is_in_the_grammar_exactly_when_it_is_in_the_range(
    low: int, size: int, candidates: list[int]
) -> None:
    high = low + size
    reader = Gbnf(compile_schema({"type": "integer", "minimum": low, "maximum": high}).text)

    for number in [*candidates, low - 1, low, high, high + 1, low + size // 2]:
        assert reader.accepts(str(number)) is (low <= number <= high)


@given(low=hundredths, size=hundredths.map(abs), open_ends=st.tuples(st.booleans(), st.booleans()))
def test_a_number_is_in_the_grammar_exactly_when_it_is_in_the_range(
    low: float, size: float, open_ends: tuple[bool, bool]
) -> None:
    high = round(low + size, 2)
    schema = {
        "type": "number",
        "exclusiveMinimum" if open_ends[0] else "minimum": low,
        "exclusiveMaximum" if open_ends[1] else "maximum": high,
    }
    try:
        reader = Gbnf(compile_schema(schema).text)
    except SchemaUnsatisfiable:
        assert low == high
        return

    for number in [low, high, *(low + step * size / 4 for step in (1, 2, 3)), low - 1, high + 0.01]:
        exact = Decimal(f"{number:.3f}")
        above = exact > Decimal(str(low)) or (exact == Decimal(str(low)) and not open_ends[0])
        below = exact < Decimal(str(high)) or (exact == Decimal(str(high)) and not open_ends[1])
        assert reader.accepts(_spelled(exact)) is (above and below)
    samples = [json.loads(reader.sample(dice(low))) for _ in range(5)]
    assert all(low <= number <= high for number in samples)
    assert not (open_ends[0] and low in samples) and not (open_ends[1] and high in samples)


def test_zeros_at_the_end_of_a_fraction_change_nothing() -> None:
    reader = Gbnf(compile_schema({"type": "number", "minimum": 1.5, "maximum": 2}).text)

    taken = [reader.accepts(text) for text in ("1.5", "1.50", "1.500", "2", "2.0", "2.000", "1")]

    assert taken == [True] * 6 + [False]


def test_a_ruled_out_number_is_stepped_over() -> None:
    schema = {"type": "integer", "minimum": 0, "maximum": 9, "not": {"enum": [0, 4, 9]}}
    reader = Gbnf(compile_schema(schema).text)

    assert [number for number in range(-1, 11) if reader.accepts(str(number))] == [
        1,
        2,
        3,
        5,
        6,
        7,
        8,
    ]


def test_multiples_of_a_power_of_ten_need_no_list() -> None:
    reader = Gbnf(compile_schema({"type": "integer", "multipleOf": 100, "minimum": -200}).text)

    texts = ["-300", "-200", "0", "50", "100", "123400", "123450"]

    assert [text for text in texts if reader.accepts(text)] == ["-200", "0", "100", "123400"]


def _spelled(number: Decimal) -> str:
    text = f"{number:f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
