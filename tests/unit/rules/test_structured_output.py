"""Schemas that output is held to: the documented subset, its limits, and what excludes it.

Source: platform.claude.com/docs/en/build-with-claude/structured-outputs.
"""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import pytest
from anthropic import transform_schema
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel

from antechamber.rules.schema_subset import first_unsupported, tally
from tests.unit.rules.requests import (
    Asked,
    Case,
    Fields,
    assistant,
    cases,
    closed,
    format_of,
    refusal,
    refusal_of_count,
    user,
    words,
)

STRING: Fields = {"type": "string"}
CLOSED = "For 'object' type, 'additionalProperties' must be explicitly set to false"

UNSUPPORTED: list[Case] = [
    ("an open object", {"type": "object", "properties": {"a": STRING}}, CLOSED),
    ("an open object below", closed(a={"type": "object"}), CLOSED),
    ("an open object in a list", closed(a={"type": "array", "items": {"type": "object"}}), CLOSED),
    ("an open definition", {**closed(), "$defs": {"A": {"type": "object"}}}, CLOSED),
    ("a map", closed(a={"type": "object", "additionalProperties": STRING}), CLOSED),
    (
        "agentjido/req_llm#302",
        closed(a={"type": "integer", "minimum": 1}),
        "For 'integer' type, property 'minimum' is not supported",
    ),
    (
        "two of them, sorted",
        closed(a={"type": "number", "minimum": 0, "maximum": 1}),
        "For 'number' type, properties maximum, minimum are not supported",
    ),
    (
        "a number or nothing",
        closed(a={"type": ["integer", "null"], "multipleOf": 2}),
        "For 'integer' type, property 'multipleOf' is not supported",
    ),
    (
        "a length",
        closed(a={"type": "string", "maxLength": 5}),
        "For 'string' type, property 'maxLength' is not supported",
    ),
    (
        "agentjido/req_llm#706",
        closed(a={"type": "array", "items": STRING, "maxItems": 5}),
        "For 'array' type, property 'maxItems' is not supported",
    ),
    (
        "ghostlobster/memorize-everything#93",
        closed(a={"type": "array", "items": STRING, "minItems": 6}),
        "For 'array' type, 'minItems' values other than 0 or 1 are not supported",
    ),
    (
        "vercel/ai: oneOf",
        closed(a={"oneOf": [STRING, {"type": "null"}]}),
        "Schema type 'oneOf' is not supported",
    ),
    ("not", closed(a={"not": STRING}), "Schema type 'not' is not supported"),
    (
        "allOf with a reference",
        {**closed(a={"allOf": [{"$ref": "#/$defs/A"}]}), "$defs": {"A": STRING}},
        "Schema type 'allOf' is not supported together with '$ref'",
    ),
    (
        "an enumeration of lists",
        closed(a={"enum": ["a", ["b"]]}),
        "Enum values other than strings, numbers, booleans and null are not supported",
    ),
    (
        "a format",
        closed(a={"type": "string", "format": "iri"}),
        "For 'string' type, format 'iri' is not supported",
    ),
    (
        "look-around",
        closed(a={"type": "string", "pattern": "^(?!x)"}),
        "For 'string' type, pattern '^(?!x)' is not supported",
    ),
    (
        "a back-reference",
        closed(a={"type": "string", "pattern": r"(a)\1"}),
        r"For 'string' type, pattern '(a)\1' is not supported",
    ),
    (
        "a word boundary",
        closed(a={"type": "string", "pattern": r"\bx"}),
        r"For 'string' type, pattern '\bx' is not supported",
    ),
    (
        "a large repetition",
        closed(a={"type": "string", "pattern": "x{1,5000}"}),
        "For 'string' type, pattern 'x{1,5000}' is not supported",
    ),
    (
        "a repetition without measure",
        closed(a={"type": "string", "pattern": f"x{{{'9' * 5_000}}}"}),
        f"For 'string' type, pattern 'x{{{'9' * 5_000}}}' is not supported",
    ),
    (
        "a schema elsewhere",
        closed(a={"$ref": "https://example.com/schema"}),
        "External schema reference 'https://example.com/schema' is not supported",
    ),
    (
        "a schema nowhere",
        closed(a={"$ref": "#/$defs/Missing"}),
        "Schema reference '#/$defs/Missing' cannot be resolved",
    ),
    (
        "a tree",
        {
            **closed(a={"$ref": "#/$defs/Node"}),
            "$defs": {"Node": closed(next={"$ref": "#/$defs/Node"})},
        },
        "Circular reference detected in schema definitions: Node -> Node",
    ),
    (
        "a tree of two kinds",
        {
            **closed(a={"$ref": "#/$defs/A"}),
            "$defs": {"A": closed(b={"$ref": "#/$defs/B"}), "B": closed(a={"$ref": "#/$defs/A"})},
        },
        "Circular reference detected in schema definitions: A -> B -> A",
    ),
    (
        "itself",
        closed(a={"$ref": "#"}),
        "Circular reference detected in schema definitions: # -> #",
    ),
]
REFUSED = cases(UNSUPPORTED)


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("schema", "expected"), REFUSED)
def test_a_format_outside_the_subset_is_refused(schema, expected, fidelity) -> None:
    error = refusal(Asked(fidelity=fidelity), **format_of(schema))

    assert words(error) == f"output_config.format.schema: {expected}"


