"""A first guess at the tokens of a request, for limits: corrected when the true count is known."""

from collections.abc import Iterable

from antechamber.rules.cache_control import control_of
from antechamber.rules.reading import Prompt
from antechamber.wire.blocks import ToolResultBlock
from antechamber.wire.documents import Base64ImageSource, Base64PDFSource, DocumentBlock, ImageBlock

_BYTES_A_TOKEN = 4
"""Of English text and of JSON."""
_SMALL_BYTES = 16 * 1024
"""Below it there is hardly an image, and the guess is within the error of any."""
_IMAGE_TOKENS = 1_600
"""Of an image with the long edge to which most models shrink it."""
_PDF_BYTES_A_TOKEN = 40
"""Of a PDF in base64: what a page of 100 KB comes to."""


def guessed_input_tokens(request: Prompt, size_bytes: int) -> int:
    """Return about how many tokens the input has; ``size_bytes`` is that of the request's body."""
    text_bytes, others = size_bytes, 0
    if size_bytes > _SMALL_BYTES:
        for encoded_bytes, tokens in _media(request):
            text_bytes -= encoded_bytes
            others += tokens
    return max(1, text_bytes // _BYTES_A_TOKEN) + others


def has_breakpoints(request: Prompt) -> bool:
    """Return whether any of the input may be read from a cache, and then counts for no limit."""
    if request.cache_control is not None:
        return True
    for part in (*(request.tools or ()), *(request.system or ())):
        if part.cache_control is not None:
            return True
    # The latest blocks are the ones that are marked.
    for message in reversed(request.messages):
        for block in reversed(message.content or ()):
            if control_of(block) is not None:
                return True
    return False


def _media(request: Prompt) -> Iterable[tuple[int, int]]:
    """Yield, of each image and PDF in the request, its size in the body and its tokens."""
    for message in request.messages:
        for block in message.content or ():
            inner = block.content if isinstance(block, ToolResultBlock) else None
            for each in (block,) if inner is None else inner:
                if isinstance(each, ImageBlock) and isinstance(each.source, Base64ImageSource):
                    yield len(each.source.data), _IMAGE_TOKENS
                elif isinstance(each, DocumentBlock) and isinstance(each.source, Base64PDFSource):
                    yield len(each.source.data), len(each.source.data) // _PDF_BYTES_A_TOKEN
