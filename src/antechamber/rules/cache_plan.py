"""Where a request may be read from the prompt cache, and where it is to be written to it.

Source: platform.claude.com/docs/en/build-with-claude/prompt-caching.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple, Self

import msgspec

from antechamber.catalogue.facts import ModelFacts
from antechamber.rules.cache_control import has_breakpoints, ttl_of
from antechamber.rules.cache_prefix import pieces
from antechamber.rules.reading import Prompt
from antechamber.rules.thinking import ThinkingPlan

_DIGEST_BYTES = 16
_WINDOW = 20
"""Positions that are looked at from a breakpoint, itself among them."""
_TTL_S = {"5m": 300, "1h": 3600}
_OPENING_WEIGHT = 16
"""What a template writes behind the last block, so that the answer begins; never cached."""


class PlannedBreakpoint(NamedTuple):
    """A position whose prefix is to be kept, and for how long."""

    position: int
    ttl_s: int


class CachePlan(msgspec.Struct, frozen=True, kw_only=True):
    """The positions of one prompt, in the order tools, system, messages.

    ``weights`` and ``digests`` are of everything up to a position and with it. Digests are equal
    where the prompts are, to the byte and in every parameter that the prefix depends on.
    """

    model: str
    minimum_tokens: int
    """Shortest prefix that the model's cache keeps."""
    digests: Sequence[bytes]
    weights: Sequence[int]
    whole_weight: int
    """With what follows the last position."""
    breakpoints: Sequence[PlannedBreakpoint]
    """In order, at least one."""

    def counted(self, tokens: Sequence[int], *, total: int) -> Self:
        """Return the plan with exact ``tokens``, up to each position and with it, of ``total``."""
        return msgspec.structs.replace(self, weights=tokens, whole_weight=total)

    def looked_at(self) -> list[int]:
        """Return the positions where a prefix may be found, the longest first."""
        found: set[int] = set()
        for each in self.breakpoints:
            found.update(range(max(0, each.position - _WINDOW + 1), each.position + 1))
        return sorted(found, reverse=True)


def cache_plan(request: Prompt, facts: ModelFacts, thinking: ThinkingPlan) -> CachePlan | None:
    """Return the plan of a validated request; None where nothing of it is marked.

    ``thinking`` says which earlier thoughts are read. Works through the whole prompt once.
    """
    if not has_breakpoints(request):
        return None
    digest = b""
    weight, last_markable = 0, -1
    digests: list[bytes] = []
    weights: list[int] = []
    breakpoints: list[PlannedBreakpoint] = []
    for piece in pieces(request, facts, thinking):
        # Each digest is the key of the next: no byte is read twice.
        digest = blake2b(
            piece.text, key=digest, person=piece.kind, digest_size=_DIGEST_BYTES
        ).digest()
        if not piece.weight:
            continue
        if piece.can_be_marked:
            last_markable = len(digests)
        if piece.control is not None:
            breakpoints.append(PlannedBreakpoint(len(digests), _TTL_S[ttl_of(piece.control)]))
        weight += piece.weight
        digests.append(digest)
        weights.append(weight)
    automatic = request.cache_control
    if automatic is not None and last_markable not in (-1, *(at for at, _ in breakpoints)):
        breakpoints.append(PlannedBreakpoint(last_markable, _TTL_S[ttl_of(automatic)]))
    if not breakpoints:
        return None
    return CachePlan(
        model=facts.id,
        minimum_tokens=facts.cache_minimum_tokens,
        digests=digests,
        weights=weights,
        whole_weight=weight + _OPENING_WEIGHT,
        breakpoints=breakpoints,
    )
