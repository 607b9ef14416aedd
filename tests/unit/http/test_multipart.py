"""Uploads as they come: whole, in pieces, broken, hostile."""

import random
import tracemalloc
from collections.abc import Sequence

import pytest

from antechamber.http.asgi import Message
from antechamber.http.bodies import ClientLeft, body_pieces
from antechamber.http.multipart import Upload, read_upload
from antechamber.wire.errors import CallerFault, InvalidRequest, RequestTooLarge
from tests.forms import FORM, mutated_form
from tests.unit.http.exchange import Client, scope

_DATA = b"\r\n--b0un\r\n--b0unX\r\nall of it\r\n"
_MALFORMED = "The request body is not valid multipart/form-data"


def _part(head: bytes, content: bytes = b"") -> bytes:
    return b"--b0unD\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


def _form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b0unD--\r\n"


def _file(content: bytes = b"data", more: bytes = b'; filename="a.txt"') -> bytes:
    return _part(b'Content-Disposition: form-data; name="file"' + more, content)


def _field(name: bytes, content: bytes = b"") -> bytes:
    return _part(b'Content-Disposition: form-data; name="%b"' % name, content)


async def _read(
    pieces: Sequence[bytes],
    *,
    most: int = 1024 * 1024,
    content_type: str = "multipart/form-data; boundary=b0unD",
    **headers: str,
) -> tuple[Upload, bytes]:
    taken = bytearray()

    async def take(data: bytes) -> None:
        taken.extend(data)

    head = scope("/v1/files", content_type=content_type, **headers)
    upload = await read_upload(head, Client(*pieces).receive, take, max_file_bytes=most)
    return upload, bytes(taken)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
async def test_a_form_is_the_same_in_whatever_pieces_it_comes(size: int) -> None:
    pieces = [FORM[at : at + size] for at in range(0, len(FORM), size)]

    upload, data = await _read(pieces)

    assert data == _DATA
    assert (upload.filename, upload.content_type) == ("café.txt", "text/plain")
    assert upload.fields == {"expires_in_seconds": "3600", "purpose": "user_data"}


async def test_a_file_needs_no_name_and_no_type() -> None:
    upload, data = await _read([_form(_file(b"", more=b""))])

    assert (upload.filename, upload.content_type, data) == (None, "", b"")


async def test_what_clients_escape_in_a_name_is_what_it_was() -> None:
    """HTML, "multipart/form-data": line feed, carriage return and quotation mark, and no more."""
    upload, _ = await _read([_form(_file(more=b'; filename="a%0A%0D%22b%09%0a%25.txt"'))])

    assert upload.filename == 'a\n\r"b%09%0a%25.txt'


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (
            b'; filename="=?utf-8?B?5pel5pys6KqeLnR4dA==?="; '
            b"filename*=utf-8''%E6%97%A5%E6%9C%AC%E8%AA%9E.txt",
            "日本語.txt",
        ),
        (b"; filename*=UTF-8'en'caf%C3%A9.txt", "café.txt"),
        (b"; FileName* = utf-8''a%20b%250A.txt; filename=c.txt", "a b%0A.txt"),
        (b"; filename*=iso-8859-1''caf%E9.txt; filename=cafe.txt", "cafe.txt"),
        (b"; filename=\"a; filename*=utf-8''b.txt\"", "a; filename*=utf-8''b.txt"),
        (b'; filename="a\\"; filename*=utf-8\'\'b.txt"', "a\"; filename*=utf-8''b.txt"),
    ],
    ids=[".NET", "alone", "first", "another-charset", "quoted", "quoted-with-a-mark"],
)
async def test_a_name_in_the_extended_form_is_the_name(told: bytes, name: str) -> None:
    upload, _ = await _read([_form(_file(more=told))])

    assert upload.filename == name


