"""Who is shown images and documents: what it takes, and how much of it."""

from dataclasses import dataclass

from antechamber.catalogue.facts import ModelFacts
from antechamber.engines.base import EngineLimits
from antechamber.operations.attachments.places import Media
from antechamber.wire.responses import ServiceTier


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is to be shown something."""

    facts: ModelFacts
    limits: EngineLimits
    relays: bool = False
    """An upstream of the same API: it gets what the client sent, and files of ours as bytes."""
    workspace_id: str
    rank: ServiceTier = "standard"
    max_image_bytes: int
    """Of one, as base64."""
    max_pdf_bytes: int | None = None
    """Likewise."""
    most_bytes: int
    """Of all images and documents of the request."""

    @property
    def kind(self) -> tuple[object, ...]:
        """What is the same for all who are shown the same."""
        seen = self.sees, self.opens_pdfs, self.limits.url_input
        return (self.facts.id, self.relays, *seen)

    @property
    def sees(self) -> bool:
        """Whether images are given to it as such."""
        return self.relays or (self.limits.image_input and self.facts.supports.image_input)

    @property
    def opens_pdfs(self) -> bool:
        """Whether PDFs are given to it as they are."""
        return self.relays or (self.sees and self.limits.pdf_input)

    def loads(self, block: Media) -> bool:
        """Whether the bytes of ``block`` are wanted here."""
        kind = block.source.type
        if self.relays:
            return kind == "file"
        return kind in ("base64", "file") or (kind == "url" and not self.limits.url_input)
