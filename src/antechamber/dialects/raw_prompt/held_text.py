"""JSON text that is held back until it has been checked: a grammar could not say all of its schema.

Pings keep the client waiting meanwhile; an exact grammar needs none of this.
"""

from collections.abc import Callable

import jsonschema_rs
from pydantic_core import from_json

from antechamber.dialects.raw_prompt.constraint import JsonSchema
from antechamber.wire.errors import InvalidRequest

_MOST_ATTEMPTS = 3
"""A first try and two more."""


class HeldText:
    """The check of one text; raises ``InvalidRequest`` for a schema that cannot be checked."""

    def __init__(self, schema: JsonSchema) -> None:
        self.attempt = 1
        try:
            # Offline: a reference to another document must not make this server fetch it.
            self._validator = jsonschema_rs.validator_for(dict(schema.schema), offline=True)
        except ValueError as error:
            raise _too_complex() from error

    def accepts(self, text: str) -> bool:
        """Tell whether ``text`` is valid; if not, another attempt begins.

        Raises ``InvalidRequest`` when there has been the last one.
        """
        if self._is_valid(text):
            return True
        if self.attempt == _MOST_ATTEMPTS:
            raise _too_complex()
        self.attempt += 1
        return False

    def _is_valid(self, text: str) -> bool:
        try:
            return self._validator.is_valid(from_json(text, allow_inf_nan=False))
        except ValueError:
            return False


def hold(schema: JsonSchema, is_exact: Callable[[JsonSchema], bool]) -> HeldText | None:
    """Return the check that ``schema`` needs; None where its grammar says it all."""
    return None if is_exact(schema) else HeldText(schema)


def _too_complex() -> InvalidRequest:
    return InvalidRequest("Schema is too complex for compilation.")
