"""The other end of a conversation: one request through the official SDK, shown while it comes."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Protocol, cast

import httpx2
from anthropic import Anthropic, AnthropicError, NotFoundError, omit
from anthropic.lib.streaming import MessageStream, ParsedMessageStreamEvent
from anthropic.types import (
    Message,
    MessageParam,
    ServerToolUseBlock,
    ToolUnionParam,
    ToolUseBlock,
)

from antechamber.catalogue.facts import ThinkingFacts
from antechamber.cli.chat.conversation import Answer, Conversation, Tokens
from antechamber.cli.chat.thinking import thinking_parameter
from antechamber.cli.remote import failure_words

_FEW = 4


class NoAnswer(Exception):
    """The request failed, after the SDK's own repetitions; says how, and what to do about it."""


class Display(Protocol):
    """Where an answer appears."""

    def text(self, piece: str) -> None:
        """Show some more of the answer."""
        ...

    def thinking(self, piece: str) -> None:
        """Show some more of a thought."""
        ...

    def call(self, name: str, arguments: object) -> None:
        """Show that the model called a tool."""
        ...


class Correspondent:
    """Asks a server of the Messages API. ``thinking_of`` knows what a model's thinking accepts."""

    def __init__(
        self,
        client: Anthropic,
        thinking_of: Callable[[str], ThinkingFacts],
        *,
        has_key: bool = True,
    ) -> None:
        self._client = client
        self._has_key = has_key
        self._thinking_of = thinking_of

    def answer(self, conversation: Conversation, display: Display) -> Answer:
        """Send the conversation and show the answer; blocks until it is there.

        A KeyboardInterrupt once the answer has begun ends it with what has come; an earlier one
        is raised. Raises ``NoAnswer``.
        """
        system, facts = conversation.system, self._thinking_of(conversation.model)
        thinking = thinking_parameter(conversation.thinking, facts, conversation.max_tokens)
        try:
            with self._client.messages.stream(
                model=conversation.model,
                max_tokens=conversation.max_tokens,
                messages=cast("list[MessageParam]", _messages(conversation)),
                system=omit if system is None else system,
                thinking=omit if thinking is None else thinking,
                tools=cast("list[ToolUnionParam]", conversation.tools or None) or omit,
            ) as stream:
                return _read(stream, display)
        except (AnthropicError, httpx2.HTTPError) as error:
            raise NoAnswer(self._in_words(error, conversation.model)) from error
        except (ValueError, LookupError, RuntimeError) as error:
            # What the SDK raises for a stream that is none of the Messages API.
            raise NoAnswer(f"the answer cannot be read: {error}") from error

    def _in_words(self, error: Exception, model: str) -> str:
        words = failure_words(error, self._client, has_key=self._has_key)
        is_missing = isinstance(error, NotFoundError) and error.api_message is not None
        return words + self._served_instead_of(model) if is_missing else words

    def _served_instead_of(self, model: str) -> str:
        """Name a few models that the server has, the likeliest to be meant; none if it is there."""
        try:
            page = self._client.with_options(max_retries=0).models.list(limit=1000)
        except (AnthropicError, httpx2.HTTPError):
            return ""
        served = [each.id for each in page.data]
        if not served or model in served:
            return ""
        near = get_close_matches(model, served, n=_FEW, cutoff=0)
        return f"\nIt serves {', '.join(near)}{' and others' if len(served) > _FEW else ''}"


def _read(stream: "MessageStream[None]", display: Display) -> Answer:
    begun = False
    try:
        for event in stream:
            begun = True
            _show(event, display)
    except KeyboardInterrupt:
        if not begun:
            raise
        return _answer(stream.current_message_snapshot, stopped=True)
    if not begun:
        raise NoAnswer("the server sent no message; does it speak the Messages API?")
    message = stream.current_message_snapshot
    if message.stop_reason is None:
        raise NoAnswer("the answer broke off")
    return _answer(message, stopped=False)


def _show(event: "ParsedMessageStreamEvent[None]", display: Display) -> None:
    match event.type:
        case "text":
            display.text(event.text)
        case "thinking":
            display.thinking(event.thinking)
        case "content_block_stop":
            block = event.content_block
            if isinstance(block, ToolUseBlock | ServerToolUseBlock):
                display.call(block.name, block.input)
        case _:
            pass


def _answer(message: Message, *, stopped: bool) -> Answer:
    usage, details = message.usage, message.stop_details
    return Answer(
        content=tuple(block.to_dict(mode="json", warnings=False) for block in message.content),
        stop_reason=None if stopped else message.stop_reason,
        explanation=details.explanation if details else None,
        tokens=Tokens(
            model=message.model,
            input_tokens=usage.input_tokens,
            cache_read_input_tokens=usage.cache_read_input_tokens or 0,
            cache_creation_input_tokens=usage.cache_creation_input_tokens or 0,
            output_tokens=usage.output_tokens,
        ),
    )


def _messages(conversation: Conversation) -> list[dict[str, object]]:
    return [
        {"role": message.role, "content": list(message.content)}
        for message in conversation.messages
    ]
