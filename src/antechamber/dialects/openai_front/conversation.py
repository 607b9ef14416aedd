"""The messages of a request: one for each of the format's, system messages where they may stand.

Each comes with its place in the request, so that errors can name the client's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from pydantic_core import from_json

from antechamber.dialects.openai_front.call_ids import CallIds
from antechamber.dialects.openai_front.ignored import Ignored
from antechamber.dialects.openai_front.parts import blocks_of, text_of
from antechamber.dialects.openai_front.places import Place, Placed
from antechamber.dialects.openai_front.shapes import (
    AssistantMessage,
    ContentPart,
    FunctionCall,
    Message,
    SystemMessage,
    UserMessage,
)
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import JsonObject

_MESSAGE = {"role": "role", "content": "content"}
_CALL = {"id": "id", "name": "function.name", "input": "function.arguments"}
_FUNCTION_CALL = {"name": "name", "input": "arguments"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """``system`` as blocks, ``messages``, and where each of both was in the request."""

    system: list[Placed]
    messages: list[JsonObject]
    places: tuple[Place, ...]


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
        messages=[message.block for message in writer.written],
        places=tuple(message.place for message in writer.written),
    )


def _is_system(message: Message) -> bool:
    return message.role == "system" or message.role == "developer"


def _system(hoisted: Sequence[tuple[int, SystemMessage]], ignored: Ignored) -> list[Placed]:
    texts = [text_of(message.content, f"messages.{at}.content") for at, message in hoisted]
    blocks = [
        block
        for at, message in hoisted
        for block in blocks_of(message.content, f"messages.{at}.content", ignored)
    ]
    if any("cache_control" in placed.block for placed in blocks):
        return blocks
    # Joined by one newline, as the hosted API's own layer does (OpenAI SDK compatibility).
    joined = "\n".join(text for text in texts if text.strip())
    block: JsonObject = {"type": "text", "text": joined}
    return [Placed(block=block, place=Place(path="messages"))] if joined else []


class _Writer:
    """Writes the messages one by one; system messages wait until they may stand."""

    def __init__(self, ignored: Ignored) -> None:
        self.written: list[Placed] = []
        self._ignored = ignored
        self._ids = CallIds()
        self._last_answer = -1
        """Where the last message of the assistant was that has been written."""
        self._waiting: list[tuple[int, list[Placed]]] = []

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
                self.written.append(self._said(at, message, path))
            case "assistant":
                self._settle()
                blocks = self._answered(at, message)
                # An empty one says nothing, and the Messages API takes none.
                if blocks:
                    self._last_answer = at
                    self._write(at, "assistant", blocks)
            case "tool":
                self._result(at, message.tool_call_id, message.content, "tool_call_id")
            case "function":
                self._result(at, f"call_{message.name}", message.content, "name")

    def end(self) -> None:
        """Find a place for what still waits: nothing but the assistant's words came after it."""
        self._settle()
        last, after = self._last_answer, len(self.written)
        while after and self.written[after - 1].block["role"] == "assistant":
            after -= 1
        early = [(at, blocks) for at, blocks in self._waiting if at < last]
        self.written[after:after] = [_message(at, "system", blocks) for at, blocks in early]
        for at, blocks in self._waiting[len(early) :]:
            # The model is to answer it, so it comes from the user.
            self._write(at, "user", blocks)

    def _settle(self) -> None:
        """Let system messages follow the user's (``rules.system_messages``)."""
        if self._waiting and self.written and self.written[-1].block["role"] != "assistant":
            for at, blocks in self._waiting:
                self._write(at, "system", blocks)
            self._waiting = []

    def _write(self, at: int, role: str, blocks: Sequence[Placed]) -> None:
        self.written.append(_message(at, role, blocks))

    def _said(self, at: int, message: UserMessage, path: str) -> Placed:
        blocks = blocks_of(message.content, path, self._ignored)
        if blocks:
            return _message(at, "user", blocks)
        # Nothing said is left as it is: the rules have the words for that.
        said: JsonObject = {"role": "user", "content": text_of(message.content, path)}
        return Placed(block=said, place=Place(path=f"messages.{at}", fields=_MESSAGE))

    def _answered(self, at: int, message: AssistantMessage) -> list[Placed]:
        self._ids.begin_turn()
        path = f"messages.{at}"
        blocks = blocks_of(message.content or "", f"{path}.content", self._ignored)
        blocks += blocks_of(message.refusal or "", f"{path}.refusal", self._ignored)
        for number, call in enumerate(message.tool_calls or ()):
            place = Place(path=f"{path}.tool_calls.{number}", fields=_CALL)
            blocks.append(self._call(call.id, call.function, place))
        if message.function_call is not None:
            place = Place(path=f"{path}.function_call", fields=_FUNCTION_CALL)
            name = f"call_{message.function_call.name}"
            blocks.append(self._call(name, message.function_call, place))
        return blocks

    def _call(self, foreign_id: str, called: FunctionCall, place: Place) -> Placed:
        block: JsonObject = {
            "type": "tool_use",
            "id": self._ids.call(foreign_id),
            "name": called.name,
            "input": _input(called.arguments),
        }
        return Placed(block=block, place=place)

    def _result(
        self,
        at: int,
        foreign_id: str,
        content: Sequence[ContentPart] | str | None,
        id_field: str,
    ) -> None:
        path = f"messages.{at}"
        blocks = blocks_of(content or "", f"{path}.content", self._ignored)
        # What a tool gave may be blank; as a string it stays so.
        found = content if isinstance(content, str) else None
        block: JsonObject = {
            "type": "tool_result",
            "tool_use_id": self._ids.result(foreign_id),
            "content": found or [placed.block for placed in blocks],
        }
        inside = tuple(placed.place for placed in blocks)
        fields = {"tool_use_id": id_field, "content": "content"}
        place = Place(path=path, fields=fields, inside=inside)
        self._write(at, "user", [Placed(block=block, place=place)])


def _message(at: int, role: str, blocks: Sequence[Placed]) -> Placed:
    inside = tuple(placed.place for placed in blocks)
    place = Place(path=f"messages.{at}", fields=_MESSAGE, inside=inside)
    content = [placed.block for placed in blocks]
    return Placed(block={"role": role, "content": content}, place=place)


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
