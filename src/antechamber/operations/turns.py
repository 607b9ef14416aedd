"""A turn that an engine takes: checked, counted, taken by whoever can, recorded."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog
from msgspec import UNSET, UnsetType

from antechamber.engines.base import PreparedTurn, TurnOrder
from antechamber.operations.attempts import Attempts
from antechamber.operations.call import Call
from antechamber.operations.routing import Candidate
from antechamber.operations.services import Services
from antechamber.rules.check import check_context_edits, check_window
from antechamber.rules.history import without_foreign_thinking
from antechamber.rules.reading import Prompt
from antechamber.rules.thinking import thinking_plan
from antechamber.turn.events import ConnectionCut, EngineEvent
from antechamber.turn.fold import Fold
from antechamber.turn.machine import Opening, TurnMachine
from antechamber.wire.errors import ApiError, EngineFailed, EngineFault
from antechamber.wire.messages import MessageRequest
from antechamber.wire.responses import (
    CacheMissUnavailable,
    ContextManagement,
    Diagnostics,
    Message,
)
from antechamber.wire.stream import MessageStart, StreamEvent

_log = structlog.get_logger("antechamber.turn")
_THINKING_COUNT_BETA = "thinking-token-count-2026-05-13"
_FULL_WINDOW_BETA = "model-context-window-exceeded-2025-08-26"


@dataclass(slots=True, kw_only=True)
class _Taking:
    """Who takes the turn now; changes when one fails before it has begun."""

    candidate: Candidate
    prepared: PreparedTurn


class OpenTurn:
    """A turn that has been admitted and counted; ``events`` takes it, at most once."""

    def __init__(
        self,
        services: Services,
        call: Call,
        order: TurnOrder,
        attempts: Attempts,
        taking: _Taking,
        machine: TurnMachine,
    ) -> None:
        self._services = services
        self._call = call
        self._order = order
        self._attempts = attempts
        self._taking = taking
        self._machine = machine
        self._committed = False

    @property
    def served_by(self) -> str:
        """Who takes the turn: the engine and its name for the model."""
        return self._taking.candidate.served_by

    def start(self) -> MessageStart:
        """Return the first event of the stream, with the counts known by now."""
        return self._machine.start()

    def commit(self) -> None:
        """Stay with the engine: the client has been told who answers."""
        self._committed = True

    def close(self) -> None:
        """Note that the turn is over; needed where its events may never have been asked for."""
        self._attempts.close()

    async def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Yield, for each engine event, the wire events that follow from it; some have none.

        Closing it stops the engine. Whatever happens, one line of the log says how it went.
        """
        machine = self._machine
        ending = "left"
        first_at: float | None = None
        try:
            async with aclosing(self._engine_events()) as source:
                async for event in source:
                    if first_at is None:
                        first_at = self._services.clock.monotonic()
                    yield machine.feed(event)
                    if machine.ended:
                        ending = "ended"
                        self._attempts.succeeded()
                        return
            message = "The engine ended its answer without finishing it."
            raise EngineFailed(message)
        except ApiError as error:
            ending = error.type
            if isinstance(error, EngineFault):
                self._attempts.failed(error)
            raise
        except ConnectionCut:
            ending = "cut"
            raise
        except Exception:
            ending = "bug"
            raise
        finally:
            self._attempts.close()
            self._record(ending, first_at)

    async def _engine_events(self) -> AsyncGenerator[EngineEvent, None]:
        """Yield one engine's events; the next one's where one fails before its first."""
        while True:
            begun = False
            try:
                async with aclosing(self._taking.prepared.events()) as source:
                    async for event in source:
                        begun = True
                        yield event
            except EngineFault as fault:
                if begun or self._committed:
                    raise
                self._taking = await _next_taking(self._attempts, self._order, fault)
                self._machine.usage.input_tokens = self._taking.prepared.input_tokens
            else:
                return

    def _record(self, ending: str, first_at: float | None) -> None:
        now, usage = self._services.clock.monotonic(), self._machine.usage
        candidate = self._taking.candidate
        _log.info(
            "turn",
            request_id=self._call.request_id,
            model=candidate.facts.id,
            engine=candidate.engine.name,
            ending=ending,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            thinking_tokens=usage.thinking_tokens,
            first_event_ms=milliseconds(first_at - self._call.started_at) if first_at else None,
            total_ms=milliseconds(now - self._call.started_at),
        )


