"""Base64 of large things, beside the event loop."""

import asyncio
import base64

_LARGE_BYTES = 256 * 1024


def base64_size(data: bytes) -> int:
    """Return how long ``data`` is as base64."""
    return -(-len(data) // 3) * 4


async def encoded(data: bytes) -> str:
    """Return ``data`` as base64."""
    if len(data) < _LARGE_BYTES:
        return base64.b64encode(data).decode("ascii")
    return (await asyncio.to_thread(base64.b64encode, data)).decode("ascii")


async def decoded(text: str) -> bytes:
    """Return what ``text`` is the base64 of; raises ``ValueError``."""
    if len(text) < _LARGE_BYTES:
        return base64.b64decode(text, validate=True)
    return await asyncio.to_thread(base64.b64decode, text, validate=True)
