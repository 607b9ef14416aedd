"""What an exact grammar can say is valid, and what no grammar says is reported."""

import json
from typing import Any

import jsonschema_rs
import pytest

from antechamber.dialects.grammar.compile import compile_schema
from antechamber.dialects.grammar.limits import SchemaUnsatisfiable
from tests.unit.dialects.grammar.corpus import EXACT, UNSATISFIABLE, WITH_GAPS
from tests.unit.dialects.grammar.random_schemas import SchemaMaker
from tests.unit.dialects.grammar.sampler import Gbnf, dice

SAMPLES = 50


@pytest.mark.parametrize("name", EXACT)
def test_every_text_of_an_exact_grammar_is_a_valid_instance(name: str) -> None:
    grammar = compile_schema(EXACT[name])
    reader, random = Gbnf(grammar.text), dice(name)

    texts = [reader.sample(random) for _ in range(SAMPLES)]

    assert (grammar.exact, grammar.gaps) == (True, ())
    assert invalid(EXACT[name], texts) == []


@pytest.mark.parametrize("name", WITH_GAPS)
def test_a_keyword_that_is_not_expressed_is_reported_with_its_pointer(name: str) -> None:
    schema, gaps = WITH_GAPS[name]

    grammar = compile_schema(schema)

    assert (grammar.exact, list(grammar.gaps)) == (False, gaps)
    reader, random = Gbnf(grammar.text), dice(name)
    for _ in range(SAMPLES):
        json.loads(reader.sample(random))


@pytest.mark.parametrize("name", UNSATISFIABLE)
def test_a_schema_without_instances_is_refused(name: str) -> None:
    with pytest.raises(SchemaUnsatisfiable):
        compile_schema(UNSATISFIABLE[name])


@pytest.mark.parametrize("block", range(8))
def test_random_schemas_have_grammars_that_are_exact_or_say_that_they_are_not(block: int) -> None:
    faults: list[object] = []

    for seed in range(block * 75, block * 75 + 75):
        random = dice(seed)
        schema = SchemaMaker(random).document()
        try:
            grammar = compile_schema(schema)
        except SchemaUnsatisfiable:
            continue
        reader = Gbnf(grammar.text)
        texts = [reader.sample(random, room=30) for _ in range(10)]
        if grammar.exact:
            faults += [(seed, fault) for fault in invalid(schema, texts)]

    assert faults == []


def test_a_format_gives_way_to_the_pattern_beside_it() -> None:
    # In 2020-12 a format is an annotation; the pattern is a demand.
    grammar = compile_schema({"type": "string", "format": "uuid", "pattern": "^z{3}$"})

    assert (grammar.exact, Gbnf(grammar.text).sample(dice(0))) == (True, '"zzz"')


def test_a_narrow_reading_that_leaves_nothing_is_given_up_for_a_gap() -> None:
    # Said of "a" alone the opposite has no object, said of "c" it cannot be.
    schema = {
        "type": "object",
        "properties": {"a": False},
        "not": {"properties": {"a": {"type": "number"}, "c": {"items": True, "maxItems": 3}}},
    }

    assert compile_schema(schema).gaps == ("#: not",)


def test_listed_values_are_exact_even_beside_what_a_grammar_cannot_say() -> None:
    schema = {"enum": ["xx", "xy", "yy"], "pattern": "^(.)\\1$", "not": {"const": "yy"}}

    grammar = compile_schema(schema)

    assert (grammar.exact, grammar.text) == (True, 'root ::= "\\"xx\\""\n')


def test_equal_schemas_give_equal_grammars() -> None:
    texts = {compile_schema(json.loads(json.dumps(EXACT["tool: order"]))).text for _ in range(3)}

    assert len(texts) == 1


def invalid(schema: Any, texts: list[str]) -> list[str]:
    """Those of the texts that are no valid instances, formats included."""
    # "$schema" would let it read older drafts as such, and a remote one over the network.
    keywords = schema if isinstance(schema, bool) else {**schema, "$schema": DRAFT}
    validator = jsonschema_rs.Draft202012Validator(keywords, validate_formats=True, offline=True)
    return [text for text in texts if not validator.is_valid(json.loads(text))]


DRAFT = "https://json-schema.org/draft/2020-12/schema"
