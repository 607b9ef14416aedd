"""``/v1/messages`` and its counting: read, routed, checked, then taken or relayed."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import msgspec

from antechamber.operations.answering.account import Account, ending_of
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.relay_orders import Asked
from antechamber.operations.answering.relays import OpenRelay, relay
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.search import Search
from antechamber.operations.answering.services import Services, rank_asked
from antechamber.operations.answering.shows import LARGE_BYTES, Shows, shows_of
from antechamber.operations.answering.turns import (
    OpenTurn,
    counted,
    order_of,
    run_message,
    take_turn,
)
from antechamber.operations.attachments.inlining import body_with_files, sent_files
from antechamber.operations.bookkeeping.records import NOTHING
from antechamber.rules.check import check_count, check_message
from antechamber.rules.context import RuleContext
from antechamber.wire.errors import ApiError, InvalidRequest, NotFound, RateLimited
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request

__all__ = [
    "OpenRelay",
    "OpenTurn",
    "count_tokens",
    "open_message",
    "open_turn",
    "read_count_tokens",
    "read_message",
    "run_message",
    "tell_limits",
]

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
    preferred = _preferred(services, body)
    return preferred is not None and preferred.passes_unknown_fields


async def tell_limits(
    services: Services, body: bytes, call: Call, *, counts_tokens: bool = False
) -> None:
    """Tell how the limits stand in the answer to a request that could not be read.

    Where its ``body`` names no model that is served there is nothing to tell.
    """
    preferred = _preferred(services, body)
    if preferred is not None:
        facts = preferred.facts
        look = services.limits.look(call.caller, facts, counts_tokens=counts_tokens)
        call.stamps.append(await look)


def _preferred(services: Services, body: bytes) -> Candidate | None:
    """Return who would serve a body of which perhaps its model alone can be read."""
    try:
        return services.preferred(_peek.decode(body).model)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, NotFound):
        return None


async def open_message(
    services: Services, body: bytes, request: MessageRequest, call: Call
) -> OpenTurn | OpenRelay:
    """Check ``request`` and have it answered; raises ``ApiError`` with the hosted wording.

    What is opened has to be closed: a turn by closing its events, a relay by ``aclose``.
    """
    asking = _Asking(services, request, call, body, check_message)
    try:
        opened = await _relayed(asking, await asking.begin(), body)
        if isinstance(opened, OpenRelay):
            return opened
        return await take_turn(asking.search(), asking.account, request, opened)
    except BaseException as error:
        asking.fail(error)
        raise


async def open_turn(
    services: Services, request: MessageRequest, call: Call, body: bytes
) -> OpenTurn:
    """Like ``open_message``, for who needs events: every engine takes turns, relaying ones too.

    ``body`` is what ``request`` was made of, in whatever format.
    """
    asking = _Asking(services, request, call, body, check_message)
    try:
        candidate = await asking.begin(relayed=False)
        return await take_turn(asking.search(), asking.account, request, candidate)
    except BaseException as error:
        asking.fail(error)
        raise


async def count_tokens(
    services: Services, body: bytes, request: CountTokensRequest, call: Call
) -> int | OpenRelay:
    """Return the input tokens that the same request would report when it is created."""
    asking = _Asking(services, request, call, body, check_count)
    opened = await _relayed(asking, await asking.begin(), body)
    if isinstance(opened, OpenRelay):
        return opened
    return await counted(asking.search(), request, opened)


class _Asking(Generic[Request]):
    """One request on its way to an engine."""

    def __init__(
        self,
        services: Services,
        request: Request,
        call: Call,
        body: bytes,
        rules: Callable[[Request, RuleContext], None],
    ) -> None:
        self.services = services
        self.request = request
        self.call = call
        rank = rank_asked(request, call)
        self.attempts = services.attempts(request, call, rank)
        self.account = Account(services, request, call, rank)
        self.shows: Shows | None = None
        self._body = body
        self._rules = rules
        self._for_relay = False
        self._is_admitted = False

    async def begin(self, *, relayed: bool = True) -> Candidate:
        """Check the request for who is preferred, and return who is asked first.

        ``relayed`` is whether it is passed on as it is where the engine does that: an upstream of
        the same API has features that this server has not.
        """
        preferred = self.attempts.preferred
        self._for_relay = relayed and preferred.relay is not None
        try:
            await self._check(preferred, for_relay=self._for_relay)
            await self.account.admit(preferred.facts, self._body)
        except ApiError as error:
            if not (isinstance(error, RateLimited) and error.lines):
                await self.account.look(preferred.facts)
            raise
        self._is_admitted = True
        if self._for_relay and b"container_upload" in self._body:
            workspace_id = self.call.caller.workspace_id
            await self.services.attachments.refuse_kept_uploads(self.request, workspace_id)
        self.shows = await shows_of(
            self.services, self.request, self.call, size_bytes=len(self._body)
        )
        if self.shows is not None:
            # Before it has a place at an engine, for as long as that takes.
            await self.shows.to(preferred)
        return await self.attempts.first()

    def fail(self, error: BaseException) -> None:
        """Account for a request that no engine has begun to answer, if one was to."""
        self.attempts.close()
        if self._is_admitted:
            self.account.close(self.attempts.preferred, ending_of(error), NOTHING)

    def search(self) -> Search:
        """Return what finds an engine that takes the turn."""
        attempts, size_bytes = self.attempts, len(self._body)
        try:
            preferred = attempts.preferred
            order = order_of(
                self.services, self.request, preferred, self.call, size_bytes=size_bytes
            )
        except BaseException:
            attempts.close()
            raise
        check = partial(self._check, for_relay=False) if self._for_relay else None
        return Search(
            services=self.services,
            attempts=attempts,
            order=order,
            call=self.call,
            shows=self.shows,
            check=check,
        )

    async def _check(self, candidate: Candidate, *, for_relay: bool) -> None:
        settings, call = self.services.settings, self.call
        context = RuleContext(
            facts=candidate.facts,
            fidelity=settings.fidelity,
            version=call.version,
            betas=call.betas,
            asked_model=self.request.model,
            is_batch_item=call.is_batch_item,
            verify=self.services.signer.verify,
            engine_is_claude_family=for_relay,
            allow_private_addresses=settings.fetch.allow_private_addresses,
            max_image_bytes=settings.media.max_image_bytes,
            max_pdf_bytes=settings.media.max_pdf_bytes,
        )
        if len(self._body) < LARGE_BYTES:
            self._rules(self.request, context)
        else:
            await asyncio.to_thread(self._rules, self.request, context)


async def _relayed(
    asking: _Asking[Request], candidate: Candidate, body: bytes
) -> OpenRelay | Candidate:
    if candidate.relay is None:
        return candidate
    asked = Asked(body=body, request=asking.request)
    if asking.shows is not None:
        shown = await asking.shows.to(candidate)
        body = await asyncio.to_thread(body_with_files, body, asking.request, shown)
        files = sent_files(asking.request, shown)
        asked = Asked(body=body, request=shown.request, files=files)
    return await relay(asking.account, asked, asking.attempts, candidate)
