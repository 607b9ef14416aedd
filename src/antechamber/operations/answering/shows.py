"""One request as each kind of engine is shown it, made once for each."""

import asyncio

from antechamber.operations.answering.call import Call
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services, rank_asked
from antechamber.operations.attachments.attachments import ShownRequest
from antechamber.operations.attachments.audience import Audience
from antechamber.operations.attachments.places import has_media
from antechamber.rules.reading import Prompt

LARGE_BYTES = 1024 * 1024
"""From here on a request is looked at beside the loop: 100,000 messages take seconds."""
_MOST_BODIES = 2
"""Of so many bodies the images and documents of one request may be, wherever they come from."""


async def shows_of(
    services: Services, request: Prompt, call: Call, *, size_bytes: int
) -> "Shows | None":
    """Return what knows how ``request`` is shown; None for most, which have nothing but text.

    ``size_bytes`` is that of the request's body.
    """
    if size_bytes < LARGE_BYTES:
        found = has_media(request)
    else:
        found = await asyncio.to_thread(has_media, request)
    return Shows(services, request, call) if found else None


class Shows:
    """Knows what was fetched, opened and read for a request, whoever takes it in the end."""

    def __init__(self, services: Services, request: Prompt, call: Call) -> None:
        self._services = services
        self._request = request
        self._call = call
        self._shown: dict[object, ShownRequest] = {}

    async def to(self, candidate: Candidate) -> ShownRequest:
        """Return the request as ``candidate`` can take it; raises ``ApiError``."""
        audience = self._audience(candidate)
        known = self._shown.get(audience.kind)
        if known is None:
            known = self._shown[audience.kind] = await self._services.attachments.shown_to(
                audience, self._request
            )
        return known

    def _audience(self, candidate: Candidate) -> Audience:
        media, server = self._services.settings.media, self._services.settings.server
        return Audience(
            facts=candidate.facts,
            limits=candidate.engine.limits,
            relays=candidate.relay is not None,
            workspace_id=self._call.caller.workspace_id,
            rank=rank_asked(self._request, self._call),
            max_image_bytes=media.max_image_bytes,
            max_pdf_bytes=media.max_pdf_bytes,
            most_bytes=_MOST_BODIES * server.max_body_bytes,
        )
