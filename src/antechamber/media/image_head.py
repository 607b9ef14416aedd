"""What the header of an image says: its format, and how many pixels it has.

Pixels are never decoded, and of base64 only the few bytes that are asked for.
"""

import base64
import binascii
import struct
from collections.abc import Callable
from typing import NamedTuple

Read = Callable[[int, int], bytes]
"""Gives so many bytes from a place on; fewer, or none, where the file ends or is broken."""

_HEAD_BYTES = 30
"""Up to the size in a WebP, which of the four formats has it last, but for JPEG."""
_MOST_SEGMENTS = 100
"""Of a JPEG, before the one with its size. Cameras write up to twenty."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the segments that hold the size of a JPEG. Source: ITU-T T.81, table B.1."""
_START_OF_SCAN = 0xDA


class PixelSize(NamedTuple):
    """Pixels of an image, as they are stored: a camera's turn of it is not looked at."""

    width: int
    height: int


def reader_of_bytes(data: bytes) -> Read:
    """Return what reads ``data``."""
    return lambda start, count: data[start : start + count]


def reader_of_base64(text: str) -> Read:
    """Return what reads the bytes that stand behind base64."""

    def read(start: int, count: int) -> bytes:
        skipped = start % 3
        first_group, end_group = start // 3, -(-(start + count) // 3)
        try:
            piece = base64.b64decode(text[4 * first_group : 4 * end_group], validate=True)
        except (binascii.Error, ValueError):
            return b""
        return piece[skipped : skipped + count]

    return read


def media_type_of(read: Read) -> str | None:
    """Return which of the four formats it is that the API takes; None for anything else."""
    head = read(0, 12)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def image_size(read: Read) -> PixelSize | None:
    """Return how large the image is; None where its header is broken or of another format."""
    try:
        size = _size(read)
    except struct.error:  # it ends too early
        return None
    return size if size is not None and min(size) > 0 else None


def _size(read: Read) -> PixelSize | None:
    head = read(0, _HEAD_BYTES)
    match media_type_of(read):
        case "image/png" if head[12:16] == b"IHDR":
            return PixelSize(*struct.unpack_from(">II", head, 16))
        case "image/gif":
            return PixelSize(*struct.unpack_from("<HH", head, 6))
        case "image/webp":
            return _webp_size(head)
        case "image/jpeg":
            return _jpeg_size(read)
        case _:
            return None


def _webp_size(head: bytes) -> PixelSize | None:
    """Source: RFC 9649, and RFC 6386 for the frame of ``VP8``."""
    match head[12:16]:
        case b"VP8X":
            width, width_above, height, height_above = struct.unpack_from("<HBHB", head, 24)
            return PixelSize((width_above << 16) + width + 1, (height_above << 16) + height + 1)
        case b"VP8L" if head[20:21] == b"\x2f":
            (bits,) = struct.unpack_from("<I", head, 21)
            return PixelSize((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case b"VP8 " if head[23:26] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", head, 26)
            return PixelSize(width & 0x3FFF, height & 0x3FFF)
        case _:
            return None


def _jpeg_size(read: Read) -> PixelSize | None:
    """Go from segment to segment, over previews and profiles of any length."""
    place = 2
    for _ in range(_MOST_SEGMENTS):
        prefix, marker, length, _, height, width = struct.unpack(">BBHBHH", read(place, 9))
        if prefix != 0xFF or marker == _START_OF_SCAN:
            return None
        if marker in _FRAMES:
            return PixelSize(width, height)
        # Any number of 0xFF may stand before a marker.
        place += 1 if marker == 0xFF else 2 + length
    return None
