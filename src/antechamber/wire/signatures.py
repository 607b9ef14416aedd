"""Signatures on what this server issues: made when a thinking block closes, verified on return.

A signature is base64 of ``marker | key id | nonce | mac | cargo``: the marker tells ours from
those of other services, the key id lets keys rotate, the nonce makes two equal thoughts differ, and
the mac is HMAC-SHA256 over kind, nonce, cargo and content. The cargo is what an engine wants to
have back with the block: the data of a redacted thought, or nothing. A signature binds the text,
not its place: an edited conversation may keep the blocks of its earlier turns.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

_MARKER = b"\x0aANTE\x01"
_MARKER_TEXT = base64.b64encode(_MARKER).decode("ascii")
"""How every signature of ours begins: six bytes are eight whole characters of base64."""
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_MAC_BYTES = 32
_HEAD_BYTES = len(_MARKER) + _KEY_ID_BYTES + _NONCE_BYTES
_LEAST_BYTES = _HEAD_BYTES + _MAC_BYTES

MakeNonce = Callable[[int], bytes]
"""Returns that many random bytes; ``secrets.token_bytes`` outside tests."""


class Verdict(Enum):
    """What a signature that came back turned out to be."""

    OURS = "ours"
    """Made by one of our keys over exactly this content."""
    ALTERED = "altered"
    """Made by one of our keys, but it or the content was changed or cut."""
    FOREIGN = "foreign"
    """Made elsewhere, by a key that is gone or another server's too; or not a signature at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One secret; ``id`` is 8 hexadecimal characters and public."""

    id: str
    secret: bytes = field(repr=False)


class Signer:
    """Signs with the first key and verifies with all of them."""

    def __init__(self, keys: Sequence[SigningKey], make_nonce: MakeNonce) -> None:
        if not keys:
            message = "a signer needs at least one key"
            raise ValueError(message)
        if any(len(bytes.fromhex(key.id)) != _KEY_ID_BYTES for key in keys):
            message = f"the id of a signing key is {_KEY_ID_BYTES * 2} hexadecimal characters"
            raise ValueError(message)
        self._current = keys[0]
        self._by_id = {bytes.fromhex(key.id): key for key in keys}
        self._make_nonce = make_nonce

    def sign(self, kind: str, content: str, cargo: bytes = b"") -> str:
        """Return a signature of ``content`` as a block of ``kind``; it carries ``cargo``."""
        nonce = self._make_nonce(_NONCE_BYTES)
        head = _MARKER + bytes.fromhex(self._current.id) + nonce
        mac = _mac(self._current, kind, content, nonce, cargo)
        return base64.b64encode(head + mac + cargo).decode("ascii")

    def verify(self, kind: str, content: str, signature: str) -> Verdict:
        """Tell whether ``signature`` is ours and fits ``content``; constant time over the mac."""
        if not signature.startswith(_MARKER_TEXT):
            return Verdict.FOREIGN
        raw = _decode(signature)
        if len(raw) < _LEAST_BYTES:
            return Verdict.ALTERED
        at = len(_MARKER)
        key = self._by_id.get(raw[at : at + _KEY_ID_BYTES])
        if key is None:
            return Verdict.FOREIGN
        nonce, mac = raw[at + _KEY_ID_BYTES : _HEAD_BYTES], raw[_HEAD_BYTES:_LEAST_BYTES]
        fits = hmac.compare_digest(_mac(key, kind, content, nonce, raw[_LEAST_BYTES:]), mac)
        return Verdict.OURS if fits else Verdict.ALTERED


def cargo_of(signature: str) -> bytes:
    """Return the cargo of a signature that has been verified; nothing where there is none."""
    if not signature.startswith(_MARKER_TEXT):
        return b""
    return _decode(signature)[_LEAST_BYTES:]


def _mac(key: SigningKey, kind: str, content: str, nonce: bytes, cargo: bytes) -> bytes:
    # The content comes last and no part before it holds a zero byte: no two make the same body.
    text = content.encode("utf-8", "surrogatepass")
    body = b"\x00".join((kind.encode(), nonce.hex().encode(), cargo.hex().encode(), text))
    return hmac.new(key.secret, body, hashlib.sha256).digest()


def _decode(signature: str) -> bytes:
    try:
        return base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return b""
