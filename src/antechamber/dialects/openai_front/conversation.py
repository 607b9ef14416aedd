"""The messages of a request: one for each of the format's, system messages where they may stand.

Origins say which message of the request each one was, so that errors can name the client's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from pydantic_core import from_json

from antechamber.dialects.openai_front.call_ids import CallIds
from antechamber.dialects.openai_front.ignored import Ignored
from antechamber.dialects.openai_front.parts import blocks_of, text_of
from antechamber.dialects.openai_front.shapes import (
    AssistantMessage,
    ContentPart,
    Message,
    SystemMessage,
    UserMessage,
)
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """``system`` as blocks, ``messages``, and where each message was in the request."""

    system: list[JsonObject]
    messages: list[JsonObject]
    origins: tuple[int, ...]


def conversation_of(
    messages: Sequence[Message], ignored: Ignored, *, hoists_all: bool
) -> Conversation:
    """Convert the messages; with ``hoists_all`` later system messages go to the front as well."""
    leading = 0
    while leading < len(messages) and _is_system(messages[leading]):
        leading += 1
    if leading == len(messages):
        raise InvalidRequest("messages: At least one message of the user is required")
    hoisted = [
        (at, message)
        for at, message in enumerate(messages)
        if isinstance(message, SystemMessage) and (at < leading or hoists_all)
    ]
    writer = _Writer(ignored)
    for at, message in enumerate(messages[leading:], leading):
        if not (hoists_all and _is_system(message)):
            writer.add(at, message)
    writer.end()
    return Conversation(
        system=_system(hoisted, ignored),
        messages=[message for _, message in writer.written],
        origins=tuple(at for at, _ in writer.written),
    )


def _is_system(message: Message) -> bool:
    return message.role == "system" or message.role == "developer"


def _system(hoisted: Sequence[tuple[int, SystemMessage]], ignored: Ignored) -> list[JsonObject]:
    texts = [text_of(message.content, f"messages.{at}.content") for at, message in hoisted]
    blocks = [
        block
        for at, message in hoisted
        for block in blocks_of(message.content, f"messages.{at}.content", ignored)
    ]
    if any("cache_control" in block for block in blocks):
        return blocks
    # Joined by one newline, as the hosted API's own layer does (OpenAI SDK compatibility).
    joined = "\n".join(text for text in texts if text.strip())
    return [{"type": "text", "text": joined}] if joined else []


class _Writer:
    """Writes the messages one by one; system messages wait until they may stand."""

    def __init__(self, ignored: Ignored) -> None:
        self.written: list[tuple[int, JsonObject]] = []
        self._ignored = ignored
        self._ids = CallIds()
        self._waiting: list[tuple[int, list[JsonObject]]] = []

    def add(self, at: int, message: Message) -> None:
        """Take the next message."""
        path = f"messages.{at}.content"
        match message.role:
            case "system" | "developer":
                text_of(message.content, path)
                blocks = blocks_of(message.content, path, self._ignored)
                if blocks:
                    self._waiting.append((at, blocks))
            case "user":
                self._write(at, "user", self._said(message, path))
            case "assistant":
                self._settle()
                blocks = self._answered(message, path)
                # An empty one says nothing, and the Messages API takes none.
                if blocks:
                    self._write(at, "assistant", blocks)
            case "tool":
                result = self._result(message.tool_call_id, message.content, path)
                self._write(at, "user", [result])
            case "function":
                result = self._result(f"call_{message.name}", message.content, path)
                self._write(at, "user", [result])

    def end(self) -> None:
        """Find a place for what still waits: nothing but the assistant's words came after it."""
        self._settle()
        last = max((at for at, each in self.written if each["role"] == "assistant"), default=-1)
        after = len(self.written)
        while after and self.written[after - 1][1]["role"] == "assistant":
            after -= 1
        early = [(at, blocks) for at, blocks in self._waiting if at < last]
        self.written[after:after] = [
            (at, {"role": "system", "content": blocks}) for at, blocks in early
        ]
        for at, blocks in self._waiting[len(early) :]:
            # The model is to answer it, so it comes from the user.
            self._write(at, "user", blocks)

    def _settle(self) -> None:
        """Let system messages follow the user's (``rules.system_messages``)."""
        if self._waiting and self.written and self.written[-1][1]["role"] != "assistant":
            for at, blocks in self._waiting:
                self._write(at, "system", blocks)
            self._waiting = []

    def _write(self, at: int, role: str, content: object) -> None:
        self.written.append((at, {"role": role, "content": content}))

    def _said(self, message: UserMessage, path: str) -> object:
        # Nothing said is left as it is: the rules have the words for that.
        return blocks_of(message.content, path, self._ignored) or text_of(message.content, path)

    def _answered(self, message: AssistantMessage, path: str) -> list[JsonObject]:
        self._ids.begin_turn()
        blocks = blocks_of(message.content or "", path, self._ignored)
        blocks += blocks_of(message.refusal or "", path, self._ignored)
        for call in message.tool_calls or ():
            blocks.append(self._call(call.id, call.function.name, call.function.arguments))
        if message.function_call is not None:
            name = message.function_call.name
            blocks.append(self._call(f"call_{name}", name, message.function_call.arguments))
        return blocks

    def _call(self, foreign_id: str, name: str, arguments: str) -> JsonObject:
        return {
            "type": "tool_use",
            "id": self._ids.call(foreign_id),
            "name": name,
            "input": _input(arguments),
        }

    def _result(
        self, foreign_id: str, content: Sequence[ContentPart] | str | None, path: str
    ) -> JsonObject:
        # What a tool gave may be blank; as a string it stays so.
        found = content if isinstance(content, str) else None
        return {
            "type": "tool_result",
            "tool_use_id": self._ids.result(foreign_id),
            "content": found or blocks_of(content or "", path, self._ignored),
        }


def _input(arguments: str) -> JsonObject:
    if not arguments.strip():
        return {}
    try:
        value = from_json(arguments, allow_inf_nan=False)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return cast("JsonObject", value)
    # What a model wrote and did not finish stays readable to it:
    # platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    return {"INVALID_JSON": arguments}
