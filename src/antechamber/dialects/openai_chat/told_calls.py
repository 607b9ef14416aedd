"""Tools for models whose chat template knows none: told, called and answered in text.

The form is the one of ``raw_prompt``, which most open models have seen in training.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

from antechamber.dialects.openai_chat.content import Part, content_of, text_part
from antechamber.dialects.openai_chat.messages import ChatMessage, joined_by_role
from antechamber.dialects.raw_prompt.tools import (
    CALL_CLOSE,
    CALL_OPEN,
    RESULT_CLOSE,
    RESULT_OPEN,
)

Told = tuple[Literal["text", "call"], str]


def with_calls_in_text(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return ``messages`` with calls and results in the text of user and assistant."""
    return joined_by_role([_as_text(message) for message in messages])


def _as_text(message: ChatMessage) -> ChatMessage:
    if message["role"] == "tool":
        content = [
            text_part(RESULT_OPEN),
            *_parts(message["content"]),
            text_part(RESULT_CLOSE),
        ]
        return {"role": "user", "content": content_of(content)}
    calls = cast("Sequence[dict[str, Any]]", message.get("tool_calls") or ())
    if not calls:
        return message
    parts = [*_parts(message["content"]), *(text_part(_call_text(call)) for call in calls)]
    kept = {name: value for name, value in message.items() if name != "tool_calls"}
    return {**kept, "content": content_of(parts)}


def _parts(content: object) -> list[Part]:
    if isinstance(content, str):
        return [text_part(content)] if content else []
    return cast("list[Part]", content)


def _call_text(call: dict[str, Any]) -> str:
    function = call["function"]
    name = json.dumps(function["name"], ensure_ascii=False)  # noqa: TID251 - text for a prompt
    return f'{CALL_OPEN}\n{{"name": {name}, "arguments": {function["arguments"]}}}\n{CALL_CLOSE}'


class InlineCalls:
    """Splits a text into what is said and the JSON of calls; marks may come in pieces."""

    def __init__(self) -> None:
        self._held: str = ""
        self._calling = False

    def split(self, text: str) -> Iterator[Told]:
        """Yield what is decided now that ``text`` has come."""
        self._held += text
        while True:
            mark = CALL_CLOSE if self._calling else CALL_OPEN
            before, found, after = self._held.partition(mark)
            if not found:
                break
            if before:
                yield ("call" if self._calling else "text"), before
            self._held, self._calling = after, not self._calling
        if not self._calling:
            keep = _begun(self._held, CALL_OPEN)
            shown = self._held[: len(self._held) - keep]
            self._held = self._held[len(self._held) - keep :]
            if shown:
                yield "text", shown

    def rest(self) -> Iterator[Told]:
        """Yield what was held back: no more text comes."""
        held, self._held = self._held, ""
        if held.strip():
            yield ("call" if self._calling else "text"), held


def _begun(text: str, mark: str) -> int:
    """Return how many characters at the end may be the beginning of ``mark``."""
    lengths = range(min(len(mark) - 1, len(text)), 0, -1)
    return next((length for length in lengths if mark.startswith(text[-length:])), 0)
