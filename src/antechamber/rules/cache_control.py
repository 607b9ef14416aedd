"""How many prompt-cache breakpoints a request may have, and in which order.

Source: platform.claude.com/docs/en/build-with-claude/prompt-caching.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from antechamber.rules.reading import Prompt, Reading
from antechamber.wire.blocks import ContentBlock
from antechamber.wire.config import CacheControl
from antechamber.wire.errors import InvalidRequest

_MAX_BREAKPOINTS = 4
_IN_A_BODY = b'"cache_control"'
_UNMARKABLE = ("thinking", "redacted_thinking", "mcp_tool_listing", "fallback")


Ttl = Literal["5m", "1h"]


class Breakpoint(NamedTuple):
    """Where a prefix ends, and how long it lives."""

    path: str
    ttl: Ttl


def has_breakpoints(request: Prompt) -> bool:
    """Whether any of the input may be read from a cache."""
    if request.cache_control is not None:
        return True
    for part in (*(request.tools or ()), *(request.system or ())):
        if part.cache_control is not None:
            return True
    # The latest blocks are the ones that are marked.
    for message in reversed(request.messages):
        for block in reversed(message.content or ()):
            if control_of(block) is not None:
                return True
    return False


def may_have_breakpoints(body: bytes) -> bool:
    """Whether ``has_breakpoints`` may be so of a request, at a glance; ``body`` is its JSON."""
    return _IN_A_BODY in body


def refuse_misused_breakpoints(reading: Reading) -> None:
    """The automatic one at the top level counts, unless the last block is marked already."""
    if not has_breakpoints(reading.request):
        return
    found = list(_marked(reading))
    automatic = reading.request.cache_control
    if automatic is not None:
        last = _last_cacheable(reading)
        if last is not None and last.cache_control is not None:
            _refuse_two_lifetimes(last.cache_control, automatic)
        elif last is not None:
            found.append(Breakpoint("cache_control", ttl_of(automatic)))
    if len(found) > _MAX_BREAKPOINTS:
        # Wei-Shaw/sub2api#176
        raise InvalidRequest(
            f"A maximum of {_MAX_BREAKPOINTS} blocks with cache_control may be provided. "
            f"Found {len(found)}."
        )
    _refuse_a_longer_life_behind_a_shorter(found)


def _refuse_a_longer_life_behind_a_shorter(found: list[Breakpoint]) -> None:
    shorter = False
    for each in found:
        if each.ttl == "1h" and shorter:
            # claude-code-cache-fix#44, headroom#2939
            raise InvalidRequest(
                f"{each.path}.ttl: a ttl='1h' cache_control block must not come after a "
                "ttl='5m' cache_control block. Note that blocks are processed in the following "
                "order: `tools`, `system`, `messages`."
            )
        shorter = shorter or each.ttl == "5m"


def _refuse_two_lifetimes(explicit: CacheControl, automatic: CacheControl) -> None:
    if ttl_of(explicit) != ttl_of(automatic):
        # The documents say that it is refused and not in which words.
        raise InvalidRequest(
            f"cache_control.ttl: ttl='{ttl_of(automatic)}' conflicts with the last block, "
            f"whose cache_control has ttl='{ttl_of(explicit)}'"
        )


def _marked(reading: Reading) -> Iterator[Breakpoint]:
    """Yield explicit breakpoints in the order of the prefix; inside a tool result are none."""
    request = reading.request
    for number, tool in enumerate(request.tools or ()):
        if tool.cache_control is not None:
            yield Breakpoint(f"tools.{number}.cache_control", ttl_of(tool.cache_control))
    for number, block in enumerate(request.system or ()):
        if block.cache_control is not None:
            yield Breakpoint(f"system.{number}.cache_control", ttl_of(block.cache_control))
    for number, message in enumerate(request.messages):
        for index, block in enumerate(message.content or ()):
            control = control_of(block)
            if control is not None:
                where = f"messages.{number}.content.{index}.cache_control"
                yield Breakpoint(where, ttl_of(control))


class _Cacheable(NamedTuple):
    cache_control: CacheControl | None


def _last_cacheable(reading: Reading) -> _Cacheable | None:
    request = reading.request
    for message in reversed(request.messages):
        for block in reversed(message.content or ()):
            if can_be_marked(block):
                return _Cacheable(control_of(block))
    for part in (*reversed(request.system or ()), *reversed(request.tools or ())):
        return _Cacheable(part.cache_control)
    return None


def control_of(block: ContentBlock) -> CacheControl | None:
    """Return the mark of a block, None also for the kinds that have none."""
    match block.type:
        case "thinking" | "redacted_thinking" | "mcp_tool_listing" | "fallback":
            return None
        case _:
            return block.cache_control


def can_be_marked(block: ContentBlock) -> bool:
    """Whether the automatic breakpoint may sit on ``block``."""
    return block.type not in _UNMARKABLE and not (block.type == "text" and not block.text)


def ttl_of(control: CacheControl) -> Ttl:
    """Return how long what is marked lives."""
    return control.ttl or "5m"
