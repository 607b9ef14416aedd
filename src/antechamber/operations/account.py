"""What one request is held to account for: from its admission to its row in the ledger."""

import structlog

from antechamber.operations.call import Call
from antechamber.operations.records import Counts, TurnRecord
from antechamber.operations.routing import Candidate
from antechamber.operations.services import Services
from antechamber.rules.reading import Prompt
from antechamber.turn.events import ConnectionCut
from antechamber.wire.errors import ApiError
from antechamber.wire.messages import MessageRequest

_log = structlog.get_logger("antechamber.turn")


class Account:
    """Opened before an engine is asked, closed once, whatever becomes of the request."""

    __slots__ = ("_is_closed", "call", "first_at", "request", "services")

    def __init__(self, services: Services, request: Prompt, call: Call) -> None:
        self.services = services
        self.request = request
        self.call = call
        self._is_closed = False
        self.first_at: float | None = None
        """When the answer began, on the monotonic clock."""

    def begin(self) -> None:
        """Note that the answer has begun."""
        if self.first_at is None:
            self.first_at = self.services.clock.monotonic()

    def close(self, candidate: Candidate, ending: str, counts: Counts) -> None:
        """Write the row and the line of the log; a second call does nothing.

        ``ending`` is as in ``TurnRecord``.
        """
        if self._is_closed:
            return
        self._is_closed = True
        services, call, request = self.services, self.call, self.request
        clock = services.clock
        total_s = clock.monotonic() - call.started_at
        first_s = None if self.first_at is None else self.first_at - call.started_at
        is_message = isinstance(request, MessageRequest)
        _log.info(
            "turn" if is_message else "count",
            request_id=call.request_id,
            model=candidate.facts.id,
            engine=candidate.engine.name,
            ending=ending,
            input_tokens=counts.input_tokens,
            cache_read_input_tokens=counts.cache_read_tokens,
            output_tokens=counts.output_tokens,
            thinking_tokens=counts.thinking_tokens,
            first_event_ms=None if first_s is None else round(first_s * 1000),
            total_ms=round(total_s * 1000),
        )
        if not is_message:
            return  # counting costs nothing
        services.ledger.note(
            TurnRecord(
                request_id=call.request_id,
                started_at=clock.now().timestamp() - total_s,
                first_event_s=first_s,
                total_s=total_s,
                workspace_id=call.caller.workspace_id,
                key_id=call.caller.key_id,
                asked_model=request.model,
                model=candidate.facts.id,
                engine=candidate.engine.name,
                upstream_model=candidate.upstream_model,
                ending=ending,
                streams=bool(request.stream),
                service_tier=counts.service_tier,
                inference_geo=counts.inference_geo,
                speed=counts.speed,
                input_tokens=counts.input_tokens,
                cache_write_5m_tokens=counts.cache_write_5m_tokens,
                cache_write_1h_tokens=counts.cache_write_1h_tokens,
                cache_read_tokens=counts.cache_read_tokens,
                output_tokens=counts.output_tokens,
                thinking_tokens=counts.thinking_tokens,
                trace_parent=call.trace_parent,
            )
        )

    async def settled(self) -> None:
        """Return when the row is written, where the settings want that."""
        await self.services.ledger.settled()


def ending_of(error: BaseException) -> str:
    """Return how a request ended that ``error`` ended, as in ``TurnRecord``."""
    match error:
        case ApiError(type=kind):
            return kind
        case ConnectionCut():
            return "cut"
        case Exception():
            return "bug"
        case _:
            return "left"
