"""Bodies that come encoded although they were asked for as they are."""

import gzip
import zlib
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from antechamber.outbound.decoding import decoder_of
from antechamber.outbound.errors import Undecodable
from antechamber.wire.errors import EngineFailed
from tests.unit.outbound.serving import NAME, body_of, saying, serving


def _raw(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(data) + made.flush()


ENCODED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    " Deflate ": _raw,
    "zstd": zstandard.ZstdCompressor().compress,
}


def decoded(encoding: str, pieces: list[bytes]) -> bytes:
    decoder = decoder_of(encoding)
    assert decoder is not None
    made = b"".join(piece for data in pieces for piece in decoder.feed(data))
    decoder.end()
    return made


@given(
    st.sampled_from(sorted(ENCODED)),
    st.one_of(st.binary(), st.binary(min_size=1).map(lambda some: some * 5_000)),
    st.lists(st.integers(0, 10_000), max_size=6),
)
def test_every_encoding_is_undone_however_it_is_cut(
    encoding: str, data: bytes, places: list[int]
) -> None:
    body = ENCODED[encoding](data)
    at = sorted({0, len(body), *(place % (len(body) + 1) for place in places)})

    assert decoded(encoding, [body[start:end] for start, end in pairwise(at)]) == data


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_frames_after_each_other_are_one_body(encoding: str) -> None:
    body = ENCODED[encoding](b"one ") + ENCODED[encoding](b"two")

    assert decoded(encoding, [body]) == b"one two"
    assert decoded(encoding, [body[at : at + 1] for at in range(len(body))]) == b"one two"


@pytest.mark.parametrize("encoding", sorted(ENCODED))
def test_a_body_that_is_cut_short_or_is_something_else_is_noticed(encoding: str) -> None:
    body = ENCODED[encoding](bytes(range(256)) * 10)

    for broken in ([body[:-5]], [b"\x08\xff not at all" * 10]):
        with pytest.raises(Undecodable, match="as it says"):
            decoded(encoding, broken)


@pytest.mark.parametrize("encoding", sorted(ENCODED))
def test_what_is_decoded_comes_in_bounded_pieces(encoding: str) -> None:
    decoder = decoder_of(encoding)
    assert decoder is not None

    sizes = [len(piece) for piece in decoder.feed(ENCODED[encoding](bytes(50_000_000)))]

    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 4 * 1024 * 1024


@pytest.mark.parametrize("encoding", ["", "identity", "IDENTITY"])
def test_what_is_as_it_is_needs_no_decoder(encoding: str) -> None:
    assert decoder_of(encoding) is None


@pytest.mark.parametrize("encoding", sorted(ENCODED))
async def test_an_encoded_answer_is_read(encoding: str) -> None:
    body = ENCODED[encoding](b"hello")
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding.strip()}\r\n".encode()

    async with serving(saying(head, b"content-length: %d\r\n\r\n" % len(body), body)) as played:
        client = played.client()
        assert await body_of(client) == b"hello"
        await client.aclose()


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("br", f"^{NAME} answered in an encoding that is not known: br\\.$"),
        ("gzip, gzip", "not known: gzip, gzip"),
        ("gzip", f"^{NAME} answered something that is not gzip, as it says\\.$"),
    ],
)
async def test_an_answer_that_cannot_be_decoded_is_not_read_as_something_else(
    encoding: str, message: str
) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\n".encode()

    async with serving(saying(head, b"content-length: 5\r\n\r\nhello")) as played:
        client = played.client()
        with pytest.raises(EngineFailed, match=message):
            await body_of(client)
        await client.aclose()
