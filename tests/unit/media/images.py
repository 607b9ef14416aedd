"""Headers of images, written byte by byte: enough of each format to say how large it is."""

import base64
import struct


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + struct.pack(">II", width, height) + bytes(9)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(25)


def jpeg(width: int, height: int, *before: bytes, frame: int = 0xC0) -> bytes:
    """Return one whose frame comes after the segments ``before``."""
    size = struct.pack(">HBHH", 17, 8, height, width)
    return b"\xff\xd8" + b"".join(before) + bytes([0xFF, frame]) + size + bytes(20)


def segment(marker: int, length: int) -> bytes:
    """Return a segment of a JPEG with so many bytes in it."""
    return bytes([0xFF, marker]) + struct.pack(">H", length + 2) + bytes(length)


def webp(kind: bytes, data: bytes) -> bytes:
    body = b"WEBP" + kind + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(9))


def lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", bits) + bytes(9))


def extended(width: int, height: int) -> bytes:
    sides = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    return webp(b"VP8X", b"\x10\x00\x00\x00" + sides)


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
