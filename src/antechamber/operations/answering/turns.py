"""A turn that an engine takes: checked, counted, taken by whoever can, recorded."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

import msgspec
from msgspec import UNSET, UnsetType

from antechamber.engines.base import TurnOrder
from antechamber.grounding.grounded import GroundedEvents
from antechamber.operations.answering.account import Account, ending_of
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.search import Search, Taking
from antechamber.operations.answering.services import Services, rank_asked
from antechamber.operations.bookkeeping.records import NOTHING, Counts
from antechamber.rules.cache_fingerprint import CacheFingerprint, cache_fingerprint
from antechamber.rules.check import check_context_edits, check_window
from antechamber.rules.reading import Prompt
from antechamber.rules.thinking import thinking_plan
from antechamber.turn.events import EngineEvent
from antechamber.turn.fold import Fold
from antechamber.turn.machine import Opening, TurnMachine
from antechamber.wire.errors import CallerFault, EngineFailed, EngineFault
from antechamber.wire.messages import MessageRequest
from antechamber.wire.responses import (
    ContextManagement,
    Diagnostics,
    Message,
)
from antechamber.wire.stream import MessageStart, StreamEvent

_THINKING_COUNT_BETA = "thinking-token-count-2026-05-13"
_FULL_WINDOW_BETA = "model-context-window-exceeded-2025-08-26"


class OpenTurn:
    """A turn that has been admitted and counted; ``events`` takes it, at most once."""

    def __init__(
        self,
        account: Account,
        search: Search,
        taking: Taking,
        machine: TurnMachine,
        fingerprint: CacheFingerprint | None,
    ) -> None:
        self._account = account
        self._fingerprint = fingerprint
        self._search = search
        self._attempts = search.attempts
        self._taking = taking
        self._machine = machine
        self._begun = False

    @property
    def served_by(self) -> str:
        """Who takes the turn: the engine and its name for the model."""
        return self._taking.candidate.served_by

    @property
    def adjusted(self) -> Sequence[str]:
        """Names of the fields that were rewritten for the upstream's model."""
        return self._taking.adjusted

    @property
    def may_move(self) -> bool:
        """Whether another engine or another try may still give the answer."""
        return not self._begun and self._attempts.has_more

    def start(self) -> MessageStart:
        """Return the first event of the stream, with the counts known by now."""
        return self._machine.start()

    def close(self) -> None:
        """Note that the turn is over; needed where its events may never have been asked for."""
        self._attempts.close()
        self._record("left")

    async def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Yield, for each engine event, the wire events that follow from it; some have none.

        Closing it stops the engine. Whatever happens, one line of the log says how it went.
        """
        machine = self._machine
        ending, kept = "left", False
        try:
            async with aclosing(self._engine_events()) as source:
                async for event in source:
                    self._account.begin()
                    yield machine.feed(event)
                    if not kept:
                        kept = True
                        await self._keep()
                    if machine.ended:
                        ending = "ended"
                        self._attempts.succeeded()
                        break
            if not machine.ended:
                message = "The engine ended its answer without finishing it."
                raise EngineFailed(message)
        except Exception as error:
            ending = ending_of(error)
            if isinstance(error, EngineFault):
                self._attempts.failed(error)
            raise
        finally:
            self._attempts.close()
            self._record(ending)
        await self._account.settled()

    async def _keep(self) -> None:
        """Let later requests read what this one wrote, now that its answer has begun."""
        services, taking = self._account.services, self._taking
        if taking.visit is not None:
            await services.prompt_cache.commit(taking.visit)
        if self._fingerprint is not None:
            await services.diagnosis.remember(
                self._fingerprint,
                self._account.call,
                self._machine.message_id,
                input_tokens=taking.prepared.input_tokens,
            )

    async def _engine_events(self) -> AsyncGenerator[EngineEvent, None]:
        """Yield one engine's events; the next one's where one fails before its first."""
        while True:
            try:
                index = self._taking.index
                grounded = None if index is None else GroundedEvents(index)
                async with aclosing(self._taking.prepared.events()) as source:
                    async for event in source:
                        self._begun = True
                        if grounded is None:
                            yield event
                            continue
                        for each in grounded.feed(event):
                            yield each
            except (EngineFault, CallerFault) as error:
                if self._begun:
                    raise
                self._taking = await self._search.after(error)
                visit = self._taking.visit
                self._machine.usage.keep_account(
                    None if visit is None else visit.use,
                    input_tokens=self._taking.prepared.input_tokens,
                )
            else:
                return

    def _record(self, ending: str) -> None:
        if not self._begun:
            # What was counted is what would have been read.
            nothing = msgspec.structs.replace(NOTHING, service_tier=self._account.rank)
            self._account.close(self._taking.candidate, ending, nothing)
            return
        usage = self._machine.usage
        counts = Counts(
            input_tokens=usage.input_tokens,
            cache_write_5m_tokens=usage.cache_creation_5m_input_tokens,
            cache_write_1h_tokens=usage.cache_creation_1h_input_tokens,
            cache_read_tokens=usage.cache_read_input_tokens,
            output_tokens=usage.output_tokens,
            thinking_tokens=usage.thinking_tokens,
            service_tier=self._account.rank,
        )
        self._account.close(self._taking.candidate, ending, counts)


async def take_turn(
    search: Search, account: Account, request: MessageRequest, candidate: Candidate
) -> OpenTurn:
    """Open a turn that ``candidate`` takes first; raises ``ApiError`` with the hosted wording.

    ``request`` is what the order of ``search`` was made of. Closes the attempts when it fails.
    """
    services, order = search.services, search.order
    try:
        taking = await search.first(candidate)
        prepared, facts = taking.prepared, taking.candidate.facts
        window = taking.candidate.engine.limits.window_tokens or facts.window_tokens
        fidelity = services.settings.fidelity
        if prepared.is_exact:
            # Where it is estimated, the upstream says itself what does not fit.
            check_window(prepared.input_tokens, request.max_tokens, facts, window, fidelity)
        if taking.candidate.relay is None:
            # An upstream of the same API carries them out itself.
            check_context_edits(request, prepared.input_tokens)
    except BaseException:
        search.attempts.close()
        raise
    if taking.visit is not None:
        account.settle_input(taking.visit.use)
    fingerprint, diagnostics = await _diagnosed(account, request, order)
    shown = order.thinking.display != "omitted"
    opening = _opening(account, request, taking, show_thinking=shown)
    machine = TurnMachine(
        replace(opening, diagnostics=diagnostics),
        new_id=services.new_id,
        sign=services.signer.sign,
    )
    return OpenTurn(account, search, taking, machine, fingerprint)


async def run_message(turn: OpenTurn) -> Message:
    """Take the turn to its end and return the whole message: the fold of its stream."""
    fold = Fold()
    fold.add(turn.start())
    async with aclosing(turn.events()) as batches:
        async for batch in batches:
            for event in batch:
                fold.add(event)
    return fold.message


async def counted(search: Search, request: Prompt, candidate: Candidate) -> int:
    """Return the input tokens that the same request would report when it is created."""
    try:
        taking = await search.first(candidate)
        if taking.candidate.relay is None:
            check_context_edits(request, taking.prepared.input_tokens)
        search.attempts.succeeded()
    finally:
        search.attempts.close()
    return taking.prepared.input_tokens


def order_of(
    services: Services, request: Prompt, candidate: Candidate, call: Call, *, size_bytes: int
) -> TurnOrder:
    """Return what an engine is asked for; whose thoughts it gets depends on which one it is."""
    facts = candidate.facts
    return TurnOrder(
        request=request,
        facts=facts,
        upstream_model=candidate.upstream_model,
        thinking=thinking_plan(request, facts, services.settings.fidelity, call.betas),
        max_tokens=request.max_tokens if isinstance(request, MessageRequest) else 0,
        request_id=call.request_id,
        version=call.version,
        betas=call.beta_list,
        headers=call.passed_on,
        size_bytes=size_bytes,
        rank=rank_asked(request, call),
        workspace=call.caller.workspace_id,
    )


def _opening(
    account: Account, request: MessageRequest, taking: Taking, *, show_thinking: bool
) -> Opening:
    facts, call = taking.candidate.facts, account.call
    managed = request.context_management is not None
    return Opening(
        model=facts.id,
        input_tokens=taking.prepared.input_tokens,
        cache=None if taking.visit is None else taking.visit.use,
        service_tier=account.rank,
        generates=request.max_tokens > 0,
        show_thinking=show_thinking,
        estimate_thinking=_THINKING_COUNT_BETA in call.betas,
        tells_full_window=not facts.refuses.output_beyond_window or _FULL_WINDOW_BETA in call.betas,
        # A refusal to be fast is no error on some models: they answer at the ordinary speed.
        speed="standard" if request.speed is not None else None,
        context_management=ContextManagement(applied_edits=[]) if managed else UNSET,
    )


async def _diagnosed(
    account: Account, request: MessageRequest, order: TurnOrder
) -> tuple[CacheFingerprint | None, Diagnostics | UnsetType]:
    """Return what is to be remembered of the request, and what the client is told of the cache."""
    if request.diagnostics is None:
        return None, UNSET
    fingerprint = cache_fingerprint(request, order.facts, order.thinking)
    previous = request.diagnostics.previous_message_id
    if previous is None:
        return fingerprint, Diagnostics(cache_miss_reason=None)
    reason = await account.services.diagnosis.compare(fingerprint, account.call, previous)
    return fingerprint, Diagnostics(cache_miss_reason=reason)
