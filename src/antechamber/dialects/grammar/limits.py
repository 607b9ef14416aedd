"""How large a grammar may become, and the two ways in which a schema is refused."""

from dataclasses import dataclass


class GrammarTooLarge(Exception):
    """The schema needs more rules, text, nesting or repetition than the limits allow."""


class SchemaUnsatisfiable(Exception):
    """No JSON value is valid against the schema, so there is nothing to generate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrammarLimits:
    """Bounds that keep a hostile schema from costing more than its compilation is worth."""

    max_rules: int = 6_000
    max_text_bytes: int = 600_000
    max_values: int = 3_000
    """Values that are compiled one by one, each way to satisfy their schemas counted."""
    max_depth: int = 40
    """Schemas nested in schemas; each level is about ten Python frames of 1,000."""
    max_nesting: int = 200
    """Arrays and objects inside each other in any text of the grammar; readers of JSON give up
    not much later."""
    max_recursion: int = 8
    """How often a text may lead back to a rule that it is already in."""
    max_unrolled_bytes: int = 150_000
    """Of rules that are written once for each level of recursion; where they are large there are
    fewer levels, but one."""
    max_work: int = 60_000
    """Steps in making all automata of strings; patterns beyond it become gaps."""
    max_branches: int = 256
    """Combinations of several ``anyOf`` and its like that are spelled out for one value."""
