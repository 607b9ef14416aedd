"""The messages of a request as chat messages, in their order and place."""

from collections.abc import Iterator, Mapping, Sequence

from antechamber.dialects.conversation import last_user, loop_start, system_texts
from antechamber.dialects.openai_chat.content import (
    Part,
    block_parts,
    content_of,
    parts_of,
    text_part,
)
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.tool_ids import upstream_ids, upstream_name
from antechamber.wire.blocks import ThinkingBlock, ToolResultBlock, ToolUseBlock
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import (
    AssistantMessage,
    CountTokensRequest,
    Message,
    MessageRequest,
    SystemMessage,
    UserMessage,
)

ChatMessage = dict[str, object]


def chat_messages(
    request: MessageRequest | CountTokensRequest,
    quirks: Quirks,
    *,
    addendum: str = "",
    keeps_thoughts: bool = False,
) -> list[ChatMessage]:
    """Turn ``request`` into chat messages; ``addendum`` goes to the end of the system prompt.

    Thoughts go back, where the host takes them, for the running tool loop, and for earlier turns
    only where it ``keeps_thoughts``.

    Raises ``InvalidRequest`` for content that the host cannot be shown.
    """
    said: list[ChatMessage] = []
    opening = "\n\n".join(text for text in ("\n".join(system_texts(request)), addendum) if text)
    if opening:
        said.append({"role": quirks.system_role, "content": opening})
    messages = list(request.messages)
    loop_began, last_asked = loop_start(messages), last_user(messages)
    ids = upstream_ids(_call_ids(messages), quirks)
    calls: dict[str, int] = {}
    for at, message in enumerate(messages):
        path = f"messages.{at}.content"
        match message:
            case UserMessage():
                said += _user(message, path, calls, ids, quirks)
            case AssistantMessage():
                _number_calls(message, calls)
                with_thoughts = keeps_thoughts or at > loop_began
                said.append(_assistant(message, path, ids, quirks, with_thoughts=with_thoughts))
            case SystemMessage():
                if at > last_asked or message.clear_at != "next_user_message":
                    said += _system(message, path, quirks)
    return joined_by_role(said)


def _system(message: SystemMessage, path: str, quirks: Quirks) -> list[ChatMessage]:
    text = content_of(parts_of(message.content or (), path, quirks))
    if not text:
        return []
    if quirks.late_system == "tell":
        return [{"role": "user", "content": f"<system>\n{text}\n</system>"}]
    return [{"role": quirks.system_role, "content": text}]


def _user(
    message: UserMessage,
    path: str,
    calls: Mapping[str, int],
    ids: Mapping[str, str],
    quirks: Quirks,
) -> list[ChatMessage]:
    """Return the results of calls, in the order of the calls, then what the user says."""
    results: list[tuple[int, list[ChatMessage]]] = []
    moved: list[Part] = []
    parts: list[Part] = []
    for index, block in enumerate(message.content):
        place = f"{path}.{index}"
        if isinstance(block, ToolResultBlock):
            told, images = _result(block, f"{place}.tool_result.content", ids, quirks)
            results.append((calls.get(block.tool_use_id, len(calls)), [told]))
            moved += images
        else:
            parts += block_parts(block, place, quirks)
    results.sort(key=lambda result: result[0])
    said = [told for _, messages in results for told in messages]
    if moved or parts or not said:
        said.append({"role": "user", "content": content_of([*moved, *parts])})
    return said


def _result(
    block: ToolResultBlock, path: str, ids: Mapping[str, str], quirks: Quirks
) -> tuple[ChatMessage, list[Part]]:
    """Return the message of the role ``tool``, and the parts that only a user may send."""
    # A result without content is a result all the same (maximhq/bifrost#6342).
    parts = parts_of(block.content or (), path, quirks)
    moved: list[Part] = []
    if not quirks.images_in_results:
        moved = [part for part in parts if part["type"] != "text"]
        parts = [part for part in parts if part["type"] == "text"]
    if block.is_error:
        parts.insert(0, text_part("Error:"))
    call_id = ids[block.tool_use_id]
    if moved:
        parts.append(text_part("(The user's next message shows what this returned.)"))
        moved.insert(0, text_part(f"What the call {call_id} returned:"))
    return {"role": "tool", "tool_call_id": call_id, "content": content_of(parts)}, moved


def _assistant(
    message: AssistantMessage,
    path: str,
    ids: Mapping[str, str],
    quirks: Quirks,
    *,
    with_thoughts: bool,
) -> ChatMessage:
    said: ChatMessage = {"role": "assistant"}
    parts: list[Part] = []
    thoughts: list[str] = []
    calls: list[dict[str, object]] = []
    for index, block in enumerate(message.content):
        match block:
            case ThinkingBlock(thinking=thought):
                thoughts.append(thought)
            case ToolUseBlock():
                calls.append(_call(block, ids, quirks))
            case _:
                parts += block_parts(block, f"{path}.{index}", quirks)
    # Citations cut the text of an answer into blocks in the middle of its sentences.
    said["content"] = content_of(parts, separator="")
    thought = "\n".join(text for text in thoughts if text)
    if with_thoughts and thought and quirks.thoughts_back is not None:
        said[quirks.thoughts_back] = thought
    if calls:
        said["tool_calls"] = calls
    return said


def _call(block: ToolUseBlock, ids: Mapping[str, str], quirks: Quirks) -> dict[str, object]:
    return {
        "id": ids[block.id],
        "type": "function",
        "function": {
            "name": upstream_name(block.name, quirks),
            "arguments": encode_json(block.input).decode(),
        },
    }


def _call_ids(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        for block in message.content or ():
            if isinstance(block, ToolUseBlock):
                yield block.id
            elif isinstance(block, ToolResultBlock):
                yield block.tool_use_id


def _number_calls(message: AssistantMessage, calls: dict[str, int]) -> None:
    for block in message.content:
        if isinstance(block, ToolUseBlock):
            calls.setdefault(block.id, len(calls))


def joined_by_role(said: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Join messages of user or assistant in a row: many templates want the two to alternate."""
    merged: list[ChatMessage] = []
    for message in said:
        before = merged[-1] if merged else {}
        alike = message["role"] == before.get("role") and message["role"] in ("user", "assistant")
        if alike and "tool_calls" not in before:
            merged[-1] = _joined(before, message)
        else:
            merged.append(message)
    return merged


def _joined(before: ChatMessage, message: ChatMessage) -> ChatMessage:
    parts = [*_as_parts(before["content"]), *_as_parts(message["content"])]
    separator = "" if message["role"] == "assistant" else "\n"
    return {**before, **message, "content": content_of(parts, separator)}


def _as_parts(content: object) -> list[Part]:
    if isinstance(content, str):
        return [text_part(content)] if content else []
    return content if isinstance(content, list) else []  # pyright: ignore[reportUnknownVariableType]
