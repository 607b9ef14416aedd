"""Whether a caller may go now: the buckets of its workspace and its key for a class of models.

A request takes one of the requests and its estimated input at once, or is refused; of output there
has to be something left, and what is produced is taken at the end, with the input's true count.

The estimate is of the whole prompt, of which what is read from a cache does not count: a request
that may read one is let in while any input is left, and takes of the rest no more than there is.
"""

from collections.abc import Sequence
from math import ceil
from typing import Literal

import structlog

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.tiers import Tier, TierClass
from antechamber.limits.base import Bucket, Keeper, Outcome, Refusal
from antechamber.limits.buckets import refund
from antechamber.operations.allowance.limit_plan import LimitPlan
from antechamber.operations.allowance.spending import Spending, check_spending, may_be_spent
from antechamber.operations.allowance.tiers import Tiers
from antechamber.operations.callers.caller import Caller
from antechamber.runtime.clock import Clock
from antechamber.settings import Settings
from antechamber.wire.errors import RateLimited

_log = structlog.get_logger("antechamber.limits")
_MOST_PLANS = 4096

Pool = Literal["counts", "batches", "files"]
"""Endpoints whose requests are limited by their number alone, for all models together."""


class Admission:
    """Leave for one request. This one is of no limit."""

    __slots__ = ()

    def lines(self) -> bytes:
        """Return the lines of an answer's head that tell the caller how its limits stand."""
        return b""

    def settle(self, input_tokens: int, output_tokens: int, *, cache_read_tokens: int = 0) -> None:
        """Put the true counts in the place of the estimate, at the end of an answer; once.

        ``input_tokens`` are those after the last breakpoint and those written to the cache.
        """

    def settle_input(self, input_tokens: int, *, cache_read_tokens: int = 0) -> None:
        """Do the part of ``settle`` that is about the input, as soon as its counts are known.

        Others need not wait then for what was estimated too high; ``settle`` follows all the same.
        """


FREE = Admission()
"""For whoever has no limit."""


