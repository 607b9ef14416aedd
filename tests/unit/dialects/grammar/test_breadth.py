"""What a grammar leaves possible: narrower than its schema, but never needlessly so."""

import json
from itertools import chain, combinations

import pytest

from antechamber.dialects.grammar.compile import compile_schema
from tests.unit.dialects.grammar.corpus import EXACT, WITH_GAPS
from tests.unit.dialects.grammar.sampler import Gbnf

INTEGER = {"type": "integer"}
STRING = {"type": "string"}


def accepts(schema: object, *values: object) -> list[bool]:
    """Whether each value's compact JSON is in the grammar."""
    reader = Gbnf(compile_schema(schema).text)  # pyright: ignore[reportArgumentType]
    return [
        reader.accepts(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        for value in values
    ]


def test_every_set_of_optional_properties_can_be_written() -> None:
    names = ["a", "b", "c", "d", "e"]
    schema = {
        "type": "object",
        "properties": dict.fromkeys(names, INTEGER),
        "required": ["c"],
    }
    optional = [name for name in names if name != "c"]
    sets = chain.from_iterable(combinations(optional, count) for count in range(5))

    found = accepts(schema, *({"c": 1} | dict.fromkeys(some, 2) for some in sets))

    assert found == [True] * 16


def test_required_properties_come_first_and_in_schema_order() -> None:
    schema = {
        "type": "object",
        "properties": {"a": INTEGER, "b": INTEGER, "c": INTEGER},
        "required": ["c", "b"],
    }

    found = accepts(schema, {"b": 1, "c": 1, "a": 1}, {"c": 1, "b": 1}, {"a": 1, "b": 1, "c": 1})

    assert found == [True, False, False]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ('{"a":1,"b":[1,2]}', True),
        ('{"a": 1, "b": [1, 2]}', True),
        ('{"a":  1}', False),
        ('{ "a":1}', False),
        ('{"a" :1}', False),
        ('{"a":1}\n', False),
        ('{"a":\n1}', False),
        ('{"a":1,}', False),
        ("{}", True),
        ('{"b":[ 1]}', False),
    ],
)
def test_at_most_one_space_is_allowed_and_only_after_colon_and_comma(
    text: str, taken: bool
) -> None:
    schema = {"type": "object", "properties": {"a": INTEGER, "b": {"type": "array"}}}

    assert Gbnf(compile_schema(schema).text).accepts(text) is taken


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ('"plain text, ümläut 😀 \u2028 and / \\/"', True),
        ('"\\" \\\\ \\b \\f \\n \\r \\t"', True),
        ('"\\u0041"', False),
        ('"\\ud83d\\ude00"', False),
        ('"a\nb"', False),
        ('"a\tb"', False),
        ('"\ud800"', False),
        ('"unclosed', False),
    ],
)
def test_strings_hold_any_character_and_the_short_escapes_alone(text: str, taken: bool) -> None:
    assert Gbnf(compile_schema(STRING).text).accepts(text) is taken


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("0", True),
        ("-1", True),
        ("-0", False),
        ("007", False),
        ("1.0", False),
        ("1e3", False),
        ("9" * 15, True),
        ("9" * 16, False),
    ],
)
def test_integers_have_one_spelling_and_fit_a_double(text: str, taken: bool) -> None:
    assert Gbnf(compile_schema(INTEGER).text).accepts(text) is taken


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("0.5", True),
        ("-12.25e-3", True),
        ("1E+99", True),
        (".5", False),
        ("1.", False),
        ("01.5", False),
        ("1e100", False),
        ("0." + "3" * 16, False),
        ("NaN", False),
    ],
)
def test_numbers_are_those_that_every_reader_takes(text: str, taken: bool) -> None:
    assert Gbnf(compile_schema({"type": "number"}).text).accepts(text) is taken


def test_any_value_can_be_nested_to_eight_levels() -> None:
    value: object = {"a": [1, "x", None, True, {"b": {}}]}
    for _ in range(5):
        value = {"deeper": value}

    assert accepts(True, value, [], {}, "", 0, None) == [True] * 6
    assert accepts(True, [[value]]) == [False]


def test_a_recursive_schema_can_be_followed_to_eight_levels() -> None:
    leaf: dict[str, object] = {"value": 1}
    tree = leaf
    for _ in range(8):
        tree = {"value": 2, "children": [leaf, tree]}

    assert accepts(EXACT["recursive tree"], tree) == [True]
    assert accepts(EXACT["recursive tree"], {"value": 2, "children": [tree] * 2}) == [False]


def test_keys_beside_declared_ones_are_written_where_their_values_are_described() -> None:
    described = {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": STRING}
    undescribed = {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": True}
    undeclared = {"type": "object", "additionalProperties": True}

    assert accepts(described, {"a": 1, "b": "x"}, {"ab": "x"}, {"a": "x"}) == [True, True, False]
    assert accepts(undescribed, {"a": 1, "b": "x"}) == [False]
    assert accepts(undeclared, {"a": 1, "b": "x"}) == [True]


def test_a_declared_name_is_not_written_a_second_time_with_another_value() -> None:
    schema = {"type": "object", "properties": {"a/b": INTEGER}, "additionalProperties": STRING}
    reader = Gbnf(compile_schema(schema).text)

    texts = ['{"a/b":1,"a/b":"x"}', '{"a\\/b":"x"}', '{"a/c":"x","a/":"y"}']

    assert [reader.accepts(text) for text in texts] == [False, False, True]


@pytest.mark.parametrize("length", [0, 1, 256, 257, 4_000, 20_000])
def test_text_may_be_as_long_as_its_schema_says_or_nearly(length: int) -> None:
    # Lengths are made of blocks of 64; the greatest may be lowered by less than one of each size.
    schema = {"type": "string", "maxLength": max(length, 1) * 17 // 16 + 64}

    assert accepts(schema, "x" * length) == [True]


def test_lengths_count_code_points() -> None:
    schema = {"type": "string", "minLength": 3, "maxLength": 3}

    assert accepts(schema, "😀é€", "😀😀", "a\n\\", "abcd") == [True, False, True, False]


@pytest.mark.parametrize("low", [2, 64, 256, 257, 1_000, 5_000])
def test_text_is_at_least_as_long_as_its_schema_says(low: int) -> None:
    schema = {"type": "string", "minLength": low}

    assert accepts(schema, "x" * (low - 1), "x" * low, "x" * (low + 1)) == [False, True, True]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 300])
def test_arrays_may_be_long(count: int) -> None:
    schema = {"type": "array", "items": INTEGER, "maxItems": 5_000}

    assert accepts(schema, [7] * count) == [True]


def test_both_branches_of_a_condition_can_be_taken() -> None:
    found = accepts(
        EXACT["if then else"],
        {"country": "US", "zip": "12345"},
        {"country": "DE", "zip": "D-12345"},
        {"country": "DE", "zip": "12345"},
    )

    assert found == [True, True, False]


def test_every_subset_of_listed_values_is_a_set() -> None:
    found = accepts(EXACT["set of listed values"], ["r"], ["r", "x", 1], ["w", 1], ["r", "r"], [])

    assert found == [True, True, True, False, False]


def test_a_gap_leaves_out_its_keyword_and_no_other() -> None:
    schema, _ = WITH_GAPS["look-ahead"]

    assert accepts(schema, {"a": "no digit"}, {"a": 1}, {}) == [True, False, False]
