"""Where a message of the role ``system`` may stand inside ``messages``.

Source: platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages; words:
anthropics/claude-code#73821 and third-party probes of October 2026.
"""

from antechamber.rules.reading import Reading
from antechamber.wire.blocks import (
    AdvisorToolResultBlock,
    BashCodeExecutionToolResultBlock,
    CodeExecutionToolResultBlock,
    MCPToolResultBlock,
    TextEditorCodeExecutionToolResultBlock,
    ToolSearchToolResultBlock,
    WebFetchToolResultBlock,
    WebSearchToolResultBlock,
)
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import Message

SERVER_TOOL_RESULTS = (
    AdvisorToolResultBlock,
    BashCodeExecutionToolResultBlock,
    CodeExecutionToolResultBlock,
    TextEditorCodeExecutionToolResultBlock,
    ToolSearchToolResultBlock,
    WebFetchToolResultBlock,
    WebSearchToolResultBlock,
)


def refuse_system_messages_where_the_model_does(reading: Reading) -> None:
    """Hosted: models before Opus 4.8, and Sonnet 5."""
    if reading.context.facts.supports.mid_conversation_system:
        return
    if any(message.role == "system" for message in reading.request.messages):
        # ianarawjo/ChainForge#271
        raise InvalidRequest(
            'messages: Unexpected role "system". The Messages API accepts a top-level `system` '
            'parameter, not "system" as an input message role.'
        )


def refuse_misplaced_system_messages(reading: Reading) -> None:
    """Several in a row are one section; one that only sets the effort may stand anywhere."""
    before: Message | None = None
    section = False
    for number, message in enumerate(reading.request.messages):
        if message.role != "system":
            if section and message.role != "assistant":
                raise InvalidRequest(
                    f"messages.{number - 1}: "
                    "role 'system' must precede an 'assistant' message or end the array"
                )
            before, section = message, False
        elif message.content:
            if not section:
                _refuse_wrong_predecessor(number, before)
            section = True
        elif message.output_config is None:
            raise InvalidRequest(
                f"messages.{number}: system content must contain at least one block"
            )


def _refuse_wrong_predecessor(number: int, before: Message | None) -> None:
    if before is None:
        raise InvalidRequest(
            f"messages.{number}: use the top-level `system` parameter for the initial system prompt"
        )
    if before.role == "user" or _ends_in_server_result(before):
        return
    raise InvalidRequest(
        f"messages.{number}: role 'system' must follow a 'user' message "
        "or an 'assistant' message ending in a server tool result"
    )


def _ends_in_server_result(message: Message) -> bool:
    last = message.content[-1] if message.content else None
    return isinstance(last, (*SERVER_TOOL_RESULTS, MCPToolResultBlock))