class RateLimits:
    """The limits of everybody, over one keeper of buckets."""

    def __init__(
        self,
        settings: Settings,
        tiers: Tiers,
        keeper: Keeper,
        clock: Clock,
        spending: Spending | None = None,
    ) -> None:
        """``spending`` knows what this process spent since the callers' bounds were read."""
        self.tiers = tiers
        """Those that hold here."""
        self._spending = spending or Spending(clock)
        self._keeper = keeper
        self._clock = clock
        self._exact = settings.limits.exact_headers
        self._usual = None if settings.limits.tier is None else tiers.by_name[settings.limits.tier]
        self._promotion = [tiers.by_name[name] for name in settings.limits.promotion]
        self._is_general = self._usual is not None or bool(self._promotion)
        self._plans: dict[tuple[str | None, ...], LimitPlan | None] = {}
        self._told: set[str] = set()

    def concern(self, caller: Caller) -> bool:
        """Whether anything limits ``caller``; where nothing does there is no need to ask."""
        return self._is_general or caller.is_bounded

    async def admit(
        self,
        caller: Caller,
        facts: ModelFacts,
        *,
        estimated_input_tokens: int,
        counts_tokens: bool = False,
        may_be_cached: bool = False,
        is_rough: bool = False,
    ) -> Admission:
        """Let a request in; raises ``RateLimited``, and ``InvalidRequest`` for a spent budget.

        ``counts_tokens`` is for count_tokens, which has a limit of its own and costs nothing.
        ``may_be_cached``: whether the request has breakpoints, so that little of it may count.
        ``is_rough``: whether the estimate may be far too high, so that it is no reason to refuse.
        """
        tier = self.tier_of(caller)
        if not counts_tokens:
            self._check_budgets(caller, tier)
        plan = self._plan(caller, tier, "counts" if counts_tokens else facts)
        if plan is None:
            return FREE
        may_be_less = is_rough or (may_be_cached and not plan.counts_cache_reads)
        takes = plan.takes(estimated_input_tokens, may_be_less=may_be_less)
        outcome = await self._keeper.take(takes)
        if outcome.refusal is not None:
            whose = f"org: {caller.organization_id}, model: {facts.id}"
            raise self._refused(plan, outcome, outcome.refusal, whose)
        return _Limited(self._keeper, self._clock, plan, outcome)

    async def admit_to(self, pool: Pool, caller: Caller) -> bytes:
        """Let a request in that asks no model, and return ``Admission.lines``.

        Raises ``RateLimited``. Budgets play no part: nothing is spent.
        """
        if not self.concern(caller):
            return b""
        plan = self._plan(caller, self.tier_of(caller), pool)
        if plan is None:
            return b""
        outcome = await self._keeper.take(plan.takes(0, may_be_less=False))
        if outcome.refusal is not None:
            whose = f"org: {caller.organization_id}"
            raise self._refused(plan, outcome, outcome.refusal, whose)
        return plan.headers.lines(outcome.used, self._clock.timestamp())

    def most_enqueued(self, caller: Caller) -> int | None:
        """Return how many requests of batches may wait in the caller's workspace; None is any."""
        tier = self.tier_of(caller)
        return None if tier is None else tier.enqueued_batch_requests

    def check_budgets(self, caller: Caller) -> None:
        """Raise ``InvalidRequest`` for a budget that is spent, ``RateLimited`` for a tier's cap."""
        self._check_budgets(caller, self.tier_of(caller))

    def _check_budgets(self, caller: Caller, tier: Tier | None) -> None:
        if may_be_spent(caller, tier):
            own = self._spending.of(caller, read_at=caller.bounds.read_at)
            check_spending(caller, tier, self._clock, own)

    async def look(
        self, caller: Caller, facts: ModelFacts, *, counts_tokens: bool = False
    ) -> bytes:
        """Return what ``Admission.lines`` would tell a request that is refused before its leave."""
        if not self.concern(caller):
            return b""
        plan = self._plan(caller, self.tier_of(caller), "counts" if counts_tokens else facts)
        if plan is None:
            return b""
        outcome = await self._keeper.take(plan.looks)
        return plan.headers.lines(outcome.used, self._clock.timestamp())

    def tier_of(self, caller: Caller) -> Tier | None:
        """Return the tier of the caller's workspace; None is no limit.

        That is its own; else the one that it has reached by what it spent; else the usual one.
        """
        if caller.workspace_tier is not None:
            own = self._known(caller.workspace_tier)
            if own is not None:
                return own
        reached = self._usual
        for tier in self._promotion:
            if caller.bounds.workspace_spent >= (tier.from_nano_usd or 0):
                reached = tier
        return reached

    def _known(self, name: str) -> Tier | None:
        tier = self.tiers.by_name.get(name)
        if tier is None and name not in self._told:
            # It was known when the key or the workspace got it; requests must not fail for that.
            self._told.add(name)
            _log.warning("tier_unknown", tier=name)
        return tier

    def _plan(
        self, caller: Caller, tier: Tier | None, asked: ModelFacts | Pool
    ) -> LimitPlan | None:
        """Return what a request takes; ``tier`` is the workspace's. None is nothing."""
        of_key = None if caller.key_tier is None else self._known(caller.key_tier)
        known = (
            caller.organization_id,
            caller.workspace_id,
            tier.name if tier is not None else None,
            caller.budget_id if of_key is not None else None,
            of_key.name if of_key is not None else None,
            *((None, asked) if isinstance(asked, str) else (asked.id, None)),
        )
        try:
            return self._plans[known]
        except KeyError:
            # By its budget: a key that takes another's place has the limit together with it.
            scopes = [(caller.workspace_id, tier), (caller.budget_id or "", of_key)]
            # Two installations may share a Valkey, and each has a workspace "default".
            house = caller.organization_id
            limited = [(f"{house}/{whose}", each) for whose, each in scopes if each is not None]
            plan = self._new_plan(limited, asked)
            if len(self._plans) >= _MOST_PLANS:  # ids of models come from requests
                self._plans.clear()
            self._plans[known] = found = plan if plan.looks else None
            return found

    def _new_plan(self, limited: Sequence[tuple[str, Tier]], asked: ModelFacts | Pool) -> LimitPlan:
        if isinstance(asked, str):
            counts = [(whose, _per_minute(tier, asked)) for whose, tier in limited]
            return LimitPlan(requests=_buckets(asked, counts), exact_headers=self._exact)
        return self._turn_plan(limited, asked)

    def _turn_plan(self, limited: Sequence[tuple[str, Tier]], facts: ModelFacts) -> LimitPlan:
        model_class = self.tiers.class_of(facts)
        rows = [
            (f"{whose}/{model_class}", tier.limits_of(model_class) or TierClass(name=model_class))
            for whose, tier in limited
        ]
        return LimitPlan(
            requests=_buckets("requests", [(key, row.requests_per_minute) for key, row in rows]),
            outputs=_buckets("output", [(key, row.output_tokens_per_minute) for key, row in rows]),
            inputs=_buckets("input", [(key, row.input_tokens_per_minute) for key, row in rows]),
            counts_cache_reads=facts.id in self.tiers.book.counts_cache_reads,
            exact_headers=self._exact,
        )

    def _refused(
        self, plan: LimitPlan, outcome: Outcome, refusal: Refusal, whose: str
    ) -> RateLimited:
        per_minute = plan.looks[refusal.index].bucket.per_minute
        message = (
            "This request would exceed your organization's rate limit of "
            f"{per_minute:,} {plan.named(refusal.index)} per minute "
            f"({whose}). For details, refer to: "
            "https://docs.claude.com/en/api/rate-limits. You can see the response headers for "
            "current usage. Please reduce the prompt length or the maximum tokens requested, or "
            "try again later. You may also contact sales at https://claude.com/contact-sales to "
            "discuss your options for a rate limit increase."
        )
        return RateLimited(
            message,
            # Clients read a whole number, and come back at once where there is none.
            retry_after_s=max(1, ceil(refusal.wait_s)),
            lines=plan.headers.lines(outcome.used, self._clock.timestamp()),
            is_final=refusal.is_final,
        )


