"""The models that are served, as the Models API shows them."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from antechamber.engines.base import Engine
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services
from antechamber.wire.errors import ApiError, InvalidRequest, NotFound
from antechamber.wire.model_info import ModelInfo, model_info

_PATIENCE_S = 2.0
"""Claude Code gives up on the list after three seconds."""
_SHOWN_UNASKED = ("active", "deprecated")
"""Retired models are served, and listed only when they are asked for (SDK 2.12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOrder:
    """Which part of a list is wanted."""

    limit: int = 20
    after_id: str | None = None
    before_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list and whether there is more in the direction that was asked for."""

    data: Sequence[ModelInfo]
    has_more: bool


async def list_models(
    services: Services,
    order: PageOrder,
    *,
    lifecycle: Sequence[str],
    beta: bool,
    allowed: Collection[str] | None = None,
) -> Page:
    """Return served models, newest first; raises ``InvalidRequest`` for an unknown cursor.

    ``allowed`` are those of the caller's key; None is every one.
    """
    candidates = [
        candidate
        for candidate in services.routing.served()
        if allowed is None or candidate.facts.id in allowed
    ]
    await _settle({candidate.engine.name: candidate.engine for candidate in candidates}.values())
    infos = [_info(candidate, beta=beta) for candidate in candidates]
    wanted = lifecycle or _SHOWN_UNASKED
    return _page([info for info in infos if info["lifecycle"] in wanted], order)


async def get_model(
    services: Services, model: str, *, beta: bool, allowed: Collection[str] | None = None
) -> ModelInfo:
    """Return one model, asked for by id or alias; raises ``NotFound``, also if not ``allowed``."""
    candidate = services.routing.candidates(model)[0]
    if allowed is not None and not {model, candidate.facts.id}.intersection(allowed):
        message = f"model: {model}"
        raise NotFound(message)
    await _settle([candidate.engine])
    return _info(candidate, beta=beta)


async def _settle(engines: Iterable[Engine]) -> None:
    """Give engines that are still loading a moment: only then is their window known."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            for engine in engines:
                await engine.ready()
    except (TimeoutError, ApiError):
        # The list is still useful without it: clients pick an id from it.
        return


def _info(candidate: Candidate, *, beta: bool) -> ModelInfo:
    limits = candidate.engine.limits
    return model_info(
        candidate.facts,
        window_tokens=limits.window_tokens,
        image_input=limits.image_input,
        # A PDF is read through the images of its pages.
        pdf_input=limits.image_input,
        beta=beta,
    )


def _page(infos: Sequence[ModelInfo], order: PageOrder) -> Page:
    if order.after_id is not None and order.before_id is not None:
        message = "after_id and before_id cannot both be specified"
        raise InvalidRequest(message)
    if order.before_id is not None:
        part = infos[: _position(infos, order.before_id, "before_id")]
        return Page(data=part[-order.limit :], has_more=len(part) > order.limit)
    start = 0 if order.after_id is None else _position(infos, order.after_id, "after_id") + 1
    part = infos[start:]
    return Page(data=part[: order.limit], has_more=len(part) > order.limit)


def _position(infos: Sequence[ModelInfo], model_id: str, name: str) -> int:
    for position, info in enumerate(infos):
        if info["id"] == model_id:
            return position
    message = f"{name}: {model_id} is not in this list"
    raise InvalidRequest(message)
