"""Answers that have to be JSON: taken out of what surrounds them and held against a schema."""

import re
from collections.abc import Mapping

import jsonschema_rs
from pydantic_core import from_json

from antechamber.wire.errors import InvalidRequest

_FENCED = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)


def bare_json(text: str) -> str:
    """Return ``text`` without blanks and without the fence that models put around JSON."""
    text = text.strip()
    fenced = _FENCED.fullmatch(text)
    return fenced[1].strip() if fenced else text


def follows(schema: Mapping[str, object], text: str) -> bool:
    """Tell whether ``text`` is JSON that is valid against ``schema``.

    Raises ``InvalidRequest`` for a schema that cannot be checked.
    """
    try:
        validator = _validator(schema)
    except ValueError as error:
        message = "Schema is too complex for compilation."
        raise InvalidRequest(message) from error
    return _is_valid(validator, text)


def contradicts(schema: Mapping[str, object], text: str) -> bool:
    """Tell whether ``text`` is not valid against ``schema``; no where that cannot be checked."""
    try:
        validator = _validator(schema)
    except ValueError:
        return False
    return not _is_valid(validator, text)


def _validator(schema: Mapping[str, object]) -> jsonschema_rs.Validator:
    # Offline: a reference to another document must not make this server fetch it.
    return jsonschema_rs.validator_for(dict(schema), offline=True)


def _is_valid(validator: jsonschema_rs.Validator, text: str) -> bool:
    try:
        return validator.is_valid(from_json(text, allow_inf_nan=False))
    except ValueError:
        return False