class _Limited(Admission):
    """Leave for a request that takes from buckets."""

    __slots__ = ("_clock", "_counted", "_is_open", "_keeper", "_outcome", "_plan")

    def __init__(self, keeper: Keeper, clock: Clock, plan: LimitPlan, outcome: Outcome) -> None:
        self._keeper = keeper
        self._clock = clock
        self._plan = plan
        self._outcome = outcome
        self._counted: int | None = None
        self._is_open = True

    def lines(self) -> bytes:
        return self._plan.headers.lines(self._outcome.used, self._clock.timestamp())

    def settle(self, input_tokens: int, output_tokens: int, *, cache_read_tokens: int = 0) -> None:
        if self._is_open:
            self.settle_input(input_tokens, cache_read_tokens=cache_read_tokens)
            self._is_open = False
            if output_tokens:
                for bucket in self._plan.outputs:
                    # It was not taken anywhere yet, so it counts where requests count now.
                    self._keeper.settle(bucket, output_tokens)

    def settle_input(self, input_tokens: int, *, cache_read_tokens: int = 0) -> None:
        plan, before = self._plan, self._counted
        if not (self._is_open and plan.inputs):
            return
        counted = input_tokens + (cache_read_tokens if plan.counts_cache_reads else 0)
        self._counted = counted
        if before is None:
            self._replace_estimate(counted)
        elif counted != before:
            for bucket in plan.inputs:
                self._outcome.keeper.settle(bucket, counted - before)

    def _replace_estimate(self, counted: int) -> None:
        outcome, elapsed_s = self._outcome, self._clock.monotonic() - self._outcome.at
        first = len(outcome.used) - len(self._plan.inputs)
        for index, bucket in enumerate(self._plan.inputs, first):
            more = counted - outcome.taken[index]
            if more < 0.0:
                more = -refund(outcome.used[index], -more, elapsed_s, bucket.per_minute)
            if more:
                outcome.keeper.settle(bucket, more)


def _per_minute(tier: Tier, pool: Pool) -> int | None:
    if pool == "counts":
        return tier.count_tokens_per_minute
    return tier.batches_per_minute if pool == "batches" else tier.files_per_minute


def _buckets(kind: str, limits: Sequence[tuple[str, int | None]]) -> Sequence[Bucket]:
    return [
        Bucket(f"{key}/{kind}", per_minute) for key, per_minute in limits if per_minute is not None
    ]
