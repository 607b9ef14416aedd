"""How calls of client tools and their results belong together."""

from collections.abc import Sequence

from antechamber.rules.reading import Placed, Reading, Turn
from antechamber.wire.blocks import ContentBlock, ToolUseBlock
from antechamber.wire.errors import InvalidRequest


def refuse_repeated_call_ids(reading: Reading) -> None:
    """An id stands for one call in the whole conversation."""
    seen: set[str] = set()
    for placed in reading.every(ToolUseBlock):
        if placed.block.id in seen:
            # Claude Code 2.1.330 looks for these words
            raise InvalidRequest(f"{placed.path}: `tool_use` ids must be unique")
        seen.add(placed.block.id)


def refuse_unpaired_calls_and_results(reading: Reading) -> None:
    """Every call is answered at the head of the next user turn, and nothing else is answered."""
    calls: set[str] = set()
    for number, turn in enumerate(reading.turns):
        if turn.role == "user":
            _refuse_results_without_call(turn, calls)
            calls = set()
            continue
        made = [
            (block.id, message) for message, _, block in turn.blocks if block.type == "tool_use"
        ]
        calls = {call_id for call_id, _ in made}
        answers = reading.turns[number + 1].blocks if number + 1 < len(reading.turns) else ()
        if made:
            _refuse_calls_without_result(made, answers)


def _refuse_calls_without_result(
    made: Sequence[tuple[str, int]], answers: Sequence[Placed[ContentBlock]]
) -> None:
    answered: set[str] = set()
    for _, _, block in answers:
        if block.type != "tool_result":
            break
        answered.add(block.tool_use_id)
    missing = [(call_id, message) for call_id, message in made if call_id not in answered]
    if missing:
        # anthropics/claude-code#7929, #8210
        ids = ", ".join(call_id for call_id, _ in missing)
        raise InvalidRequest(
            f"messages.{missing[0][1]}: `tool_use` ids were found without `tool_result` blocks "
            f"immediately after: {ids}. Each `tool_use` block must have a corresponding "
            "`tool_result` block in the next message."
        )


def _refuse_results_without_call(turn: Turn, calls: set[str]) -> None:
    seen: set[str] = set()
    for placed in turn.blocks:
        if placed.block.type != "tool_result":
            continue
        call_id = placed.block.tool_use_id
        if call_id not in calls:
            # anthropics/claude-code#13460
            raise InvalidRequest(
                f"{placed.path}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{call_id}. Each `tool_result` block must have a corresponding `tool_use` block "
                "in the previous message."
            )
        if call_id in seen:
            # As the hosted API words it since 2025
            raise InvalidRequest(
                f"{placed.path}: each tool_use must have a single result. "
                f"Found multiple `tool_result` blocks with id: {call_id}"
            )
        seen.add(call_id)
