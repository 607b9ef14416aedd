"""Bodies that an upstream compresses although it was asked not to: decoded piece by piece."""

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import zstandard

from antechamber.outbound.errors import Undecodable

_MOST_DECODED = 256 * 1024
"""Bytes that are decoded at a time."""
_ZSTD_STEP = 64
"""Bytes that zstd is given at a time: it has no bound of its own, and makes 128 KB of each four."""
_ZLIB = zlib.MAX_WBITS
_GZIP = zlib.MAX_WBITS | 16
_RAW = -zlib.MAX_WBITS


class Decoder(Protocol):
    """Decodes one body."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` becomes, in bounded pieces; raises ``Undecodable``."""
        ...

    def end(self) -> None:
        """Say that nothing follows; raises ``Undecodable`` when something should."""
        ...


def decoder_of(encoding: str) -> Decoder | None:
    """Return how to read a body of this ``content-encoding``, None where it is as it is.

    Raises ``Undecodable`` for an encoding that is not known.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return _Inflating("gzip", _GZIP)
        case "deflate":
            return _Inflating("deflate", _ZLIB)
        case "zstd":
            return _Unzstd()
        case _:
            message = f"in an encoding that is not known: {encoding[:100]}"
            raise Undecodable(message)


class _Inflating:
    def __init__(self, encoding: str, wbits: int) -> None:
        self._encoding = encoding
        self._wbits = wbits
        self._within = zlib.decompressobj(wbits)
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not self._fed and data:
            self._fed = True
            # Some servers say "deflate" and leave the frame of zlib out, which begins with 8.
            if self._wbits == _ZLIB and data[0] & 0x0F != 8:
                self._wbits = _RAW
                self._within = zlib.decompressobj(_RAW)
        more = bool(data)
        while more:
            if self._within.eof:
                self._within = zlib.decompressobj(self._wbits)
            try:
                piece = self._within.decompress(data, _MOST_DECODED)
            except zlib.error as error:
                raise _broken(self._encoding) from error
            if piece:
                yield piece
            data = self._within.unused_data if self._within.eof else self._within.unconsumed_tail
            more = bool(data) or (len(piece) == _MOST_DECODED and not self._within.eof)

    def end(self) -> None:
        if self._fed and not self._within.eof:
            raise _broken(self._encoding)


class _Unzstd:
    def __init__(self) -> None:
        make: Callable[[], zstandard.ZstdDecompressionObj] = zstandard.ZstdDecompressor(
            max_window_size=2**27
        ).decompressobj
        self._make = make
        self._within = make()
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        at = 0
        while at < len(data):
            self._fed = True
            if self._within.eof:
                self._within = self._make()
            step = data[at : at + _ZSTD_STEP]
            try:
                piece = self._within.decompress(step)
            except zstandard.ZstdError as error:
                raise _broken("zstd") from error
            if piece:
                yield piece
            at += len(step) - len(self._within.unused_data)

    def end(self) -> None:
        if self._fed and not self._within.eof:
            raise _broken("zstd")


def _broken(encoding: str) -> Undecodable:
    return Undecodable(f"something that is not {encoding}, as it says")