async def test_what_stands_after_the_form_is_left_alone() -> None:
    _, data = await _read([_form(_file()), b"anything"])

    assert data == b"data"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=b0unD",
        "multipart/form-data; boundary=" + "a" * 300,
    ],
)
async def test_only_a_form_with_a_boundary_is_read(content_type: str) -> None:
    with pytest.raises(InvalidRequest, match="content-type: Input should be 'multipart/form-data'"):
        await _read([FORM], content_type=content_type)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (b"", _MALFORMED),
        (b"{}", _MALFORMED),
        (FORM[:-4], _MALFORMED),
        (FORM[:100], _MALFORMED),
        (_part(b"content-type: text/plain"), _MALFORMED),
        (_part(b'content-disposition: attachment; name="file"'), _MALFORMED),
        (_part(b"content-disposition: form-data"), _MALFORMED),
        (_form(*[_field(b"a")] * 51), _MALFORMED),
        (_part(b"\r\n".join([b"a: b"] * 20)), _MALFORMED),
        (_part(b"a: " + b"b" * 10_000), _MALFORMED),
        (_form(_field(b"purpose")), "file: Field required"),
        (_form(_file(), _file()), "file: Input should be a single file"),
        (_form(_file(), _field(b"a", b"\xff")), "a: Input should be a valid string, unable to"),
        (_form(_file(more=b'; filename="\xff"')), "file.filename: Input should be a valid string"),
        (
            _form(_file(more=b"; filename=a; filename*=utf-8''%FF")),
            "file.filename: Input should be a valid string",
        ),
    ],
)
async def test_a_form_that_is_none_is_refused(form: bytes, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await _read([form])

    assert str(caught.value).startswith(message)


async def test_an_encoded_body_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="Unsupported content-encoding: gzip") as caught:
        await _read([FORM], content_encoding="gzip")

    assert caught.value.details == {"error_code": "request_body_encoding_unsupported"}
    await _read([FORM], content_encoding="identity")


async def test_a_file_may_be_as_large_as_the_limit_and_no_larger() -> None:
    _, data = await _read([_form(_file(b"a" * 1000))], most=1000)
    assert len(data) == 1000

    with pytest.raises(RequestTooLarge, match="Request exceeds the maximum size"):
        await _read([_form(_file(b"a" * 1001))], most=1000)


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    with pytest.raises(RequestTooLarge):
        await _read([], most=1000, content_length=str(1000 + 64 * 1024 + 1))


@pytest.mark.parametrize(
    "pieces",
    [
        [_field(b"a", b"a" * 70_000)],
        [_form(_file()), *[b"a" * 10_000] * 200],
        [b"\r\n" * 5000] * 200,
    ],
    ids=["fields", "after", "before"],
)
async def test_what_is_no_file_is_limited_too(pieces: list[bytes]) -> None:
    with pytest.raises(CallerFault):
        await _read(pieces)


async def test_an_upload_that_stalls_is_refused() -> None:
    client = Client(FORM[:200], whole=False)

    with pytest.raises(InvalidRequest) as caught:
        async for _ in body_pieces(client.receive, idle_s=0.01):
            pass

    assert caught.value.details == {"error_code": "request_body_timeout"}


async def test_a_client_that_leaves_ends_it() -> None:
    messages = iter(
        [
            {"type": "http.request", "body": FORM[:200], "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Message:
        return next(messages)

    async def take(data: bytes) -> None:
        pass

    head = scope("/v1/files", content_type="multipart/form-data; boundary=b0unD")
    with pytest.raises(ClientLeft):
        await read_upload(head, receive, take, max_file_bytes=1000)


async def test_a_large_file_is_never_in_memory_as_a_whole() -> None:
    pieces = [_file(b"")[:-2], *[bytes(64 * 1024)] * 1000, b"\r\n--b0unD--\r\n"]
    size = 0

    async def take(data: bytes) -> None:
        nonlocal size
        size += len(data)

    head = scope("/v1/files", content_type="multipart/form-data; boundary=b0unD")
    tracemalloc.start()
    try:
        await read_upload(head, Client(*pieces).receive, take, max_file_bytes=10**9)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size > 64_000_000
    assert peak < 1_000_000


async def test_a_mutated_form_is_read_or_refused() -> None:
    chance = random.Random(5)  # noqa: S311 - the same forms each time
    for _ in range(2000):
        form = mutated_form(chance)
        size = chance.choice([1, 5, 50, len(form)])
        pieces = [form[at : at + size] for at in range(0, len(form), size)]
        try:
            _, data = await _read(pieces)
        except CallerFault:
            continue
        assert len(data) <= len(form)
