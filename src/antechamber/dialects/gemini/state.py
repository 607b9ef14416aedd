"""Gemini's thought signatures on their way through a conversation: as cargo of our own.

Gemini signs single parts and wants the signatures back on the same parts; a client of ours keeps
thinking blocks and nothing else that is opaque. So the signatures of a turn ride in the signature
of a thinking block beside their parts. Source: ai.google.dev/gemini-api/docs/thought-signatures.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from antechamber.wire.encoding import encode_json

Place = Literal["thought", "before", "text", "call"]
"""Where a signature belongs, seen from its block: to the thought itself, to the text before it, to
the text after it, or to the call after it."""


class Signed(msgspec.Struct, array_like=True, frozen=True):
    """One signature, as Gemini writes it, and the part that it was on."""

    place: Place
    signature: str


class _Cargo(msgspec.Struct, frozen=True):
    v: Literal[1]
    gemini: str
    """The model that made them: another one does not take them."""
    parts: tuple[Signed, ...]


def cargo_with(signed: Sequence[Signed], *, model: str) -> bytes:
    """Return the cargo that brings ``signed`` back; nothing for none."""
    if not signed:
        return b""
    return encode_json(_Cargo(v=1, gemini=model, parts=tuple(signed)))


def signed_in(cargo: bytes, *, model: str) -> tuple[Signed, ...]:
    """Return the signatures in ``cargo``; none where it is not of ``model``."""
    try:
        read = msgspec.json.decode(cargo, type=_Cargo)
    except msgspec.MsgspecError:
        return ()
    return read.parts if read.gemini == model else ()
