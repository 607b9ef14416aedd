"""What is remembered of a request so that the next one can be told what it changed.

Source: platform.claude.com/docs/en/build-with-claude/cache-diagnostics.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from antechamber.catalogue.facts import ModelFacts
from antechamber.rules.cache_prefix import Piece, pieces
from antechamber.rules.reading import Prompt
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.responses import (
    CacheMissMessagesChanged,
    CacheMissModelChanged,
    CacheMissReason,
    CacheMissSystemChanged,
    CacheMissToolsChanged,
    CacheMissUnavailable,
)

_DIGEST_BYTES = 8
_MOST_MARKS = 256
"""Of a long conversation; with fewer than its blocks the tokens that were missed are rougher."""


class _Mark(NamedTuple):
    """A block of the messages, and a digest of them up to it and with it."""

    position: int
    digest: bytes
    weight: int


class CacheFingerprint(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Hashes and sizes of one request, nothing of its content."""

    model: str
    speed: str
    tools: bytes
    system: bytes
    parameters: bytes
    tools_weight: int
    prompt_weight: int
    """Of tools and system."""
    marks: Sequence[_Mark]
    input_tokens: int = 0
    """Known when it is remembered."""

    def to_remember(self, *, input_tokens: int) -> "CacheFingerprint":
        """Return what is enough to compare a later request with."""
        step = len(self.marks) // _MOST_MARKS + 1
        return msgspec.structs.replace(
            self, marks=self.marks[::-1][::step][::-1], input_tokens=input_tokens
        )


def cache_fingerprint(
    request: Prompt, facts: ModelFacts, thinking: ThinkingPlan
) -> CacheFingerprint:
    """Return the fingerprint of a validated request; works through the whole prompt once."""
    tools, system, parameters = (blake2b(digest_size=_DIGEST_BYTES) for _ in range(3))
    tools_weight = prompt_weight = weight = 0
    digest = b""
    marks: list[_Mark] = []
    for piece in pieces(request, facts, thinking):
        weight += piece.weight
        match piece.kind:
            case b"tool":
                tools.update(piece.text)
                tools_weight = prompt_weight = weight
            case b"prompt":
                system.update(piece.text)
                prompt_weight = weight
            case b"parameters":
                parameters.update(piece.text)
            case _:
                digest = _chained(digest, piece)
                marks.append(_Mark(len(marks), digest, weight))
    return CacheFingerprint(
        model=facts.id,
        speed=request.speed or "standard",
        tools=tools.digest(),
        system=system.digest(),
        parameters=parameters.digest(),
        tools_weight=tools_weight,
        prompt_weight=prompt_weight,
        marks=marks,
    )


def cache_miss(previous: CacheFingerprint, now: CacheFingerprint) -> CacheMissReason | None:
    """Return what the request ``now`` changed of the prefix that ``previous`` left, if anything.

    ``previous`` is one to remember. Requests are compared, not what was read.
    """
    if (previous.model, previous.speed) != (now.model, now.speed):
        return CacheMissModelChanged(_missed(previous, behind=0))
    if previous.tools != now.tools:
        return CacheMissToolsChanged(_missed(previous, behind=0))
    if previous.system != now.system:
        return CacheMissSystemChanged(_missed(previous, behind=previous.tools_weight))
    if previous.parameters != now.parameters:
        return CacheMissUnavailable()
    same = previous.prompt_weight
    for mark in previous.marks:
        if mark.position >= len(now.marks) or now.marks[mark.position].digest != mark.digest:
            return CacheMissMessagesChanged(_missed(previous, behind=same))
        same = mark.weight
    return None


def _missed(previous: CacheFingerprint, *, behind: int) -> int:
    """Return about how many tokens of ``previous`` come behind so much of its weight."""
    whole = previous.marks[-1].weight if previous.marks else previous.prompt_weight
    return previous.input_tokens * (whole - behind) // max(1, whole)


def _chained(before: bytes, piece: Piece) -> bytes:
    return blake2b(piece.text, key=before, person=piece.kind, digest_size=_DIGEST_BYTES).digest()
