"""Tells a client why the prompt cache could not be read: what changed since an earlier message.

Source: platform.claude.com/docs/en/build-with-claude/cache-diagnostics.
"""

from hashlib import blake2b

import msgspec

from antechamber.operations.answering.call import Call
from antechamber.rules.cache_fingerprint import CacheFingerprint, cache_miss
from antechamber.store.cache_entries import CacheEntries, CacheEntry
from antechamber.wire.responses import (
    CacheMissPreviousMessageNotFound,
    CacheMissReason,
    CacheMissUnavailable,
)

_LIVES_S = 3600
"""By then nothing of the cache is left either."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CacheFingerprint)


class CacheDiagnosis:
    """Remembers requests by the id of their message, each workspace's apart."""

    def __init__(self, entries: CacheEntries) -> None:
        self._entries = entries

    async def compare(
        self, fingerprint: CacheFingerprint, call: Call, previous_message_id: str
    ) -> CacheMissReason | None:
        """Return why the prefix of the named message's request is of no use, None if it is."""
        found = await self._entries.read([_key(call, previous_message_id)])
        if found is None:
            return CacheMissUnavailable()
        if (value := found[0]) is None:
            return CacheMissPreviousMessageNotFound()
        return cache_miss(_decoder.decode(value), fingerprint)

    async def remember(
        self, fingerprint: CacheFingerprint, call: Call, message_id: str, *, input_tokens: int
    ) -> None:
        """Keep what the request of ``message_id`` was, ``input_tokens`` in all."""
        value = _encoder.encode(fingerprint.to_remember(input_tokens=input_tokens))
        await self._entries.write([CacheEntry(_key(call, message_id), value, _LIVES_S)])


def _key(call: Call, message_id: str) -> bytes:
    caller = call.caller
    names = "\0".join((caller.organization_id, caller.workspace_id, message_id))
    # The id may be any text of the client's.
    return blake2b(names.encode("utf-8", "replace"), digest_size=32, person=b"message").digest()
