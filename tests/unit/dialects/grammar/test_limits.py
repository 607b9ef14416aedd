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


def chained(count: int) -> Any:
    """Each nests the one before it, which has been compiled by then."""
    chain = {f"d{n}": in_property({"$ref": f"#/$defs/d{n - 1}"}) for n in range(1, count)}
    order = {f"p{n}": {"$ref": f"#/$defs/d{n}"} for n in range(count)}
    return {"type": "object", "properties": order, "$defs": {"d0": STRING, **chain}}


def test_values_are_not_nested_beyond_what_readers_take() -> None:
    assert compile_schema(chained(150)).exact
    with pytest.raises(GrammarTooLarge):
        compile_schema(chained(250))


def test_large_rules_recur_less_often() -> None:
    properties = {f"p{number}": {"$ref": "#"} for number in range(2_000)}
    large: Any = {"type": "object", "properties": properties}

    assert len(compile_schema(large).text) < 500_000


def test_deep_rules_recur_less_often() -> None:
    around = nested(30, in_property)
    innermost = around
    while innermost["properties"]["k"] is not STRING:
        innermost = innermost["properties"]["k"]
    innermost["properties"]["k"] = {"anyOf": [STRING, {"$ref": "#"}]}

    text = compile_schema(around).text

    assert "-deep-5 " in text
    assert "-deep-6 " not in text


def test_what_ends_only_beyond_the_limit_of_recursion_is_refused() -> None:
    short_or_pair = {"anyOf": [STRING, in_property({"$ref": "#/$defs/pair"})]}
    pair = in_property({"$ref": "#/$defs/short_or_pair"})
    schema = {
        **{"type": "object", "required": ["a", "b"]},
        "properties": {"a": {"$ref": "#/$defs/short_or_pair"}, "b": {"$ref": "#/$defs/pair"}},
        "$defs": {"pair": pair, "short_or_pair": short_or_pair},
    }

    assert compile_schema(schema).exact
    with pytest.raises(GrammarTooLarge):
        compile_schema(schema, limits=GrammarLimits(max_recursion=0))


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


def test_the_patterns_of_a_schema_share_one_measure_of_work() -> None:
    names = [f"p{number}" for number in range(200)]
    costly = {name: {"type": "string", "pattern": f"^{name}(a|b)*a(a|b){{7}}$"} for name in names}
    schema = {"type": "object", "properties": costly}

    grammar = compile_schema(schema)

    assert 50 < len(grammar.gaps) < 200
    assert grammar.gaps[-1] == "#/properties/p199: pattern"
    assert compile_schema(schema) == grammar
    one = {"type": "object", "properties": {"p0": costly["p0"]}}
    assert compile_schema(one).exact
    assert not compile_schema(one, limits=GrammarLimits(max_work=100)).exact


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
