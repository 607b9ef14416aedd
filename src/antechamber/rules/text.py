"""What text may be: never empty, never blank, and never with a blank end where it is continued."""

from antechamber.rules.reading import Reading
from antechamber.wire.blocks import DocumentBlock, SearchResultBlock, TextBlock
from antechamber.wire.documents import ContentBlockSource, PlainTextSource
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import AssistantMessage, MessageRequest


def refuse_breakpoints_on_empty_text(reading: Reading) -> None:
    """Comes before the emptiness itself, as on the hosted API."""
    for number, block in enumerate(reading.request.system or ()):
        if not block.text and block.cache_control is not None:
            raise InvalidRequest(
                f"system.{number}.text: cache_control cannot be set for empty text blocks"
            )
    for placed in reading.every(TextBlock):
        if not placed.block.text and placed.block.cache_control is not None:
            # anthropics/claude-code#50082
            raise InvalidRequest(
                f"{placed.path}.text: cache_control cannot be set for empty text blocks"
            )


def refuse_blank_text(reading: Reading) -> None:
    """Text of messages and of ``system``, and documents; what a tool gave may be empty."""
    for block in reading.request.system or ():
        _refuse_blank("system", block.text)
    for placed in reading.every(TextBlock):
        _refuse_blank("messages", placed.block.text)
    for placed in reading.every(DocumentBlock, SearchResultBlock):
        _refuse_empty_parts(placed.block)


def _refuse_empty_parts(block: DocumentBlock | SearchResultBlock) -> None:
    """A part may be blank, as a page may; a text that is the whole document may not."""
    source = block.source if block.type == "document" else block
    if isinstance(source, PlainTextSource):
        _refuse_blank("messages", source.data)
    elif isinstance(source, ContentBlockSource | SearchResultBlock):
        for part in source.content:
            if part.type == "text":
                _refuse_empty("messages", part.text)


def _refuse_empty(where: str, text: str) -> None:
    if not text:
        # anthropics/claude-code#59812
        raise InvalidRequest(f"{where}: text content blocks must be non-empty")


def _refuse_blank(where: str, text: str) -> None:
    _refuse_empty(where, text)
    if text.isspace():
        # anthropics/claude-code#23352
        raise InvalidRequest(f"{where}: text content blocks must contain non-whitespace text")


def refuse_a_blank_end_of_prefill(reading: Reading) -> None:
    """The model would have to continue from a token that it never begins with."""
    last = reading.request.messages[-1]
    if not isinstance(last, AssistantMessage) or not last.content:
        return
    block = last.content[-1]
    if isinstance(block, TextBlock) and block.text[-1:].isspace():
        # tailcallhq/forgecode#1872
        raise InvalidRequest(
            "messages: final assistant content cannot end with trailing whitespace"
        )


def refuse_blank_stop_sequences(request: MessageRequest) -> None:
    """Each has to hold something other than whitespace."""
    for sequence in request.stop_sequences or ():
        if not sequence.strip():
            # BerriAI/litellm#3286
            raise InvalidRequest("stop_sequences: each stop sequence must contain non-whitespace")
