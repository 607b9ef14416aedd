"""The search for who takes a turn: the first of the candidates that can."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from antechamber.engines.base import AdjustedTurn, PreparedTurn, TurnOrder
from antechamber.grounding.matching import SourceIndex
from antechamber.operations.answering.attempts import Attempts
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.prompt_cache import CacheVisit
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services
from antechamber.operations.answering.shows import LARGE_BYTES, Shows
from antechamber.operations.attachments.attachments import ShownRequest
from antechamber.operations.attachments.citation_sources import citation_sources
from antechamber.rules.adjustments import adjustments
from antechamber.rules.cache_plan import cache_plan
from antechamber.rules.history import without_foreign_thinking, without_own_thinking
from antechamber.wire.errors import CallerFault, EngineFault
from antechamber.wire.messages import MessageRequest
from antechamber.wire.splice import Edits


@dataclass(slots=True, kw_only=True)
class Taking:
    """Who takes the turn now; changes when one fails before it has begun."""

    candidate: Candidate
    prepared: PreparedTurn
    adjusted: Sequence[str]
    index: SourceIndex | None
    """What the answer may be grounded in, for an engine that does not cite by itself."""
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
    shows: Shows | None
    """None for a request that has nothing but text."""
    check: Check | None = None
    """What a request that was checked for a relay has to pass yet before another engine."""

    async def first(self, candidate: Candidate) -> Taking:
        """Return how ``candidate`` takes the turn, or the one after it."""
        try:
            return await self._prepared_by(candidate)
        except (EngineFault, CallerFault) as error:
            return await self.after(error)

    async def after(self, error: EngineFault | CallerFault) -> Taking:
        """Return who takes the turn after ``error`` of the one that tried; raises the last one."""
        while True:
            candidate = await self.attempts.after(error, request_id=self.order.request_id)
            try:
                return await self._prepared_by(candidate)
            except (EngineFault, CallerFault) as another:
                error = another

    async def _prepared_by(self, candidate: Candidate) -> Taking:
        facts, verify = self.order.facts, self.services.signer.verify
        edits: Edits = {}
        if candidate.relay is None and self.check is not None:
            await self.check(candidate)
        shown = ShownRequest(request=self.order.request, resolved={})
        if self.shows is not None:
            shown = await self.shows.to(candidate)
        if candidate.relay is None:
            request = without_foreign_thinking(shown.request, verify)
        else:
            # What is foreign here may be the upstream's own.
            request, facts = without_own_thinking(shown.request, verify), candidate.upstream_facts
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
        return Taking(
            candidate=candidate,
            prepared=prepared,
            adjusted=sorted({*edits, *rewritten}),
            index=await self._index(candidate, shown),
            visit=await self._visit(candidate, order, prepared),
        )

    async def _index(self, candidate: Candidate, shown: ShownRequest) -> SourceIndex | None:
        """Return what the answer of an engine that does not cite by itself may be grounded in."""
        asked = self.order.request
        if candidate.relay is not None or not isinstance(asked, MessageRequest):
            return None
        return await self.services.attachments.index_of(citation_sources(asked, shown))

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