@pytest.mark.parametrize(("schema", "expected"), REFUSED)
def test_a_strict_tool_outside_the_subset_is_refused(schema, expected) -> None:
    look: Fields = {"name": "look", "strict": True, "input_schema": schema}

    error = refusal_of_count(Asked(), tools=[look])

    assert words(error) == f"tools.0.custom: {expected}"


def test_a_tool_that_is_not_strict_may_use_all_of_json_schema() -> None:
    look: Fields = {"name": "look", "input_schema": {"type": "object", "minProperties": 1}}

    assert refusal(Asked(), tools=[look]) is None


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(closed(a=STRING, b={"type": "integer"}, c={"type": "null"}), id="types"),
        pytest.param(closed(a={"enum": ["x", 1, None, True]}, b={"const": 5}), id="enumerations"),
        pytest.param(closed(a={"anyOf": [STRING, {"type": "null"}]}), id="anyOf"),
        pytest.param(closed(a={"allOf": [STRING, {"description": "x"}]}), id="allOf"),
        pytest.param(closed(a={"type": "array", "items": STRING, "minItems": 1}), id="minItems 1"),
        pytest.param(closed(a={"type": "string", "format": "date-time"}), id="a format"),
        pytest.param(
            closed(a={"type": "string", "pattern": r"^[a-z]{2,10}\\b(x|y)?$"}), id="pattern"
        ),
        pytest.param(closed(a={"type": "string", "pattern": r"\(?=\)"}), id="escaped brackets"),
        pytest.param(
            {**closed(a={"$ref": "#/$defs/A"}, b={"$ref": "#/$defs/A"}), "$defs": {"A": STRING}},
            id="a definition used twice",
        ),
        pytest.param(
            closed(a={**STRING, "title": "A", "default": "x", "examples": []}), id="notes"
        ),
    ],
)
def test_the_subset_is_accepted(schema) -> None:
    assert words(refusal(Asked(fidelity="hosted"), **format_of(schema))) is None


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    """A part."""

    name: Annotated[str, Field(min_length=1, max_length=20)]
    colour: Colour
    count: Annotated[int, Field(ge=0, le=9)] = 1


class Whole(BaseModel):
    id: UUID
    made: datetime
    sold: date | None = None
    kind: Literal["a", "b"]
    parts: Annotated[list[Part], Field(min_length=2, max_length=5)]
    spare: Part | None
    share: float


