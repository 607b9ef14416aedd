"""The order among equals: by weight, and the same for the same conversation.

Rendezvous hashing: each member gets a score from the key and its own name, and the highest goes
first. A member that is added or leaves moves only the conversations that it gets or had.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

Member = TypeVar("Member")

_HASH_BITS = 52
"""As many as a float holds below one half more: a share is never 0 and never 1."""


def in_order(members: Sequence[tuple[str, float, Member]], key: str) -> list[Member]:
    """Return the members of ``(name, weight, member)`` as ``key`` prefers them.

    Over many keys each is first as often as its weight says; weights are greater than zero.
    """
    ranked = sorted(members, key=lambda each: _score(key, each[0], each[1]), reverse=True)
    return [member for _, _, member in ranked]


def _score(key: str, name: str, weight: float) -> float:
    digest = hashlib.blake2b(f"{key}\x00{name}".encode(errors="replace"), digest_size=8).digest()
    share = ((int.from_bytes(digest, "big") >> (64 - _HASH_BITS)) + 0.5) / 2.0**_HASH_BITS
    return -weight / math.log(share)
