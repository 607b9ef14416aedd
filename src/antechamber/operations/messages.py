"""A turn from the validated request to its events: routed, checked, counted, taken, recorded."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog
from msgspec import UNSET, UnsetType

from antechamber.catalogue.facts import ModelFacts
from antechamber.engines.base import PreparedTurn, TurnOrder
from antechamber.operations.call import Call
from antechamber.operations.routing import Candidate, Routing
from antechamber.rules.check import check_context_edits, check_count, check_message, check_window
from antechamber.rules.context import RuleContext
from antechamber.rules.history import without_foreign_thinking
from antechamber.rules.thinking import thinking_plan
from antechamber.runtime.clock import Clock
from antechamber.settings import Settings
from antechamber.turn.events import ConnectionCut
from antechamber.turn.fold import Fold
from antechamber.turn.machine import Opening, TurnMachine
from antechamber.wire.errors import ApiError, EngineFailed, EngineFault
from antechamber.wire.ids import NewId
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.responses import (
    CacheMissUnavailable,
    ContextManagement,
    Diagnostics,
    Message,
)
from antechamber.wire.signatures import Signer
from antechamber.wire.stream import MessageStart, StreamEvent

_log = structlog.get_logger("antechamber.turn")
_THINKING_COUNT_BETA = "thinking-token-count-2026-05-13"
_FULL_WINDOW_BETA = "model-context-window-exceeded-2025-08-26"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the operations work with; assembly makes one for each process."""

    settings: Settings
    routing: Routing
    signer: Signer
    clock: Clock
    new_id: NewId


class OpenTurn:
    """A turn that has been admitted and counted; ``events`` takes it, at most once."""

    def __init__(
        self,
        services: Services,
        call: Call,
        candidate: Candidate,
        prepared: PreparedTurn,
        machine: TurnMachine,
    ) -> None:
        self._services = services
        self._call = call
        self._candidate = candidate
        self._prepared = prepared
        self._machine = machine

    def start(self) -> MessageStart:
        """Return the first event of the stream, with the counts known by now."""
        return self._machine.start()

    async def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Yield, for each engine event, the wire events that follow from it; some have none.

        Closing it stops the engine. Whatever happens, one line of the log says how it went.
        """
        machine = self._machine
        ending = "left"
        first_at: float | None = None
        try:
            async with aclosing(self._prepared.events()) as source:
                async for event in source:
                    if first_at is None:
                        first_at = self._services.clock.monotonic()
                    yield list(machine.feed(event))
                    if machine.ended:
                        ending = "ended"
                        return
            message = "The engine ended its answer without finishing it."
            raise EngineFailed(message)
        except ApiError as error:
            ending = error.type
            raise
        except ConnectionCut:
            ending = "cut"
            raise
        except Exception:
            ending = "bug"
            raise
        finally:
            self._record(ending, first_at)

    def _record(self, ending: str, first_at: float | None) -> None:
        now, usage = self._services.clock.monotonic(), self._machine.usage
        _log.info(
            "turn",
            request_id=self._call.request_id,
            model=self._candidate.facts.id,
            engine=self._candidate.engine.name,
            ending=ending,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            thinking_tokens=usage.thinking_tokens,
            first_event_ms=_ms(first_at - self._call.started_at) if first_at else None,
            total_ms=_ms(now - self._call.started_at),
        )


async def open_turn(services: Services, request: MessageRequest, call: Call) -> OpenTurn:
    """Route, check and count ``request``; raises ``ApiError`` with the hosted wording."""
    candidates = services.routing.candidates(request.model)
    facts, fidelity = candidates[0].facts, services.settings.fidelity
    check_message(request, _context(services, facts, request.model, call))
    own = without_foreign_thinking(request, services.signer.verify)
    order = _order(services, own, facts, call, max_tokens=request.max_tokens)
    candidate, prepared = await _prepare(candidates, order)
    window = candidate.engine.limits.window_tokens or facts.window_tokens
    check_window(prepared.input_tokens, request.max_tokens, facts, window, fidelity)
    check_context_edits(request, prepared.input_tokens)
    shown = order.thinking.display != "omitted"
    machine = TurnMachine(
        _opening(request, call, candidate, prepared, show_thinking=shown),
        new_id=services.new_id,
        sign=services.signer.sign,
    )
    return OpenTurn(services, call, candidate, prepared, machine)


async def run_message(turn: OpenTurn) -> Message:
    """Take the turn to its end and return the whole message: the fold of its stream."""
    fold = Fold()
    fold.add(turn.start())
    async with aclosing(turn.events()) as batches:
        async for batch in batches:
            for event in batch:
                fold.add(event)
    return fold.message


async def count_tokens(services: Services, request: CountTokensRequest, call: Call) -> int:
    """Return the input tokens that the same request would report when it is created."""
    candidates = services.routing.candidates(request.model)
    facts = candidates[0].facts
    check_count(request, _context(services, facts, request.model, call))
    own = without_foreign_thinking(request, services.signer.verify)
    order = _order(services, own, facts, call, max_tokens=0)
    _, prepared = await _prepare(candidates, order)
    check_context_edits(request, prepared.input_tokens)
    return prepared.input_tokens


def _order(
    services: Services,
    request: MessageRequest | CountTokensRequest,
    facts: ModelFacts,
    call: Call,
    *,
    max_tokens: int,
) -> TurnOrder:
    return TurnOrder(
        request=request,
        facts=facts,
        upstream_model=facts.id,
        thinking=thinking_plan(request, facts, services.settings.fidelity, call.betas),
        max_tokens=max_tokens,
        request_id=call.request_id,
    )


async def _prepare(
    candidates: Sequence[Candidate], order: TurnOrder
) -> tuple[Candidate, PreparedTurn]:
    """Prepare the turn on the first engine that can; raises what the last one said."""
    *others, last = candidates
    for candidate in others:
        try:
            return candidate, await _prepare_on(candidate, order)
        except EngineFault as fault:
            _log.warning(
                "engine_passed_over",
                request_id=order.request_id,
                engine=candidate.engine.name,
                reason=fault.message,
            )
    return last, await _prepare_on(last, order)


async def _prepare_on(candidate: Candidate, order: TurnOrder) -> PreparedTurn:
    return await candidate.engine.prepare(replace(order, upstream_model=candidate.upstream_model))


def _context(services: Services, facts: ModelFacts, asked: str, call: Call) -> RuleContext:
    return RuleContext(
        facts=facts,
        fidelity=services.settings.fidelity,
        version=call.version,
        betas=call.betas,
        asked_model=asked,
        verify=services.signer.verify,
    )


def _opening(
    request: MessageRequest,
    call: Call,
    candidate: Candidate,
    prepared: PreparedTurn,
    *,
    show_thinking: bool,
) -> Opening:
    facts = candidate.facts
    managed = request.context_management is not None
    return Opening(
        model=facts.id,
        input_tokens=prepared.input_tokens,
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


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
