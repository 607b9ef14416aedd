"""What hostile and large schemas cost: a refusal, a reported gap or a grammar of bounded size."""

from typing import Any

import pytest

from antechamber.dialects.grammar.compile import compile_schema
from antechamber.dialects.grammar.limits import GrammarLimits, GrammarTooLarge
from tests.unit.dialects.grammar.corpus import STRING
from tests.unit.dialects.grammar.sampler import Gbnf


def nested(depth: int, wrap: Any) -> Any:
    schema: Any = STRING
    for _ in range(depth):
        schema = wrap(schema)
    return schema


def in_property(schema: Any) -> Any:
    return {"type": "object", "properties": {"k": schema}, "required": ["k"]}


def in_tuple(schema: Any) -> Any:
    return {"type": "array", "prefixItems": [schema, schema]}


def test_twenty_five_tools_of_thirty_optional_inputs_stay_small() -> None:
    kinds = [STRING, {"type": "integer"}, {"type": "array", "items": STRING}, {"enum": ["a", "b"]}]
    tools = [
        {
            "type": "object",
            "properties": {f"input_{tool}_{number}": kinds[number % 4] for number in range(30)},
        }
        for tool in range(25)
    ]

    sizes = [len(compile_schema(tool).text) for tool in tools]

    assert sum(sizes) < 200_000


def test_the_grammar_of_optional_properties_grows_no_faster_than_their_number() -> None:
    def size(count: int) -> int:
        properties = {f"p{number:04d}": STRING for number in range(count)}
        return len(compile_schema({"type": "object", "properties": properties}).text)

    assert size(400) < 2.2 * size(200)


@pytest.mark.parametrize(
    "schema",
    [
        nested(200, in_property),
        nested(30, in_tuple),
        {"type": "array", "minItems": 10**9},
        {"type": "string", "minLength": 10**6},
        {"type": "string", "pattern": "^[a-z]+$", "minLength": 10**6},
        {"enum": [f"{number} {number:060d}" for number in range(20_000)]},
        {
            "type": "object",
            "properties": {f"p{number}": STRING for number in range(2_000)},
            "minProperties": 50,
        },
    ],
    ids=["deep", "bushy", "items", "characters", "pattern and length", "enum", "counted"],
)
def test_a_schema_that_needs_too_much_is_refused(schema: Any) -> None:
    with pytest.raises(GrammarTooLarge):
        compile_schema(schema)


def test_data_may_not_be_nested_without_end() -> None:
    value: Any = 1
    for _ in range(800):
        value = [value]

    with pytest.raises(GrammarTooLarge):
        compile_schema({"const": value})


@pytest.mark.parametrize(
    "limits",
    [
        GrammarLimits(max_rules=3),
        GrammarLimits(max_text_bytes=500),
        GrammarLimits(max_depth=1),
        GrammarLimits(max_values=3),
    ],
)
def test_each_limit_can_be_lowered(limits: GrammarLimits) -> None:
    properties = {f"p{number}": {"type": "string", "minLength": number} for number in range(20)}

    with pytest.raises(GrammarTooLarge):
        compile_schema({"type": "object", "properties": properties}, limits=limits)


def test_combinations_beyond_the_limit_become_gaps() -> None:
    schema = {
        "type": "object",
        "allOf": [
            {"anyOf": [{"required": [f"a{number}"]}, {"required": [f"b{number}"]}]}
            for number in range(12)
        ],
    }

    grammar = compile_schema(schema)

    assert not grammar.exact
    assert all(gap.endswith(": anyOf") for gap in grammar.gaps)
    assert 0 < len(grammar.gaps) < 12


def test_one_large_union_is_not_cut() -> None:
    schema = {"anyOf": [in_property({"const": number}) for number in range(600)]}

    grammar = compile_schema(schema)

    assert grammar.exact
    assert Gbnf(grammar.text).accepts('{"k":599}')


@pytest.mark.parametrize(
    "schema",
    [
        nested(500, lambda schema: {"allOf": [schema]}),
        nested(60, lambda schema: {"anyOf": [schema, {"type": "null"}]}),
        nested(200, lambda schema: {"not": schema}),
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}, STRING]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"type": "number", "minimum": 1e308, "multipleOf": 1e-300, "exclusiveMaximum": 1e-300},
        {"enum": ["\ud83d", "fine"]},
        {"type": "object", "properties": {"\ud83d": STRING}},
    ],
)
def test_strange_schemas_have_a_grammar(schema: Any) -> None:
    Gbnf(compile_schema(schema).text)


def test_keywords_of_a_wrong_type_are_not_read() -> None:
    schema: Any = {
        **{"type": "object", "properties": [1], "required": "a", "anyOf": {}, "$ref": 9},
        **{"minProperties": "x", "not": 3, "if": 1, "dependentRequired": [], "enum": [{}]},
    }

    assert Gbnf(compile_schema(schema).text).accepts("{}")
