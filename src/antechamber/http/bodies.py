"""A request's body: read once, bounded while it comes in, decoded where it is compressed."""

import zlib

import zstandard

from antechamber.http.asgi import Receive, Scope, header
from antechamber.wire.errors import InvalidRequest, RequestTooLarge

_PIECE = 1024 * 1024


class ClientLeft(Exception):
    """The connection closed before there was an answer."""


async def read_body(scope: Scope, receive: Receive, *, max_bytes: int) -> bytes:
    """Return the body, decoded.

    Raises ``RequestTooLarge`` above ``max_bytes``, before and after decoding; ``InvalidRequest``
    for an encoding that is not known or does not fit; ``ClientLeft``.
    """
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > max_bytes:
        raise _too_large()
    body = await _receive_all(receive, max_bytes)
    encoding = (header(scope, b"content-encoding") or "identity").strip().lower()
    match encoding:
        case "identity" | "":
            return body
        case "gzip" | "x-gzip":
            return _gunzip(body, max_bytes)
        case "zstd":
            return _unzstd(body, max_bytes)
        case _:
            message = f"Unsupported content-encoding: {encoding}"
            details = {"error_code": "request_body_encoding_unsupported"}
            raise InvalidRequest(message, details=details)


async def _receive_all(receive: Receive, max_bytes: int) -> bytes:
    first = await receive()
    if first["type"] == "http.disconnect":
        raise ClientLeft
    if not first.get("more_body", False):
        # The usual case: one message, and no copy.
        return _bounded(first.get("body", b""), max_bytes)
    parts, size = [first.get("body", b"")], len(first.get("body", b""))
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > max_bytes:
            raise _too_large()
        more = message.get("more_body", False)
    return b"".join(parts)


def _bounded(body: bytes, max_bytes: int) -> bytes:
    if len(body) > max_bytes:
        raise _too_large()
    return body


def _too_large() -> RequestTooLarge:
    return RequestTooLarge("Request exceeds the maximum size")


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        decoded = reader.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise _misencoded("gzip") from error
    if len(decoded) > max_bytes:
        raise _too_large_decoded()
    if not reader.eof:
        raise _misencoded("gzip")
    return decoded


def _unzstd(body: bytes, max_bytes: int) -> bytes:
    decoded = bytearray()
    try:
        with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(body) as reader:
            while piece := reader.read(_PIECE):
                decoded += piece
                if len(decoded) > max_bytes:
                    raise _too_large_decoded()
    except zstandard.ZstdError as error:
        raise _misencoded("zstd") from error
    return bytes(decoded)


def _too_large_decoded() -> RequestTooLarge:
    return RequestTooLarge(
        "Request exceeds the maximum size",
        details={"error_code": "request_body_too_large_after_decoding"},
    )


def _misencoded(encoding: str) -> InvalidRequest:
    return InvalidRequest(
        f"The request body is not valid {encoding}",
        details={"error_code": "request_body_encoding_invalid"},
    )
