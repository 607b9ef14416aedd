"""How large a grammar may become, and the two ways in which a schema is refused."""

from dataclasses import dataclass


class GrammarTooLarge(Exception):
    """The schema needs more rules, text, nesting or repetition than the limits allow."""


class SchemaUnsatisfiable(Exception):
    """No JSON value is valid against the schema, so there is nothing to generate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrammarLimits:
    """Bounds that keep a hostile schema from costing more than its compilation is worth."""

    max_rules: int = 20_000
    max_text_bytes: int = 1_000_000
    max_values: int = 10_000
    """Values that are compiled one by one, each way to satisfy their schemas counted."""
    max_depth: int = 40
    """Schemas nested in schemas; each level is about ten Python frames of 1,000."""
    max_branches: int = 256
    """Combinations of several ``anyOf`` and its like that are spelled out for one value."""
