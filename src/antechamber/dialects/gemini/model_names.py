"""Names of models as they stand in Gemini's addresses: a collection, and a name of its own.

Sources: ai.google.dev/api/models and …/api/tuning, the patterns of ``name``;
cloud.google.com/vertex-ai, ``publishers/*/models/*``.
"""

import re
from urllib.parse import quote

from antechamber.wire.errors import NotFound

_RESOURCE = re.compile(
    r"(?:(?P<collection>(?:publishers/[a-z][a-z0-9-]*/)?models|tunedModels)/)?(?P<name>\w[\w.:@+-]*)",
    re.ASCII,
)
"""Without a further ``/``: names may come from clients, and must not lead to another address."""


def resource_name(model: str) -> str:
    """Return ``model`` with its collection; raises ``NotFound`` for what can be no name."""
    told = _RESOURCE.fullmatch(model)
    if told is None:
        message = f"model: {model}"
        raise NotFound(message)
    return f"{told['collection'] or 'models'}/{told['name']}"


def model_path(resource: str) -> str:
    """Return the path of a model; a verb may be put behind it after a colon."""
    return "/" + quote(resource)
