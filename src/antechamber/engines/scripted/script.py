"""The shape of a script: replies, what chooses them, how they are played and how they fail.

What each key means to the person who writes a script is in docs/reference/scripted-engine.md; how
a file becomes a ``Script`` is in ``reader``.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import from_json

from antechamber.settings.problems import closest
from antechamber.turn.events import StopReason
from antechamber.wire import errors
from antechamber.wire.encoding import encode_json

Text = Annotated[str, Field(min_length=1)]
Chunks = Annotated[tuple[Text, ...], Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """A table of the script: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class TextContent(Part):
    """A text block, streamed word by word or in the given chunks."""

    type: Literal["text"]
    text: str | None = None
    chunks: Chunks | None = None

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        _exactly_one(self, "text", "chunks")
        return self


class ThinkingContent(Part):
    """A thought; left out where the request does not think, unless ``always``."""

    type: Literal["thinking"]
    thinking: str | None = None
    chunks: Chunks | None = None
    always: bool = False

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        _exactly_one(self, "thinking", "chunks")
        return self


class RedactedThinkingContent(Part):
    """Opaque reasoning; left out where the request does not think, unless ``always``."""

    type: Literal["redacted_thinking"]
    data: Text
    always: bool = False


class ToolUseContent(Part):
    """A call of a client tool: its input as a value, as JSON text, or as pieces of JSON text.

    Without any of them the input is ``{}``.
    """

    type: Literal["tool_use"]
    name: Text
    id: Text | None = None
    toolset_name: Text | None = None
    input: dict[str, JsonValue] | None = None
    input_json: str | None = None
    chunks: Chunks | None = None

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        _at_most_one(self, "input", "input_json", "chunks")
        return self

    @property
    def json_text(self) -> str:
        """The whole text of the input, or as much of it as the script gives."""
        if self.input_json is not None:
            return self.input_json
        if self.chunks is not None:
            return "".join(self.chunks)
        return encode_json(self.input or {}).decode()

    @property
    def cut(self) -> bool:
        """Whether the text of the input is no whole JSON object."""
        try:
            return not isinstance(from_json(self.json_text), dict)
        except ValueError:
            return True


Content = TextContent | ThinkingContent | RedactedThinkingContent | ToolUseContent


class ScriptedUsage(Part):
    """Counts to report instead of our own."""

    input_tokens: Count | None = None
    output_tokens: Count | None = None
    thinking_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None


class ErrorAnswer(Part):
    """An error instead of an answer; what is left out follows from what is there."""

    status: Annotated[int, Field(ge=400, le=599)] | None = None
    type: Text | None = None
    message: Text | None = None
    retry_after_s: Count | None = None
    details: dict[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.status is None and self.type is None:
            raise ValueError("needs a status or a type")
        return self


class ErrorInStream(Part):
    """An error after that many events of the stream."""

    events: Count
    type: Text = "api_error"
    message: Text | None = None
    details: dict[str, JsonValue] | None = None


class Reply(Part):
    """One answer: when it is given, what it holds, how fast it comes, how it breaks."""

    model: Text | None = None
    when: re.Pattern[str] | None = None
    after_tool_result: bool | None = None
    when_tool_result: re.Pattern[str] | None = None
    times: Annotated[int, Field(ge=1)] | None = None

    text: str | None = None
    content: tuple[Annotated[Content, Field(discriminator="type")], ...] | None = None
    stop_reason: StopReason | None = None
    stop_sequence: Text | None = None
    stop_details: dict[str, JsonValue] | None = None
    usage: ScriptedUsage = ScriptedUsage()

    delay_s: Seconds | None = None
    token_delay_s: Seconds | None = None

    error: ErrorAnswer | None = None
    fail_after: ErrorInStream | None = None
    cut_after: Count | None = None
    hang_after: Count | None = None

    @property
    def blocks(self) -> tuple[Content, ...]:
        """The content, ``text`` being short for one text block."""
        if self.text is not None:
            return (TextContent(type="text", text=self.text),)
        return self.content or ()

    @property
    def breaks_after(self) -> int | None:
        """After how many events of its blocks the reply breaks off; None when it does not."""
        if self.fail_after is not None:
            return self.fail_after.events
        return self.cut_after if self.cut_after is not None else self.hang_after

    @model_validator(mode="after")
    def _one_content_and_one_fault(self) -> Self:
        _at_most_one(self, "text", "content")
        _at_most_one(self, "error", "fail_after", "cut_after", "hang_after")
        _at_most_one(self, "error", "text")
        _at_most_one(self, "error", "content")
        return self

    @model_validator(mode="after")
    def _errors_are_known(self) -> Self:
        for key, fault in (("error", self.error), ("fail_after", self.fail_after)):
            if fault is not None and fault.type is not None and fault.type not in ERROR_TYPES:
                meant = closest(fault.type, ERROR_TYPES)
                raise ValueError(
                    f'{key}.type "{fault.type}" is none of the API\'s'
                    + (f' (did you mean "{meant}"?)' if meant else f": {', '.join(ERROR_TYPES)}")
                )
        return self

    @model_validator(mode="after")
    def _ends_truthfully(self) -> Self:
        calls = [block for block in self.blocks if isinstance(block, ToolUseContent)]
        if self.stop_reason == "tool_use" and not calls:
            raise ValueError("stop_reason 'tool_use' needs a block of type 'tool_use'")
        if self.stop_sequence is not None and self.stop_reason not in (None, "stop_sequence"):
            raise ValueError("stop_sequence goes with stop_reason 'stop_sequence'")
        if self.stop_reason == "stop_sequence" and self.stop_sequence is None:
            raise ValueError("stop_reason 'stop_sequence' needs stop_sequence, the one that fired")
        if any(call.cut for call in calls if call is not self.blocks[-1]):
            raise ValueError("only the last block may be a tool_use whose JSON is cut")
        return self


class Script(Part):
    """Replies and the order in which they are played."""

    order: Literal["match", "sequence"] = "match"
    at_end: Literal["repeat", "last", "error"] | None = None
    window_tokens: Annotated[int, Field(ge=1)] | None = None
    delay_s: Seconds = 0.0
    token_delay_s: Seconds = 0.0
    replies: tuple[Reply, ...] = ()

    @model_validator(mode="after")
    def _order_decides_alone(self) -> Self:
        if self.order == "match":
            if self.at_end is not None:
                raise ValueError("at_end goes with order = 'sequence'")
            return self
        for index, reply in enumerate(self.replies):
            if given := sorted(reply.model_fields_set & CONDITIONS):
                raise ValueError(f"replies[{index}].{given[0]} has no place in a sequence")
        return self


ERROR_TYPES = sorted(
    {
        each.type
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.ApiError)
    }
)
"""What the API calls its errors."""

CONDITIONS = frozenset({"model", "when", "after_tool_result", "when_tool_result"})
"""Keys of a reply that choose it by the request."""


TABLES: tuple[type[Part], ...] = (
    TextContent,
    ThinkingContent,
    RedactedThinkingContent,
    ToolUseContent,
    ScriptedUsage,
    ErrorAnswer,
    ErrorInStream,
    Reply,
    Script,
)
"""Every table that a script may hold."""


def _given(part: Part, *keys: str) -> str:
    return " and ".join(key for key in keys if getattr(part, key) is not None)


def _at_most_one(part: Part, *keys: str) -> None:
    given = _given(part, *keys)
    if " and " in given:
        raise ValueError(f"{given} exclude each other")


def _exactly_one(part: Part, *keys: str) -> None:
    _at_most_one(part, *keys)
    if not _given(part, *keys):
        raise ValueError(f"needs {' or '.join(keys)}")
