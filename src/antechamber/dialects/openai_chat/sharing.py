"""What a host is told that several workspaces share: who goes first, and whose cache is whose."""

import hashlib

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.wire.responses import ServiceTier

_PRIORITIES = {"priority": -1, "batch": 1}
"""A lower number goes first; who says nothing has 0."""
_OWN_CACHE = "default"
"""A server without workspaces has this one alone, and needs no salt."""


def sharing_fields(quirks: Quirks, rank: ServiceTier, workspace: str) -> dict[str, object]:
    """Return the fields of a body that keep ``workspace`` and its ``rank`` apart from others.

    Source: docs.vllm.ai, OpenAI-compatible server, extra parameters; cache isolation.
    """
    fields: dict[str, object] = {}
    if quirks.priority and rank in _PRIORITIES:
        fields["priority"] = _PRIORITIES[rank]
    if quirks.cache_salts and workspace != _OWN_CACHE:
        # Its id is nobody's business there.
        fields["cache_salt"] = hashlib.sha256(workspace.encode()).hexdigest()
    return fields
