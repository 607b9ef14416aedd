"""Encodes AWS's binary event stream, written from the format's description."""

import base64
import struct
import zlib
from collections.abc import Mapping

from antechamber.wire.encoding import encode_json

MESSAGE_STOP = bytes.fromhex(
    "000000870000004b87ea2bf30b3a6576"
    "656e742d747970650700056368756e6b"
    "0d3a636f6e74656e742d747970650700"
    "106170706c69636174696f6e2f6a736f"
    "6e0d3a6d6573736167652d7479706507"
    "00056576656e747b226279746573223a"
    "2265794a306558426c496a6f69625756"
    "7a6332466e5a56397a64473977496e30"
    "3d227dba48ab22"
)
"""The event ``{"type":"message_stop"}``; botocore 1.44.5 reads it."""
THROTTLING = bytes.fromhex(
    "000000b2000000613590d5d30f3a6578"
    "63657074696f6e2d7479706507001374"
    "68726f74746c696e6745786365707469"
    "6f6e0d3a636f6e74656e742d74797065"
    "0700106170706c69636174696f6e2f6a"
    "736f6e0d3a6d6573736167652d747970"
    "65070009657863657074696f6e7b226d"
    "657373616765223a22546f6f206d616e"
    "792072657175657374732c20706c6561"
    "73652077616974206265666f72652074"
    "7279696e6720616761696e2e227de8ff"
    "b26a"
)
"""The exception ``throttlingException`` after a stream began; botocore 1.44.5 reads it."""


def header(name: str, value: str) -> bytes:
    text = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text


def frame(headers: bytes, payload: bytes) -> bytes:
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    whole = prelude + headers + payload
    return whole + struct.pack(">I", zlib.crc32(whole))


def event(text: bytes, *, padding: str = "abcdef") -> bytes:
    """Return the frame of one event of the Messages API, padded as Bedrock pads it."""
    payload = encode_json({"bytes": base64.b64encode(text).decode(), "p": padding})
    kind = header(":event-type", "chunk") + header(":content-type", "application/json")
    return frame(kind + header(":message-type", "event"), payload)


def exception(name: str, told: Mapping[str, object]) -> bytes:
    kind = header(":exception-type", name) + header(":content-type", "application/json")
    return frame(kind + header(":message-type", "exception"), encode_json(told))
