"""What the scripted engine's tests share: a clock that stands still, orders, played turns."""

from datetime import UTC, datetime
from typing import Any

from antechamber.catalogue.facts import ModelFacts
from antechamber.engines.base import TurnOrder
from antechamber.engines.scripted.engine import ScriptedEngine
from antechamber.engines.scripted.reader import parse_script
from antechamber.engines.scripted.script import Script
from antechamber.rules.thinking import ThinkingPlan
from antechamber.turn.events import (
    BlockDelta,
    BlockOpened,
    EngineEvent,
    RedactedThinkingOpened,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.encoding import encode_json
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request

THINKING_OFF = ThinkingPlan(on=False)
THINKING_ON = ThinkingPlan(on=True, budget_tokens=10_000)

Shown = list[tuple[str, str]]
"""Kind and content of each block."""


class StillClock:
    """Time passes only while somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=UTC)

    def timestamp(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def script(toml: str) -> Script:
    return parse_script(toml.encode(), name="replies.toml")


def engine(toml: str, clock: StillClock | None = None) -> ScriptedEngine:
    return ScriptedEngine("replies", script(toml), clock or StillClock())


def order(
    *messages: object,
    model: str = "claude-test-1",
    max_tokens: int = 1_000,
    thinking: ThinkingPlan = THINKING_OFF,
    **fields: Any,
) -> TurnOrder:
    """Make an order; a message that is a string is the user's."""
    body = {"model": model, "max_tokens": max_tokens, "messages": _messages(messages), **fields}
    return TurnOrder(
        request=parse_message_request(encode_json(body)),
        facts=ModelFacts.unlisted(model),
        upstream_model=model,
        thinking=thinking,
        max_tokens=max_tokens,
        request_id="req_test",
    )


def counting(*messages: object, model: str = "claude-test-1", **fields: Any) -> TurnOrder:
    """Make the order of a token count."""
    body = {"model": model, "messages": _messages(messages), **fields}
    return TurnOrder(
        request=parse_count_tokens_request(encode_json(body)),
        facts=ModelFacts.unlisted(model),
        upstream_model=model,
        thinking=THINKING_OFF,
        max_tokens=0,
        request_id="req_test",
    )


def _messages(messages: tuple[object, ...]) -> list[object]:
    return [
        {"role": "user", "content": each} if isinstance(each, str) else each
        for each in messages or ("Hello",)
    ]


def tool_loop(question: str, result: object) -> tuple[object, ...]:
    """Make a question, the call it led to and the result of that call."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
    answer = {"type": "tool_result", "tool_use_id": "toolu_1", "content": result}
    return (
        question,
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [answer]},
    )


async def played(scripted: ScriptedEngine, turn: TurnOrder) -> list[EngineEvent]:
    """Take the turn to its end."""
    prepared = await scripted.prepare(turn)
    return [event async for event in prepared.events()]


async def answered(scripted: ScriptedEngine, turn: TurnOrder) -> str:
    """Take the turn and return its text."""
    return "".join(text for kind, text in shown(await played(scripted, turn)) if kind == "text")


def shown(events: list[EngineEvent]) -> Shown:
    """Join the deltas of each block."""
    blocks: Shown = []
    for event in events:
        if isinstance(event, BlockOpened):
            blocks.append(_kind_and_start(event))
        elif isinstance(event, BlockDelta):
            kind, text = blocks[-1]
            blocks[-1] = (kind, text + event.text)
    return blocks


def _kind_and_start(event: BlockOpened) -> tuple[str, str]:
    match event:
        case TextOpened():
            return ("text", "")
        case ThinkingOpened():
            return ("thinking", "")
        case RedactedThinkingOpened(data=data):
            return ("redacted_thinking", data)
        case ToolUseOpened(name=name):
            return (name, "")


def pieces(events: list[EngineEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, BlockDelta)]


def ending(events: list[EngineEvent]) -> TurnEnded:
    """Return the end, which has to be the last event and the only one of its kind."""
    ends = [event for event in events if isinstance(event, TurnEnded)]
    assert ends == events[-1:]
    return ends[0]


def usage(events: list[EngineEvent]) -> UsageReported:
    """Merge the reports as they are meant: each overwrites what it knows."""
    merged: dict[str, int] = {}
    for event in events:
        if isinstance(event, UsageReported):
            counts = {name: getattr(event, name) for name in UsageReported.__slots__}
            merged |= {name: count for name, count in counts.items() if count is not None}
    return UsageReported(**merged)
