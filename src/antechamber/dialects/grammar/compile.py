"""The two entries: a grammar of a schema's values, and one of fixed texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.dialects.grammar.limits import (
    GrammarLimits,
    GrammarTooLarge,
    SchemaUnsatisfiable,
)
from antechamber.dialects.grammar.literals import texts_node
from antechamber.dialects.grammar.places import Document
from antechamber.dialects.grammar.rules import RuleBook
from antechamber.dialects.grammar.values import Compilation

_LIMITS: Final = GrammarLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """GBNF text whose first rule is ``root``, and how faithful it is."""

    text: str
    exact: bool
    """Every text of the grammar is a JSON text that is valid against the schema."""
    gaps: tuple[str, ...] = ()
    """What the grammar does not express: ``#/properties/a: not``."""


def compile_schema(
    schema: Mapping[str, object] | bool,  # noqa: FBT001  a schema can be true
    *,
    limits: GrammarLimits = _LIMITS,
) -> Grammar:
    """Grammar of the JSON texts that are valid against a schema of JSON Schema 2020-12.

    The schema itself must be valid: a keyword whose value has the wrong type is not read. A
    reference that leaves the schema is a gap.

    Raises ``SchemaUnsatisfiable`` when no value is valid, ``GrammarTooLarge``.
    """
    try:
        try:
            return _compiled(Document(schema), limits)
        except SchemaUnsatisfiable:
            # Perhaps only the narrower reading of some keyword has no value.
            return _compiled(Document(schema, cautious=True), limits)
    except RecursionError as error:
        # Nested schemas are counted; nested data in ``const`` and ``enum`` is not.
        raise GrammarTooLarge("a listed value is nested too deeply") from error


def compile_choices(choices: Sequence[str]) -> Grammar:
    """Grammar of exactly these texts, which need not be JSON.

    Raises ``SchemaUnsatisfiable`` when there are none.
    """
    return Grammar(text=RuleBook(_LIMITS, {}).text(texts_node(choices)), exact=True)


def _compiled(document: Document, limits: GrammarLimits) -> Grammar:
    compilation = Compilation(document, limits)
    text = compilation.text()
    gaps = tuple(f"{gap.pointer}: {gap.keyword}" for gap in compilation.gaps)
    return Grammar(text=text, exact=not gaps, gaps=gaps)
