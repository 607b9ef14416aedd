"""What one request is held to account for: from its admission to its row in the ledger."""

from antechamber.catalogue.facts import ModelFacts
from antechamber.operations.allowance.rate_limits import FREE
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services
from antechamber.operations.bookkeeping.records import Counts, TurnRecord
from antechamber.rules.cache_control import may_have_breakpoints
from antechamber.rules.input_estimate import guessed_input_tokens
from antechamber.rules.reading import Prompt
from antechamber.turn.cache_use import CacheUse
from antechamber.turn.events import ConnectionCut
from antechamber.wire.errors import ApiError, PermissionRefused
from antechamber.wire.messages import MessageRequest
from antechamber.wire.responses import ServiceTier


class Account:
    """Opened before an engine is asked, closed once, whatever becomes of the request."""

    __slots__ = (
        "_admission",
        "_is_closed",
        "_total_s",
        "call",
        "first_at",
        "rank",
        "request",
        "services",
    )

    def __init__(self, services: Services, request: Prompt, call: Call, rank: ServiceTier) -> None:
        self.services = services
        self.request = request
        self.call = call
        self.rank: ServiceTier = rank
        """How the request is served: before others, as usual, after them."""
        self._admission = FREE
        self._is_closed = False
        self._total_s = 0.0
        self.first_at: float | None = None
        """When the answer began, on the monotonic clock."""

    @property
    def _first_s(self) -> float | None:
        return None if self.first_at is None else self.first_at - self.call.started_at

    @property
    def is_limited(self) -> bool:
        """Whether limits of this server hold, of which every answer tells."""
        return self._admission is not FREE

    async def admit(self, facts: ModelFacts, body: bytes) -> None:
        """Take what the request needs of its caller's limits; ``body`` is what it was made of.

        Raises ``PermissionRefused`` for a model that its key may not use, ``RateLimited``, and
        ``InvalidRequest`` for a budget that is spent.
        """
        caller, request = self.call.caller, self.request
        if caller.models is not None and caller.models.isdisjoint((request.model, facts.id)):
            message = f"Your API key does not have access to the model: {request.model}"
            raise PermissionRefused(message)
        limits = self.services.limits
        if not limits.concern(caller):
            return
        if self.call.is_batch_item:
            # Its tokens and requests are counted nowhere, its price is.
            limits.check_budgets(caller)
            return
        guess = guessed_input_tokens(request, len(body), facts.image_tier)
        self._admission = await limits.admit(
            caller,
            facts,
            estimated_input_tokens=guess.tokens,
            is_rough=guess.is_rough,
            counts_tokens=not isinstance(request, MessageRequest),
            may_be_cached=may_have_breakpoints(body),
        )
        self.call.stamps.append(self._admission.lines())

    async def look(self, facts: ModelFacts) -> None:
        """Tell how the limits stand in the answer to a request that is refused before its leave."""
        counts_tokens = not isinstance(self.request, MessageRequest)
        look = self.services.limits.look(self.call.caller, facts, counts_tokens=counts_tokens)
        self.call.stamps.append(await look)

    def settle_input(self, use: CacheUse) -> None:
        """Put what the cache's account says in the place of the guess, as soon as it is known."""
        counted = Counts(
            input_tokens=use.input_tokens + use.write_5m + use.write_1h,
            cache_read_tokens=use.read,
        ).bounded()
        self._admission.settle_input(
            counted.input_tokens, cache_read_tokens=counted.cache_read_tokens
        )

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
        counts = counts.bounded()
        self._total_s = self.services.clock.monotonic() - self.call.started_at
        self._admission.settle(
            counts.input_tokens + counts.cache_write_5m_tokens + counts.cache_write_1h_tokens,
            counts.output_tokens,
            cache_read_tokens=counts.cache_read_tokens,
        )
        self._tell(candidate, ending, counts)
        if isinstance(self.request, MessageRequest):
            # Counting costs nothing.
            record = self._record(self.request, candidate, ending, counts)
            if self.call.records is None:
                self.services.ledger.note(record)
            else:
                self.call.records.append(record)

    def _tell(self, candidate: Candidate, ending: str, counts: Counts) -> None:
        first_s = self._first_s
        self.services.tell(
            {
                "event": "turn" if isinstance(self.request, MessageRequest) else "count",
                "request_id": self.call.request_id,
                "model": candidate.facts.id,
                "engine": candidate.engine.name,
                "ending": ending,
                "input_tokens": counts.input_tokens,
                "cache_read_input_tokens": counts.cache_read_tokens,
                "output_tokens": counts.output_tokens,
                "thinking_tokens": counts.thinking_tokens,
                "first_event_ms": None if first_s is None else round(first_s * 1000),
                "total_ms": round(self._total_s * 1000),
            }
        )

    def _record(
        self, request: MessageRequest, candidate: Candidate, ending: str, counts: Counts
    ) -> TurnRecord:
        call, caller, total_s = self.call, self.call.caller, self._total_s
        # By position: every request makes one, and names would cost as much again.
        return TurnRecord(
            call.request_id,
            self.services.clock.timestamp() - total_s,
            self._first_s,
            total_s,
            caller.workspace_id,
            caller.key_id,
            candidate.facts.id,
            candidate.engine.name,
            candidate.upstream_model,
            ending,
            bool(request.stream),
            counts,
            request.model,
            call.trace_parent,
        )

    async def settled(self) -> None:
        """Return when the row is written, where the settings want that."""
        # A stream that waits for so long is pinged, and nothing may follow its end.
        await self.services.ledger.settled(within_s=self.services.settings.server.ping_s / 2)


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
