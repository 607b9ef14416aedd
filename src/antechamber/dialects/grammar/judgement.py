"""Whether a listed value is valid: the one question that is answered by a validator.

The seam to jsonschema-rs, whose errors (a pattern it cannot read, a reference it cannot follow)
end here.
"""

from typing import cast
from urllib.parse import quote

import jsonschema_rs

from antechamber.dialects.grammar.places import Document, Place

_ADDRESS = "urn:schema"


class Undecided(Exception):
    """The validator cannot read the schema."""


class Judge:
    """Validates values against places of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._registry: jsonschema_rs.Registry | None = None

    def valid(self, place: Place, values: list[object]) -> list[object]:
        """Those of the values that satisfy the place. Raises ``Undecided``.

        Formats decide as long as they leave any value: they are annotations, and a list of values
        that are all ill-formed means what it lists.
        """
        try:
            for formats in (True, False):
                validator = self._validator(place, formats=formats)
                if found := [value for value in values if validator.is_valid(value)]:
                    return found
        except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise Undecided from error
        return []

    def _validator(self, place: Place, *, formats: bool) -> jsonschema_rs.Draft202012Validator:
        if place.made:
            schema = place.schema
        else:
            schema = {"$ref": f"{_ADDRESS}#{quote(place.pointer.removeprefix('#'))}"}
        return jsonschema_rs.Draft202012Validator(
            cast("dict[str, object]", schema),
            validate_formats=formats,
            registry=self._resources(),
            # It would fetch a remote reference over the network.
            offline=True,
        )

    def _resources(self) -> jsonschema_rs.Registry:
        if self._registry is None:
            # With "$schema" it would read the schema as the draft that is named there.
            root = {
                keyword: value
                for keyword, value in self._document.root.keywords.items()
                if keyword != "$schema"
            }
            self._registry = jsonschema_rs.Registry([(_ADDRESS, root)])
        return self._registry
