"""What the account of prompt caching keeps for a while, in a Valkey or Redis that servers share.

What cannot be read was never there, and what cannot be written is lost: a cache is no reason to
refuse a request, nor to keep it waiting.
"""

from collections.abc import Sequence
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from antechamber.runtime.clock import Clock
from antechamber.store.cache_entries import CacheEntry

_PREFIX = b"antechamber:cache:1:"
"""The number goes up with another form of the values: servers may be of two versions."""
_TIMEOUT_S = 0.25
"""It takes a millisecond; a client waits no longer than this for what only saves it money."""
_REST_S = 2.0
"""So long it is not asked after a failure."""
_log = structlog.get_logger("antechamber.cache")


class SharedCacheEntries:
    """Entries on the server at ``url``, which forgets them by itself."""

    def __init__(self, url: str, clock: Clock) -> None:
        """``url`` may hold a password; nothing connects before the first request."""
        self._client = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - its options
            # The client knows the older name alone.
            url.replace("valkey", "redis", 1) if url.startswith("valkey") else url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            # Once more at once: a connection that idled may have been closed over there.
            retry=Retry(NoBackoff(), 1),
        )
        self._clock = clock
        self._away_until: float | None = None
        """Set while the server does not answer."""

    async def read(self, keys: Sequence[bytes]) -> Sequence[bytes | None] | None:
        """Return the value of each key, None where there is none; None where none can be read."""
        if self._rests():
            return None
        try:
            found = await self._client.mget([_PREFIX + key for key in keys])
        except (RedisError, OSError) as error:
            self._failed(error)
            return None
        self._away_until = None
        return cast("list[bytes | None]", found)

    async def write(self, entries: Sequence[CacheEntry]) -> None:
        """Keep ``entries``, in the place of what is under their keys."""
        if not entries or self._rests():
            return
        async with self._client.pipeline(transaction=False) as pipeline:
            for entry in entries:
                lives_ms = max(1, round(entry.lives_s * 1000))
                pipeline.set(_PREFIX + entry.key, entry.value, px=lives_ms)
            try:
                await pipeline.execute()
            except (RedisError, OSError) as error:
                self._failed(error)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _rests(self) -> bool:
        return self._away_until is not None and self._clock.monotonic() < self._away_until

    def _failed(self, error: Exception) -> None:
        if self._away_until is None:
            _log.warning("cache_is_away", reason=type(error).__name__)
        self._away_until = self._clock.monotonic() + _REST_S
