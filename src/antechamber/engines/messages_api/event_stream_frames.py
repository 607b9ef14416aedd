"""AWS's binary event stream, frame by frame: ``application/vnd.amazon.eventstream``.

Layout, all integers unsigned and big-endian: length of the frame, length of its headers, CRC-32 of
these eight bytes; headers; payload; CRC-32 of everything before it.

Source: smithy.io/2.0/aws/amazon-eventstream.html.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from antechamber.wire.errors import EngineFailed

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_SIZE = struct.Struct(">H")
_STRING = 7
_MOST_FRAME_BYTES = 24 * 1024 * 1024
"""The format's own limit of a payload is 24 MiB; Bedrock's chunks are below 2 MB."""
_FIXED_SIZES: Mapping[int, int] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a value by its type; 6 and 7 carry their size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame; of its headers those that are strings."""

    headers: Mapping[str, str]
    payload: bytes


class FrameReader:
    """Feed it bytes in any pieces; it gives whole frames whose checksums are right."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._rest = bytearray()

    @property
    def is_between_frames(self) -> bool:
        """Whether nothing of a frame is left over: a stream may end here and nowhere else."""
        return not self._rest

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Yield the frames that ``chunk`` completes; raises ``EngineFailed`` for broken ones."""
        self._rest += chunk
        while len(self._rest) >= _PRELUDE.size:
            size, headers_size = self._prelude()
            if len(self._rest) < size:
                return
            frame = bytes(self._rest[:size])
            del self._rest[:size]
            self._check(frame[: -_CRC.size], frame[-_CRC.size :])
            yield self._read(frame, _PRELUDE.size + headers_size)

    def _prelude(self) -> tuple[int, int]:
        prelude = bytes(self._rest[: _PRELUDE.size])
        size, headers_size, _ = _PRELUDE.unpack(prelude)
        self._check(prelude[: -_CRC.size], prelude[-_CRC.size :])
        if not _PRELUDE.size + headers_size + _CRC.size <= size <= _MOST_FRAME_BYTES:
            raise self._fault("a frame of an impossible size")
        return size, headers_size

    def _check(self, checked: bytes, crc: bytes) -> None:
        if zlib.crc32(checked) != _CRC.unpack(crc)[0]:
            raise self._fault("a frame whose checksum is wrong")

    def _read(self, frame: bytes, headers_end: int) -> Frame:
        headers: dict[str, str] = {}
        at = _PRELUDE.size
        try:
            while at < headers_end:
                name_end = at + 1 + frame[at]
                name = frame[at + 1 : name_end].decode()
                kind, at = frame[name_end], name_end + 1
                if (size := _FIXED_SIZES.get(kind)) is None:
                    size, at = _SIZE.unpack_from(frame, at)[0], at + _SIZE.size
                if kind == _STRING:
                    headers[name] = frame[at : at + size].decode()
                at += size
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise self._fault("headers that cannot be read") from error
        if at != headers_end:
            raise self._fault("headers that cannot be read")
        return Frame(headers=headers, payload=frame[headers_end : -_CRC.size])

    def _fault(self, what: str) -> EngineFailed:
        return EngineFailed(f"{self._upstream} sent {what}.")
