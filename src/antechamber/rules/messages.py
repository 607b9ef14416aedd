"""Which messages a conversation may be made of: who begins, what is empty, what stands where."""

from collections.abc import Mapping

from antechamber.rules.reading import Placed, Reading
from antechamber.wire.blocks import (
    ContentBlock,
    DocumentBlock,
    ServerToolUseBlock,
    TextBlock,
)
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import AssistantMessage

_CLOSED_DOCUMENTS = "2026-10-21"


def refuse_a_first_message_that_is_not_the_users(reading: Reading) -> None:
    """``system`` messages are looked at elsewhere."""
    for message in reading.request.messages:
        if message.role == "assistant":
            # langbot-app/LangBot#867
            raise InvalidRequest('messages: first message must use the "user" role')
        if message.role == "user":
            return


def refuse_empty_messages(reading: Reading) -> None:
    """The last one may be empty when it is the assistant's."""
    messages = reading.request.messages
    last = len(messages) - 1
    for number, message in enumerate(messages):
        if message.role == "system" or message.content:
            continue
        if number < last or message.role == "user":
            # anthropics/claude-code#6774
            raise InvalidRequest(
                f"messages.{number}: all messages must have non-empty content "
                "except for the optional final assistant message"
            )


# Hosted API, August 2025 to October 2026: the words for thinking and for the others differ.
_ONLY_BY_ASSISTANT: Mapping[str, str] = {
    "tool_use": "`tool_use` blocks can only be in `assistant` messages",
    "server_tool_use": "`server_tool_use` blocks can only be in `assistant` messages",
    "mcp_tool_use": "`mcp_tool_use` blocks can only be in `assistant` messages",
}
_THINKING = ("thinking", "redacted_thinking")
_BY_EITHER = ("text", "tool_result", "image", "document", "search_result")


def refuse_blocks_of_the_other_role(reading: Reading) -> None:
    """Calls and thoughts are the assistant's, results of the client's tools the user's."""
    for turn in reading.turns:
        for placed in turn.blocks:
            if turn.role == "assistant":
                if placed.block.type == "tool_result":
                    raise InvalidRequest(
                        f"messages.{placed.message}: "
                        "`tool_result` blocks can only be in `user` messages"
                    )
            elif placed.block.type not in _BY_EITHER:
                _refuse_what_only_the_assistant_says(placed)


def _refuse_what_only_the_assistant_says(placed: Placed[ContentBlock]) -> None:
    if placed.block.type in _THINKING:
        raise InvalidRequest(
            f"messages.{placed.message}.content: "
            "thinking blocks may only be in `assistant` messages"
        )
    fault = _ONLY_BY_ASSISTANT.get(placed.block.type)
    if fault is not None:
        raise InvalidRequest(f"messages.{placed.message}: {fault}")


# platform.claude.com/docs/en/api/migration-2026-10-21; the words are ours, after those for the
# blocks that belong to one role.
def refuse_what_version_2026_10_21_closed(reading: Reading) -> None:
    """Documents in assistant messages, and citations on the text of user messages."""
    if reading.context.version != _CLOSED_DOCUMENTS:
        return
    for turn in reading.turns:
        for placed in turn.blocks:
            match placed.block:
                case DocumentBlock() if turn.role == "assistant":
                    raise InvalidRequest(
                        f"messages.{placed.message}: "
                        "`document` blocks can only be in `user` messages"
                    )
                case TextBlock(citations=[_, *_]) if turn.role == "user":
                    raise InvalidRequest(
                        f"{placed.path}.text.citations: "
                        "citations may only be in `assistant` messages"
                    )
                case _:
                    pass


def ends_in_prefill(reading: Reading) -> bool:
    """Whether the answer is to go on from what the last message, the assistant's, begins."""
    last = reading.request.messages[-1]
    if not isinstance(last, AssistantMessage) or not last.content:
        return False
    # A paused turn is sent back as it was and goes on; that is no prefill.
    return not isinstance(last.content[-1], ServerToolUseBlock)


def refuse_prefill_where_the_model_does(reading: Reading) -> None:
    """Hosted: Opus and Sonnet 4.6 and everything later."""
    if reading.context.facts.refuses.prefill and ends_in_prefill(reading):
        # platform.claude.com/docs/en/api/errors
        raise InvalidRequest(
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
