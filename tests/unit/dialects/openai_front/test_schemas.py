from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.grammar.compile import compile_schema
from antechamber.dialects.openai_front.schemas import ANY_OBJECT, fitted
from antechamber.rules.schema_subset import first_unsupported

LEAVES = st.sampled_from(
    [
        {"type": "string", "minLength": 1, "maxLength": 5},
        {"type": "string", "format": "uri-template"},
        {"type": "string", "format": "date"},
        {"type": "string", "pattern": "^(?=a)b"},
        {"type": "integer", "minimum": 0, "exclusiveMaximum": 9, "description": "A number."},
        {"type": ["number", "null"], "multipleOf": 2},
        {"enum": ["a", None, 1]},
        {"type": "boolean", "default": True},
        {},
    ]
)


def _wider(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    objects = st.dictionaries(st.sampled_from("abc"), parts, min_size=1).map(
        lambda properties: {"type": "object", "properties": properties, "minProperties": 1}
    )
    arrays = parts.map(lambda part: {"type": "array", "items": part, "maxItems": 3, "minItems": 2})
    unions = st.tuples(st.sampled_from(["anyOf", "oneOf", "allOf"]), st.lists(parts, min_size=1))
    return objects | arrays | unions.map(lambda union: {union[0]: union[1]})


SCHEMAS = st.recursive(LEAVES, _wider, max_leaves=6)


@given(SCHEMAS)
def test_a_fitted_schema_is_in_the_subset(schema: dict[str, Any]) -> None:
    assert first_unsupported(fitted(schema)) is None


@given(SCHEMAS)
def test_fitting_again_changes_nothing(schema: dict[str, Any]) -> None:
    assert fitted(fitted(schema)) == fitted(schema)


def test_what_cannot_be_held_to_is_told() -> None:
    made = fitted({"type": "integer", "minimum": 0, "maximum": 9, "description": "A digit."})

    assert made == {"type": "integer", "description": "A digit.\n\n{minimum: 0, maximum: 9}"}


def test_an_object_is_closed_where_it_has_properties() -> None:
    properties = {"a": {"type": "string"}}

    assert fitted({"type": "object", "properties": properties})["additionalProperties"] is False


@pytest.mark.parametrize(
    "schema", [{"type": "object"}, {"type": "object", "additionalProperties": {"type": "string"}}]
)
def test_an_object_of_unknown_keys_is_not_made_an_empty_one(schema: dict[str, Any]) -> None:
    assert fitted(schema) == schema
    assert first_unsupported(fitted(schema)) is not None


def test_words_beside_a_reference_are_kept() -> None:
    made = fitted({"description": "The head.", "allOf": [{"$ref": "#/$defs/node"}]})

    assert made == {"$ref": "#/$defs/node", "description": "The head."}


def test_any_object_is_in_the_subset_and_has_an_exact_grammar() -> None:
    assert first_unsupported(ANY_OBJECT) is None
    assert compile_schema(ANY_OBJECT).exact
