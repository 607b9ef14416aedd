"""A form with one file, read as it comes: the file goes on at once, the other fields are kept."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from antechamber.http.asgi import Receive, Scope, header
from antechamber.http.bodies import body_pieces
from antechamber.wire.errors import InvalidRequest, RequestTooLarge

Take = Callable[[bytes], Awaitable[None]]

_FILE = "file"
_FORM_BYTES = 64 * 1024
"""For everything of the form that is not the file's content: fields, heads, boundaries."""
_MOST_PARTS = 50
_ESCAPES = {b"%0A": b"\n", b"%0D": b"\r", b"%22": b'"'}
"""What clients write in a file's name that would end the line or the name.

Source: HTML, "multipart/form-data encoding algorithm".
"""
_QUOTED = re.compile(rb'"(?:\\.?|[^"\\])*(?:"|\Z)')
_EXTENDED_NAME = re.compile(rb";\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", re.IGNORECASE)
"""How .NET sends names beyond ASCII, beside ``filename`` in a form that nobody else reads.

Source: RFC 8187. RFC 7578 wants none of it in forms, so the parser of their heads leaves it out.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What came with a file."""

    filename: str | None
    content_type: str | None
    fields: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class _Part:
    """One part of the form, as its head tells of it."""

    name: str
    filename: str | None
    content_type: str | None
    text: bytearray = field(default_factory=bytearray)
    """Its content, unless it is the file."""


async def read_upload(scope: Scope, receive: Receive, take: Take, *, max_file_bytes: int) -> Upload:
    """Read a form with one file, whose bytes go to ``take``; returns the rest.

    Raises ``RequestTooLarge``; ``InvalidRequest`` for what is no such form, and when nothing comes
    for a while; ``ClientLeft``; and what ``take`` raises.
    """
    reader = _Reader(_boundary(scope))
    _refuse_encoded(scope)
    declared = header(scope, b"content-length")
    most_bytes = max_file_bytes + _FORM_BYTES
    if declared is not None and declared.isdigit() and int(declared) > most_bytes:
        raise _too_large()
    size = file_size = 0
    async with aclosing(body_pieces(receive)) as pieces:
        async for piece in pieces:
            size += len(piece)
            if size > most_bytes:
                raise _too_large()
            for data in reader.file_bytes_in(piece):
                file_size += len(data)
                if file_size > max_file_bytes:
                    raise _too_large()
                await take(data)
    return reader.upload()


class _Reader:
    """Takes a form apart; whatever comes, it holds no more than the fields beside the file."""

    def __init__(self, boundary: bytes) -> None:
        self._parts: list[_Part] = []
        self._is_whole = False
        self._head: dict[str, bytes] = {}
        self._name, self._value = bytearray(), bytearray()
        self._found: list[bytes] = []
        self._text_bytes = 0
        self._parser = self._make_parser(boundary)

    def file_bytes_in(self, piece: bytes) -> list[bytes]:
        """Return what ``piece`` has of the file; raises ``InvalidRequest``."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _malformed() from error
        found, self._found = self._found, []
        return found

    def upload(self) -> Upload:
        """Return what came beside the bytes; raises ``InvalidRequest``."""
        if not self._is_whole:
            raise _malformed()
        files = [part for part in self._parts if part.name == _FILE]
        if not files:
            message = "file: Field required"
            raise InvalidRequest(message)
        return Upload(
            filename=files[0].filename,
            content_type=files[0].content_type,
            fields={
                part.name: _decoded(bytes(part.text), part.name)
                for part in self._parts
                if part.name != _FILE
            },
        )

    def _make_parser(self, boundary: bytes) -> MultipartParser:
        # It would tell what is in a form that it cannot read.
        logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
        try:
            return MultipartParser(
                boundary,
                {
                    "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_part,
                    "on_part_data": self._take,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _no_form() from error

    def _end_header(self) -> None:
        self._head[self._name.decode("latin-1").lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _begin_part(self) -> None:
        head, self._head = self._head, {}
        disposition, options = parse_options_header(head.get("content-disposition"))
        name = options.get(b"name")
        if disposition != b"form-data" or name is None or len(self._parts) == _MOST_PARTS:
            raise _malformed()
        part = _Part(
            name=_decoded(name, "name"),
            filename=_file_name(head["content-disposition"], options.get(b"filename")),
            content_type=head.get("content-type", b"").decode("latin-1"),
        )
        if part.name == _FILE and any(each.name == _FILE for each in self._parts):
            message = "file: Input should be a single file"
            raise InvalidRequest(message)
        self._parts.append(part)

    def _take(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        if part.name == _FILE:
            self._found.append(data[start:end])
            return
        self._text_bytes += end - start
        if self._text_bytes > _FORM_BYTES:
            raise _too_large()
        part.text += data[start:end]

    def _end(self) -> None:
        self._is_whole = True


def _boundary(scope: Scope) -> bytes:
    kind, options = parse_options_header(header(scope, b"content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise _no_form()
    return options[b"boundary"]


def _refuse_encoded(scope: Scope) -> None:
    encoding = (header(scope, b"content-encoding") or "identity").strip().lower()
    if encoding != "identity":
        message = f"Unsupported content-encoding: {encoding}"
        raise InvalidRequest(message, details={"error_code": "request_body_encoding_unsupported"})


def _file_name(disposition: bytes, told: bytes | None) -> str | None:
    # Not what stands in a quoted value: that may look like anything.
    if extended := _EXTENDED_NAME.search(_QUOTED.sub(b"", disposition)):
        return _decoded(unquote_to_bytes(extended[1]), "file.filename")
    if told is None:
        return None
    for escape, character in _ESCAPES.items():
        told = told.replace(escape, character)
    return _decoded(told, "file.filename")


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        message = (
            f"{name}: Input should be a valid string, unable to parse raw data as a unicode string"
        )
        raise InvalidRequest(message) from error


def _no_form() -> InvalidRequest:
    return InvalidRequest("content-type: Input should be 'multipart/form-data' with a boundary")


def _malformed() -> InvalidRequest:
    return InvalidRequest("The request body is not valid multipart/form-data")


def _too_large() -> RequestTooLarge:
    return RequestTooLarge("Request exceeds the maximum size")
