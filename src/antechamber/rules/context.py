"""What a rule may know beside the request: the model, the fidelity, the version, the betas."""

from collections.abc import Callable
from typing import Literal

import msgspec

from antechamber.catalogue.facts import ModelFacts
from antechamber.wire.signatures import Verdict

Fidelity = Literal["lenient", "hosted"]
Version = Literal["2023-01-01", "2023-06-01", "2026-10-21"]
Verify = Callable[[str, str, str], Verdict]
"""Takes the kind of a block, its content and its signature; ``Signer.verify``."""


class RuleContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules of one request are judged by."""

    facts: ModelFacts
    fidelity: Fidelity
    """``hosted`` also applies what the hosted API refuses on this model."""
    version: Version
    betas: frozenset[str]
    asked_model: str
    """The model as the client wrote it; clients look for it in what we answer."""
    verify: Verify
    is_batch_item: bool = False
    engine_is_claude_family: bool = False
    """The engine speaks the Messages API itself: foreign signatures and features that this server
    does not have are its affair, and go through to it."""
    allow_private_addresses: bool = False
    """URLs may lead whoever fetches them into the operator's own network."""
    max_image_bytes: int = 10 * 1024 * 1024
    """Of one image, as base64; the hosted API's limit, which was 5 MB before the middle of 2026."""
    max_pdf_bytes: int | None = None
    """Likewise; the hosted API has a limit for the whole body alone."""

    @property
    def hosted(self) -> bool:
        """Whether refusals that depend on the model apply."""
        return self.fidelity == "hosted"
