import asyncio
import gzip

import pytest
import zstandard

from antechamber.http.asgi import Message
from antechamber.http.bodies import read_body
from antechamber.wire.errors import InvalidRequest, RequestTooLarge
from tests.unit.http.exchange import Client, scope

_LIMIT = 4 * 1024 * 1024
_TEXT = bytes(range(256)) * 40


async def _read(body: bytes, encoding: str) -> bytes:
    return await read_body(scope(content_encoding=encoding), Client(body).receive, max_bytes=_LIMIT)


@pytest.mark.parametrize("pieces", [(), (b'{"model"',)])
async def test_a_body_that_stalls_is_refused(pieces: tuple[bytes, ...]) -> None:
    client = Client(*pieces, whole=False)

    with pytest.raises(InvalidRequest) as caught:
        await read_body(scope(), client.receive, max_bytes=_LIMIT, idle_s=0.01)

    assert caught.value.details == {"error_code": "request_body_timeout"}


async def test_a_read_that_is_cancelled_from_outside_is_no_stall() -> None:
    reading = asyncio.create_task(read_body(scope(), Client(whole=False).receive, max_bytes=_LIMIT))
    await asyncio.sleep(0)

    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_a_body_that_is_waited_for_comes_whole() -> None:
    pieces: asyncio.Queue[bytes] = asyncio.Queue()

    async def receive() -> Message:
        first, more = await pieces.get(), await pieces.get()
        return {"type": "http.request", "body": first + more, "more_body": bool(more)}

    reading = asyncio.create_task(read_body(scope(), receive, max_bytes=_LIMIT))
    for piece in (b"one ", b"two ", b"three", b""):
        await asyncio.sleep(0)
        pieces.put_nowait(piece)

    assert await reading == b"one two three"


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)]
)
class TestPacked:
    async def test_frames_after_each_other_are_one_body(self, encoding, pack) -> None:
        assert await _read(pack(_TEXT) + pack(b"") + pack(b"end"), encoding) == _TEXT + b"end"

    async def test_a_body_cut_anywhere_is_refused(self, encoding, pack) -> None:
        packed = pack(b"one") + pack(b"two")
        ends = (0, len(pack(b"one")), len(packed))

        for end in range(len(packed) + 1):
            if end in ends[1:]:
                assert await _read(packed[:end], encoding)
            else:
                with pytest.raises(InvalidRequest):
                    await _read(packed[:end], encoding)

    async def test_what_follows_the_last_frame_has_to_be_a_frame(self, encoding, pack) -> None:
        with pytest.raises(InvalidRequest):
            await _read(pack(_TEXT) + b"more", encoding)

    async def test_thousands_of_frames_are_refused(self, encoding, pack) -> None:
        with pytest.raises(InvalidRequest):
            await _read(pack(b"") * 5000, encoding)

    async def test_frames_are_too_large_together(self, encoding, pack) -> None:
        with pytest.raises(RequestTooLarge):
            await _read(pack(bytes(_LIMIT // 2)) * 3, encoding)


@pytest.mark.parametrize("unit", [b"[],", b"{},", b"1,", b"[[[", b'"",', b'"\\",",'])
async def test_a_body_of_millions_of_values_is_too_large(unit: bytes) -> None:
    body = unit * (3_000_000 // len(unit) + 700_000)

    with pytest.raises(RequestTooLarge):
        await read_body(scope(), Client(body).receive, max_bytes=32 * 1024 * 1024)


async def test_a_long_text_is_not_many_values() -> None:
    row = rb"1,2,[3],{4},\"5,\" "
    body = b'{"text":"' + row * 1_000_000 + b'"}'

    assert await read_body(scope(), Client(body).receive, max_bytes=len(body)) == body
