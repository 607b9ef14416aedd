"""A turn that an engine takes: checked, counted, taken by whoever can, recorded."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import msgspec
from msgspec import UNSET, UnsetType

from antechamber.engines.base import AdjustedTurn, PreparedTurn, TurnOrder
from antechamber.operations.answering.account import Account, ending_of
from antechamber.operations.answering.attempts import Attempts
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.prompt_cache import CacheVisit
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services, rank_asked
from antechamber.operations.bookkeeping.records import NOTHING, Counts
from antechamber.rules.adjustments import adjustments
from antechamber.rules.cache_fingerprint import CacheFingerprint, cache_fingerprint
from antechamber.rules.cache_plan import cache_plan
from antechamber.rules.check import check_context_edits, check_window
from antechamber.rules.history import without_foreign_thinking, without_own_thinking
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
from antechamber.wire.splice import Edits
from antechamber.wire.stream import MessageStart, StreamEvent

LARGE_BYTES = 1024 * 1024
"""From here on a request is looked at beside the loop: 100,000 messages take seconds."""
_THINKING_COUNT_BETA = "thinking-token-count-2026-05-13"
_FULL_WINDOW_BETA = "model-context-window-exceeded-2025-08-26"


@dataclass(slots=True, kw_only=True)
class _Taking:
    """Who takes the turn now; changes when one fails before it has begun."""

    candidate: Candidate
    prepared: PreparedTurn
    adjusted: Sequence[str]
    visit: CacheVisit | None = None
    """What the account of the prompt cache says, where it is kept here for this engine."""


Check = Callable[[Candidate], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Looks for who takes the turn: the first of the candidates that can."""

    services: Services
    attempts: Attempts
    order: TurnOrder
    call: Call
    check: Check | None = None
    """What a request that was checked for a relay has to pass yet before another engine."""

    async def first(self, candidate: Candidate) -> _Taking:
        """Return how ``candidate`` takes the turn, or the one after it."""
        try:
            return await self._prepared_by(candidate)
        except (EngineFault, CallerFault) as error:
            return await self.after(error)

    async def after(self, error: EngineFault | CallerFault) -> _Taking:
        """Return who takes the turn after ``error`` of the one that tried; raises the last one."""
        while True:
            candidate = await self.attempts.after(error, request_id=self.order.request_id)
            try:
                return await self._prepared_by(candidate)
            except (EngineFault, CallerFault) as another:
                error = another

    async def _prepared_by(self, candidate: Candidate) -> _Taking:
        request, facts = self.order.request, self.order.facts
        verify = self.services.signer.verify
        edits: Edits = {}
        if candidate.relay is None:
            if self.check is not None:
                await self.check(candidate)
            request = without_foreign_thinking(request, verify)
        else:
            # What is foreign here may be the upstream's own.
            request, facts = without_own_thinking(request, verify), candidate.upstream_facts
            if self.services.settings.fidelity == "lenient":
                edits = adjustments(request, facts, self.order.version)
        order = replace(
            self.order,
            request=request,
            facts=facts,
            upstream_model=candidate.upstream_model,
            edits=edits,
        )
        prepared = await candidate.engine.prepare(order)
        rewritten = prepared.adjusted if isinstance(prepared, AdjustedTurn) else ()
        return _Taking(
            candidate=candidate,
            prepared=prepared,
            adjusted=sorted({*edits, *rewritten}),
            visit=await self._visit(candidate, order, prepared),
        )

    async def _visit(
        self, candidate: Candidate, order: TurnOrder, prepared: PreparedTurn
    ) -> CacheVisit | None:
        """Look the prompt up in the account, for an engine that keeps none itself."""
        request, engine = order.request, candidate.engine
        if candidate.relay is not None or not isinstance(request, MessageRequest):
            return None
        if order.size_bytes < LARGE_BYTES:
            plan = cache_plan(request, order.facts, order.thinking)
        else:
            plan = await asyncio.to_thread(cache_plan, request, order.facts, order.thinking)
        if plan is None:
            return None
        return await self.services.prompt_cache.look_up(
            plan, self.call, engine=engine.name, input_tokens=prepared.input_tokens
        )


class OpenTurn:
    """A turn that has been admitted and counted; ``events`` takes it, at most once."""

    def __init__(
        self,
        account: Account,
        search: Search,
        taking: _Taking,
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
                async with aclosing(self._taking.prepared.events()) as source:
                    async for event in source:
                        self._begun = True
                        yield event
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
    account: Account, request: MessageRequest, taking: _Taking, *, show_thinking: bool
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
