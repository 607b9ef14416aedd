"""The models that are served, as the Models API shows them."""

import asyncio
from collections.abc import Collection, Iterable, Sequence

from antechamber.engines.base import Engine
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services
from antechamber.operations.pages import Page, PageOrder, page_of
from antechamber.wire.errors import ApiError, NotFound
from antechamber.wire.model_info import ModelInfo, model_info

_PATIENCE_S = 2.0
"""Claude Code gives up on the list after three seconds."""
_SHOWN_UNASKED = ("active", "deprecated")
"""Retired models are served, and listed only when they are asked for (SDK 2.12)."""


async def list_models(
    services: Services,
    order: PageOrder,
    *,
    lifecycle: Sequence[str],
    beta: bool,
    allowed: Collection[str] | None = None,
) -> Page[ModelInfo]:
    """Return served models, newest first; raises ``InvalidRequest`` for an unknown cursor.

    ``allowed`` are those of the caller's key; None is every one.
    """
    candidates = [
        candidate
        for candidate in services.routing.served()
        if allowed is None or candidate.facts.id in allowed
    ]
    await _settle({candidate.engine.name: candidate.engine for candidate in candidates}.values())
    infos = [_info(services, candidate, beta=beta) for candidate in candidates]
    wanted = lifecycle or _SHOWN_UNASKED
    return page_of(infos, order, lambda info: info["id"], lambda info: info["lifecycle"] in wanted)


async def get_model(
    services: Services, model: str, *, beta: bool, allowed: Collection[str] | None = None
) -> ModelInfo:
    """Return one model, asked for by id or alias; raises ``NotFound``, also if not ``allowed``."""
    candidate = services.routing.candidates(model)[0]
    if allowed is not None and not {model, candidate.facts.id}.intersection(allowed):
        message = f"model: {model}"
        raise NotFound(message)
    await _settle([candidate.engine])
    return _info(services, candidate, beta=beta)


async def _settle(engines: Iterable[Engine]) -> None:
    """Give engines that are still loading a moment: only then is their window known."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            for engine in engines:
                await engine.ready()
    except (TimeoutError, ApiError):
        # The list is still useful without it: clients pick an id from it.
        return


def _info(services: Services, candidate: Candidate, *, beta: bool) -> ModelInfo:
    limits = candidate.engine.limits
    return model_info(
        candidate.facts,
        window_tokens=limits.window_tokens,
        # To a model that sees nothing what is in an image is read out.
        image_input=limits.image_input or services.attachments.reads_scans,
        beta=beta,
    )
