"""The account of prompt caching for engines that keep none: what was written, what may be read.

Source: platform.claude.com/docs/en/build-with-claude/prompt-caching.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from antechamber.operations.answering.call import Call
from antechamber.rules.cache_plan import CachePlan
from antechamber.runtime.clock import Clock
from antechamber.settings import CacheSettings
from antechamber.store.cache_entries import CacheEntries, CacheEntry
from antechamber.turn.cache_use import CacheUse

_HOUR_S = 3600


class Prefix(NamedTuple):
    """What is kept of a prefix."""

    ttl_s: int
    tokens: int
    """As counted when it was written, so that it is read as what was paid for."""


class CacheVisit(msgspec.Struct, frozen=True, kw_only=True):
    """What a request found in the account, and what it leaves there once it is answered."""

    use: CacheUse
    started_at: float
    """On the monotonic clock; lifetimes begin here."""
    kept: Mapping[bytes, Prefix]
    """By the key of their entry."""


class PromptCache:
    """Keeps prefixes apart by organization, workspace, model and engine."""

    def __init__(self, entries: CacheEntries, settings: CacheSettings, clock: Clock) -> None:
        self._entries = entries
        self._settings = settings
        self._clock = clock

    async def look_up(
        self, plan: CachePlan, call: Call, *, engine: str, input_tokens: int
    ) -> CacheVisit | None:
        """Return how ``input_tokens``, the whole input, are split; None where nothing is cached.

        ``engine`` names what holds the prefixes: of several replicas the one that is asked.
        """
        asked = self._settings.minimum_tokens
        minimum = plan.minimum_tokens if asked is None else asked
        if self._settings.enabled is False or input_tokens < minimum:
            return None
        scope = _scope(call, plan.model, engine)
        held = await self._held(plan, scope)
        hit = next(iter(held), -1)
        tokens_at = _shares(plan, input_tokens, hit, held)
        marked = [each for each in plan.breakpoints if tokens_at(each.position) >= minimum]
        if not marked:
            return None
        kept = {hit: held[hit]} if held else {}
        for position, ttl_s in marked:
            if position > hit:
                kept[position] = Prefix(ttl_s, tokens_at(position))
            else:
                # Read, not written: it lives on as what was read does.
                kept[position] = held.get(position) or Prefix(held[hit].ttl_s, tokens_at(position))
        read = tokens_at(hit) if held else 0
        long = max((tokens_at(at) for at, ttl_s in marked if ttl_s == _HOUR_S), default=0)
        cached = tokens_at(marked[-1].position)
        return CacheVisit(
            use=CacheUse(
                input_tokens=input_tokens - cached,
                read=read,
                write_1h=max(0, long - read),
                write_5m=cached - max(long, read),
            ),
            started_at=call.started_at,
            kept={scope + plan.digests[at]: prefix for at, prefix in kept.items()},
        )

    async def commit(self, visit: CacheVisit) -> None:
        """Let others read what ``visit`` wrote; to be called when its answer has begun."""
        passed_s = self._clock.monotonic() - visit.started_at
        await self._entries.write(
            [
                CacheEntry(key, b"%d %d" % prefix, prefix.ttl_s - passed_s)
                for key, prefix in visit.kept.items()
                if prefix.ttl_s > passed_s
            ]
        )

    async def _held(self, plan: CachePlan, scope: bytes) -> dict[int, Prefix]:
        """Return what there is by position, the longest prefix first."""
        positions = plan.looked_at()
        found = await self._entries.read([scope + plan.digests[at] for at in positions])
        return {
            at: Prefix(*map(int, value.split()))
            for at, value in zip(positions, found or (), strict=False)
            if value is not None
        }


def _shares(
    plan: CachePlan, total: int, hit: int, held: Mapping[int, Prefix]
) -> Callable[[int], int]:
    """Return what tells the tokens up to a position: by weight, before and behind what was read."""
    read = min(held[hit].tokens, total) if held else 0
    weight = plan.weights[hit] if held else 0

    def tokens_at(position: int) -> int:
        here = plan.weights[position]
        if 0 < here <= weight:
            return read * here // weight
        return read + (total - read) * (here - weight) // (plan.whole_weight - weight)

    return tokens_at


def _scope(call: Call, model: str, engine: str) -> bytes:
    caller = call.caller
    names = "\0".join((caller.organization_id, caller.workspace_id, model, engine))
    return blake2b(names.encode(), digest_size=16).digest()
