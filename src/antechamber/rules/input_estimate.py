"""A first guess at the tokens of a request, for limits: corrected when the true count is known."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from antechamber.catalogue.facts import ImageTier
from antechamber.media.image_fit import image_tokens
from antechamber.media.image_head import image_size, reader_of_base64
from antechamber.rules.reading import Prompt
from antechamber.wire.blocks import ContentBlock, TextBlock, ToolResultContentBlock
from antechamber.wire.documents import DocumentBlock, ImageBlock

_BYTES_A_TOKEN = 4
"""Of English text and of JSON."""
_SMALL_BYTES = 16 * 1024
"""Below it there is hardly an image, and the guess is within the error of any."""
_IMAGE_TOKENS = 1_600
"""Of an image whose size cannot be read: about the most that older models see of one."""
_PDF_BYTES_A_TOKEN = 40
"""Of a PDF in base64: what a page of 100 KB comes to."""


class Guess(NamedTuple):
    """Tokens of an input, about."""

    tokens: int
    is_rough: bool = False
    """It may be several times too many: the pages of a PDF are not known before they are read."""


def guessed_input_tokens(request: Prompt, size_bytes: int, images: ImageTier) -> Guess:
    """Return about how many tokens the input has; ``size_bytes`` is that of the request's body.

    Of each image some hundred bytes are read, however large it is.
    """
    if size_bytes <= _SMALL_BYTES:
        return Guess(max(1, size_bytes // _BYTES_A_TOKEN))
    text_bytes, others, is_rough = size_bytes, 0, False
    for message in request.messages:
        content = message.content or ()
        # What was cited is not read again when the answer is sent back.
        text_bytes -= sum(
            len(citation.cited_text)
            for block in content
            if block.type == "text"
            for citation in block.citations or ()
        )
        for block in _shown(content):
            encoded_bytes, tokens = _weight(block, images)
            text_bytes -= encoded_bytes
            others += tokens
            is_rough |= block.type == "document" and tokens > 0
    return Guess(max(1, text_bytes // _BYTES_A_TOKEN) + others, is_rough)


def _shown(
    blocks: Iterable[ContentBlock | ToolResultContentBlock | TextBlock],
) -> Iterator[ImageBlock | DocumentBlock]:
    """Yield images and documents, those inside results and documents too."""
    for block in blocks:
        # By the tag: isinstance with a pydantic class is slow wherever the answer is no.
        if block.type == "image":
            yield block
        elif block.type == "tool_result":
            yield from _shown(block.content or ())
        elif block.type == "document":
            yield block
            if block.source.type == "content":
                yield from _shown(block.source.content)


def _weight(block: ImageBlock | DocumentBlock, images: ImageTier) -> tuple[int, int]:
    """Return what of the body is no text, and the tokens that it stands for."""
    source = block.source
    if source.type != "base64":
        return 0, 0
    if source.media_type == "application/pdf":
        return len(source.data), len(source.data) // _PDF_BYTES_A_TOKEN
    size = image_size(reader_of_base64(source.data))
    return len(source.data), _IMAGE_TOKENS if size is None else image_tokens(size, images)