async def take_turn(
    services: Services,
    request: MessageRequest,
    call: Call,
    attempts: Attempts,
    candidate: Candidate,
    *,
    size_bytes: int,
) -> OpenTurn:
    """Open a turn that ``candidate`` takes first; raises ``ApiError`` with the hosted wording.

    ``request`` has been checked. Closes ``attempts`` when it fails.
    """
    try:
        order = order_of(services, request, candidate, call, size_bytes=size_bytes)
        taking = await _first_taking(attempts, order, candidate)
        prepared, facts = taking.prepared, taking.candidate.facts
        window = taking.candidate.engine.limits.window_tokens or facts.window_tokens
        fidelity = services.settings.fidelity
        if prepared.is_exact:
            # Where it is estimated, the upstream says itself what does not fit.
            check_window(prepared.input_tokens, request.max_tokens, facts, window, fidelity)
        check_context_edits(request, prepared.input_tokens)
    except BaseException:
        attempts.close()
        raise
    shown = order.thinking.display != "omitted"
    machine = TurnMachine(
        _opening(request, call, taking, show_thinking=shown),
        new_id=services.new_id,
        sign=services.signer.sign,
    )
    return OpenTurn(services, call, order, attempts, taking, machine)


async def run_message(turn: OpenTurn) -> Message:
    """Take the turn to its end and return the whole message: the fold of its stream."""
    fold = Fold()
    fold.add(turn.start())
    async with aclosing(turn.events()) as batches:
        async for batch in batches:
            for event in batch:
                fold.add(event)
    return fold.message


async def counted(
    services: Services,
    request: Prompt,
    call: Call,
    attempts: Attempts,
    candidate: Candidate,
    *,
    size_bytes: int,
) -> int:
    """Return the input tokens that the same request would report when it is created."""
    try:
        order = order_of(services, request, candidate, call, size_bytes=size_bytes)
        taking = await _first_taking(attempts, order, candidate)
        check_context_edits(request, taking.prepared.input_tokens)
        attempts.succeeded()
    finally:
        attempts.close()
    return taking.prepared.input_tokens


def order_of(
    services: Services, request: Prompt, candidate: Candidate, call: Call, *, size_bytes: int
) -> TurnOrder:
    """Return what an engine is asked for; thoughts that another server made are left out."""
    facts = candidate.facts
    return TurnOrder(
        request=without_foreign_thinking(request, services.signer.verify),
        facts=facts,
        upstream_model=candidate.upstream_model,
        thinking=thinking_plan(request, facts, services.settings.fidelity, call.betas),
        max_tokens=request.max_tokens if isinstance(request, MessageRequest) else 0,
        request_id=call.request_id,
        version=call.version,
        betas=call.beta_list,
        size_bytes=size_bytes,
    )


async def _first_taking(attempts: Attempts, order: TurnOrder, candidate: Candidate) -> _Taking:
    try:
        return await _prepared_by(candidate, order)
    except EngineFault as fault:
        return await _next_taking(attempts, order, fault)


async def _next_taking(attempts: Attempts, order: TurnOrder, fault: EngineFault) -> _Taking:
    while True:
        candidate = await attempts.after(fault, request_id=order.request_id)
        try:
            return await _prepared_by(candidate, order)
        except EngineFault as another:
            fault = another


async def _prepared_by(candidate: Candidate, order: TurnOrder) -> _Taking:
    renamed = replace(order, upstream_model=candidate.upstream_model)
    return _Taking(candidate=candidate, prepared=await candidate.engine.prepare(renamed))


def _opening(
    request: MessageRequest, call: Call, taking: _Taking, *, show_thinking: bool
) -> Opening:
    facts = taking.candidate.facts
    managed = request.context_management is not None
    return Opening(
        model=facts.id,
        input_tokens=taking.prepared.input_tokens,
        generates=request.max_tokens > 0,
        show_thinking=show_thinking,
        estimate_thinking=_THINKING_COUNT_BETA in call.betas,
        tells_full_window=not facts.refuses.output_beyond_window or _FULL_WINDOW_BETA in call.betas,
        # A refusal to be fast is no error on some models: they answer at the ordinary speed.
        speed="standard" if request.speed is not None else None,
        context_management=ContextManagement(applied_edits=[]) if managed else UNSET,
        diagnostics=_diagnostics(request),
    )


def _diagnostics(request: MessageRequest) -> Diagnostics | UnsetType:
    if request.diagnostics is None:
        return UNSET
    asked = request.diagnostics.previous_message_id is not None
    return Diagnostics(cache_miss_reason=CacheMissUnavailable() if asked else None)


def milliseconds(seconds: float) -> int:
    """Return a duration as the log shows it."""
    return round(seconds * 1000)