class Parts(RootModel[list[Part]]):
    pass


@pytest.mark.parametrize("model", [Part, Whole, Parts])
def test_what_the_sdk_makes_of_a_model_is_accepted(model) -> None:
    """``messages.parse`` of SDK 2.12 sends what ``transform_schema`` returns."""
    error = refusal(Asked(fidelity="hosted"), **format_of(transform_schema(model)))

    assert words(error) is None


def test_a_schema_that_is_none_is_refused() -> None:
    error = refusal(Asked(), **format_of({"type": "text"}))

    assert words(error) == (
        "output_config.format.schema: JSON schema is invalid. It must match JSON Schema draft "
        "2020-12 (https://json-schema.org/draft/2020-12)."
    )


def test_thousands_of_chained_references_are_followed() -> None:
    chain: Fields = {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(3_000)}
    ring = {**chain, "d3000": {"$ref": "#/$defs/d0"}}
    schema = closed(a={"$ref": "#/$defs/d0"})

    assert (
        words(refusal(Asked(), **format_of({**schema, "$defs": {**chain, "d3000": STRING}})))
        is None
    )
    said = words(refusal(Asked(), **format_of({**schema, "$defs": ring}))) or ""
    assert said.startswith(
        "output_config.format.schema: Circular reference detected in schema definitions: d0 -> d1"
    )


def test_the_older_name_is_checked_too() -> None:
    schema: Fields = {"type": "object"}

    error = refusal(Asked(), output_format={"type": "json_schema", "schema": schema})

    assert words(error) == f"output_format.schema: {CLOSED}"


def strict(number: int, schema: Fields) -> Fields:
    return {"name": f"tool_{number}", "strict": True, "input_schema": schema}


def optional(count: int) -> Fields:
    properties: Fields = {f"p{number}": STRING for number in range(count)}
    return {**closed(**properties), "required": []}


def unions(count: int) -> Fields:
    return closed(**{f"p{number}": {"type": ["string", "null"]} for number in range(count)})


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        pytest.param(
            {"tools": [strict(number, closed()) for number in range(20)]},
            {"tools": [strict(number, closed()) for number in range(21)]},
            id="20 strict tools",
        ),
        pytest.param(
            {"tools": [strict(0, optional(14))], **format_of(optional(10))},
            {"tools": [strict(0, optional(14))], **format_of(optional(11))},
            id="24 optional parameters, summed",
        ),
        pytest.param(
            {"tools": [strict(0, unions(8)), strict(1, unions(8))]},
            {"tools": [strict(0, unions(8)), strict(1, unions(9))]},
            id="16 parameters of several types, summed",
        ),
    ],
)
def test_row_60_limits_are_summed_over_the_request(within, beyond) -> None:
    assert words(refusal(Asked(), **within)) is None
    assert words(refusal(Asked(), **beyond)) == "Schema is too complex for compilation."


def test_prefill_and_citations_exclude_a_format() -> None:
    document: Fields = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "Some text."},
        "citations": {"enabled": True},
    }
    asked, answer = Asked(), format_of(closed())

    prefilled = refusal(asked, messages=[user("Hi"), assistant("{")], **answer)
    cited = refusal(asked, messages=[user(document)], **answer)

    assert words(prefilled) == (
        "output_config.format: structured outputs are not supported with assistant message "
        "prefill. The conversation must end with a user message."
    )
    assert words(cited) == (
        "output_config.format: structured outputs are not supported when citations are enabled"
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "anyOf", "allOf", "$ref", "$defs",
                             "required", "enum", "pattern", "additionalProperties", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["type", "properties", "$defs", "$ref", "anyOf"]), _JSON))
def test_no_json_at_all_confuses_the_walk(schema: dict[str, object]) -> None:
    """Strict tools are walked after the meta-schema said yes; a walk never relies on that."""
    first_unsupported(schema)
    tally(schema)
