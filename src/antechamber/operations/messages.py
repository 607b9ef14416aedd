"""``/v1/messages`` and its counting: read, routed, checked, then taken or relayed."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec

from antechamber.operations.call import Call
from antechamber.operations.relay_orders import Asked
from antechamber.operations.relays import OpenRelay, relay
from antechamber.operations.routing import Candidate
from antechamber.operations.services import Services
from antechamber.operations.turns import OpenTurn, counted, run_message, take_turn
from antechamber.rules.check import check_count, check_message
from antechamber.rules.context import RuleContext
from antechamber.wire.errors import InvalidRequest, NotFound
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request

__all__ = [
    "OpenRelay",
    "OpenTurn",
    "Services",
    "count_tokens",
    "open_message",
    "open_turn",
    "read_count_tokens",
    "read_message",
    "run_message",
]

_LARGE_BYTES = 1024 * 1024
"""From here on a request is checked beside the loop: 100,000 messages take seconds."""


Request = TypeVar("Request", MessageRequest, CountTokensRequest)


class _Peek(msgspec.Struct):
    model: str


_peek = msgspec.json.Decoder(_Peek)


def read_message(services: Services, body: bytes) -> MessageRequest:
    """Return the request of ``POST /v1/messages``; raises ``InvalidRequest``.

    Keys that nobody knows are left out of it where they are passed on.
    """
    try:
        return parse_message_request(body)
    except InvalidRequest:
        if not _passes_unknown_fields(services, body):
            raise
        return parse_message_request(body, unknown_fields="ignore")


def read_count_tokens(services: Services, body: bytes) -> CountTokensRequest:
    """Return the request of ``POST /v1/messages/count_tokens``; see ``read_message``."""
    try:
        return parse_count_tokens_request(body)
    except InvalidRequest:
        if not _passes_unknown_fields(services, body):
            raise
        return parse_count_tokens_request(body, unknown_fields="ignore")


def _passes_unknown_fields(services: Services, body: bytes) -> bool:
    if services.settings.fidelity == "hosted":
        return False
    try:
        return services.preferred(_peek.decode(body).model).passes_unknown_fields
    except (msgspec.DecodeError, UnicodeDecodeError, NotFound):
        return False


async def open_message(
    services: Services, body: bytes, request: MessageRequest, call: Call
) -> OpenTurn | OpenRelay:
    """Check ``request`` and have it answered; raises ``ApiError`` with the hosted wording.

    What is opened has to be closed: a turn by closing its events, a relay by ``aclose``.
    """
    attempts = services.attempts(request, call)
    preferred = attempts.preferred
    context = _context(services, preferred, request.model, call)
    await _checked(check_message, request, context, len(body))
    candidate = await attempts.first()
    if candidate.relay is not None:
        asked = Asked(body=body, request=request)
        opened = await relay(services, asked, call, attempts, candidate)
        if isinstance(opened, OpenRelay):
            return opened
        candidate = opened
    return await take_turn(services, request, call, attempts, candidate, size_bytes=len(body))


async def open_turn(services: Services, request: MessageRequest, call: Call) -> OpenTurn:
    """Like ``open_message``, for who needs events: every engine takes turns, relaying ones too."""
    attempts = services.attempts(request, call)
    context = _context(services, attempts.preferred, request.model, call, relayed=False)
    await _checked(check_message, request, context, 0)
    candidate = await attempts.first()
    return await take_turn(services, request, call, attempts, candidate, size_bytes=0)


async def count_tokens(
    services: Services, body: bytes, request: CountTokensRequest, call: Call
) -> int | OpenRelay:
    """Return the input tokens that the same request would report when it is created."""
    attempts = services.attempts(request, call)
    context = _context(services, attempts.preferred, request.model, call)
    await _checked(check_count, request, context, len(body))
    candidate = await attempts.first()
    if candidate.relay is not None:
        asked = Asked(body=body, request=request)
        opened = await relay(services, asked, call, attempts, candidate)
        if isinstance(opened, OpenRelay):
            return opened
        candidate = opened
    return await counted(services, request, call, attempts, candidate, size_bytes=len(body))


async def _checked(
    check: Callable[[Request, RuleContext], None],
    request: Request,
    context: RuleContext,
    size_bytes: int,
) -> None:
    if size_bytes < _LARGE_BYTES:
        check(request, context)
    else:
        await asyncio.to_thread(check, request, context)


def _context(
    services: Services, candidate: Candidate, asked: str, call: Call, *, relayed: bool = True
) -> RuleContext:
    return RuleContext(
        facts=candidate.facts,
        fidelity=services.settings.fidelity,
        version=call.version,
        betas=call.betas,
        asked_model=asked,
        verify=services.signer.verify,
        engine_is_claude_family=relayed and candidate.relay is not None,
    )
