"""Whether thinking that comes back is what was sent out.

What is ours has to fit; what is foreign belongs to another server, and ``rules.history`` takes it
out for engines that could make nothing of it.
Source: platform.claude.com/docs/en/build-with-claude/extended-thinking, preserving thinking blocks.
"""

from typing import assert_never

from antechamber.rules.context import RuleContext, Verify
from antechamber.rules.reading import Reading
from antechamber.wire.blocks import RedactedThinkingBlock, ThinkingBlock
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.signatures import Verdict


def verdict_on(block: ThinkingBlock | RedactedThinkingBlock, verify: Verify) -> Verdict:
    """Return whose block this is; the opaque data of a redacted one is its own signature."""
    match block:
        case ThinkingBlock():
            return verify("thinking", block.thinking, block.signature)
        case RedactedThinkingBlock():
            return verify("redacted_thinking", "", block.data)


def refuse_altered_thinking(reading: Reading) -> None:
    """Ours, but changed; and under hosted fidelity what no engine here can have made."""
    placed = sorted(reading.every(ThinkingBlock, RedactedThinkingBlock), key=lambda p: p[:2])
    if not placed:
        return
    latest = _first_message_of_latest_turn(reading)
    for each in placed:
        verdict = verdict_on(each.block, reading.context.verify)
        match verdict:
            case Verdict.OURS:
                pass
            case Verdict.ALTERED if each.message >= latest:
                # anthropics/claude-code#26314
                raise InvalidRequest(
                    f"{each.path}: `thinking` or `redacted_thinking` blocks in the latest "
                    "assistant message cannot be modified. These blocks must remain as they were "
                    "in the original response."
                )
            case Verdict.ALTERED:
                raise _invalid(each.path, each.block)
            case Verdict.FOREIGN:
                if not _takes_foreign(reading.context):
                    raise _invalid(each.path, each.block)
            case _:
                assert_never(verdict)


def _takes_foreign(context: RuleContext) -> bool:
    return not context.hosted or context.engine_is_claude_family


def _first_message_of_latest_turn(reading: Reading) -> int:
    turns = (t for t in reversed(reading.turns) if t.role == "assistant" and t.blocks)
    latest = next(turns, None)
    return latest.blocks[0].message if latest is not None else 0


def _invalid(path: str, block: ThinkingBlock | RedactedThinkingBlock) -> InvalidRequest:
    # anthropics/claude-code#10627
    if isinstance(block, ThinkingBlock):
        return InvalidRequest(f"{path}: Invalid `signature` in `thinking` block")
    return InvalidRequest(f"{path}: Invalid `data` in `redacted_thinking` block")
