"""What a completion may be restricted to, in terms that every completer can translate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema:
    """JSON text valid against ``schema`` (2020-12), as far as the completer can express it."""

    schema: Mapping[str, object]

    def as_text(self) -> str:
        """Return the schema as JSON text, for a prompt or as a key of a cache."""
        return json.dumps(self.schema, ensure_ascii=False)  # noqa: TID251 - not a body


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Exactly one of ``texts``; with an empty text among them the completion may end at once."""

    texts: Sequence[str]


Constraint = JsonSchema | Choices
