"""The state of a conversation and every step that it can take; pure, nothing is printed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

Block = Mapping[str, object]
"""A content block in the API's own JSON, kept as it came: the server decides what belongs in it."""
Tool = Mapping[str, object]
"""A tool's declaration in the API's own JSON."""

Thinking = Literal["default", "on", "off"] | int
"""What the server does unasked; as the model can; not; or with a budget of so many tokens."""

_THOUGHTS = ("thinking", "redacted_thinking")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the history."""

    role: Literal["user", "assistant"]
    content: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What one request took."""

    model: str
    input_tokens: int
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request."""

    content: tuple[Block, ...]
    stop_reason: str | None
    """The API's own; None when the person stopped the answer."""
    explanation: str | None = None
    """Why the model refused, where the server says it."""
    tokens: Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that the model waits for."""

    id: str
    name: str
    input: object


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What the person says that a call gave."""

    call_id: str
    text: str
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Everything that the next request depends on, and what the requests so far took."""

    model: str
    max_tokens: int
    system: str | None = None
    thinking: Thinking = "default"
    tools: tuple[Tool, ...] = ()
    messages: tuple[Message, ...] = ()
    usage: tuple[Tokens, ...] = ()

    def said(self, text: str) -> Self:
        """Add what the person says."""
        return self._with_message(Message(role="user", content=({"type": "text", "text": text},)))

    def answered(self, answer: Answer) -> Self:
        """Add an answer; one that leaves nothing to keep adds its tokens alone."""
        kept = _kept(answer)
        message = (Message(role="assistant", content=kept),) if kept else ()
        return replace(
            self, messages=(*self.messages, *message), usage=(*self.usage, answer.tokens)
        )

    def resulted(self, results: Sequence[ToolResult]) -> Self:
        """Add the results of the calls in the last answer, as one message."""
        return self._with_message(Message(role="user", content=tuple(map(_result_block, results))))

    def taken_back(self, before: Self) -> Self:
        """Forget the messages since ``before``; tokens that were spent stay spent."""
        return replace(self, messages=before.messages)

    def cleared(self) -> Self:
        """Forget every message, and keep the rest."""
        return replace(self, messages=())

    def _with_message(self, message: Message) -> Self:
        return replace(self, messages=(*self.messages, message))


def calls_in(answer: Answer) -> list[ToolCall]:
    """Give the calls that the client has to run; server tools run themselves."""
    if answer.stop_reason != "tool_use":
        return []
    return [
        ToolCall(id=str(block.get("id")), name=str(block.get("name")), input=block.get("input"))
        for block in answer.content
        if block.get("type") == "tool_use"
    ]


def _kept(answer: Answer) -> tuple[Block, ...]:
    """Choose what may stand in the history; the API refuses blank text and thoughts alone."""
    if answer.stop_reason is None:
        blocks = _before_the_stop(answer.content)
    else:
        # Cut by max_tokens, a call stays without a result, and the API wants one for each.
        waits = answer.stop_reason == "tool_use"
        blocks = [block for block in answer.content if waits or block.get("type") != "tool_use"]
    kept = tuple(block for block in blocks if not _is_blank(block))
    return kept if any(block.get("type") not in _THOUGHTS for block in kept) else ()


def _before_the_stop(content: Sequence[Block]) -> Sequence[Block]:
    """Take thoughts and text up to the first block that is unfinished or waits for another."""
    for index, block in enumerate(content):
        match block.get("type"):
            case "text" | "redacted_thinking":
                pass
            case "thinking" if block.get("signature"):
                pass
            case _:
                return content[:index]
    return content


def _is_blank(block: Block) -> bool:
    return block.get("type") == "text" and not str(block.get("text", "")).strip()


def _result_block(result: ToolResult) -> Block:
    return {
        "type": "tool_result",
        "tool_use_id": result.call_id,
        "content": result.text,
        "is_error": result.is_error,
    }
