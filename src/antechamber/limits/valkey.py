"""Buckets on Valkey or Redis, so that every process that shares it counts in the same ones.

Requests that come while others are being asked about go together, in one call of one script: the
server runs nothing else meanwhile, so each of them gets all that it takes, or nothing.

While the server is away nobody is kept waiting for it: each process then counts for itself.
"""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import resources

import msgspec
import structlog
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry as SyncRetry

from antechamber.limits.base import Bucket, Outcome, Take
from antechamber.limits.buckets import refused
from antechamber.limits.local import LocalKeeper
from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock
from antechamber.settings import ConfigurationError

_log = structlog.get_logger("antechamber.limits")
_PREFIX = "antechamber:limits:"
_TIMEOUT_S = 1.0
"""For one call. It takes a millisecond; what takes longer than this would be felt by clients."""
_REST_S = 2.0
"""So long nobody is asked after a failure; then one request tries."""
_SETTLING_S = 0.05
"""What is settled waits so long for a request to go with."""
_MOST_AT_ONCE = 200
"""Requests, and settlements, in one call. The server serves nobody else for that millisecond."""
_QUIET_S = 60.0
"""Between two lines of the log about the same failure."""

_Step = tuple[int, float, int] | tuple[int, float]
_Answer = list[float]
"""Whether the request was let in, what is used of each bucket, what it took of each."""


class _Asking(msgspec.Struct):
    takes: Sequence[Take]
    answer: "asyncio.Future[_Answer | None]"
    """None where the server is away."""


class ValkeyKeeper:
    """Keeps buckets on the server at ``url``; its clock is the one that counts."""

    def __init__(self, url: str, clock: Clock, background: Background) -> None:
        """``url`` may hold a password; nothing connects before the first request."""
        self._client = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - its options
            _known_to_client(url),
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            # Once more at once: a connection that idled may have been closed over there.
            retry=Retry(NoBackoff(), 1),
        )
        self._script = self._client.register_script(_script())
        self._clock = clock
        self._background = background
        self._alone = LocalKeeper(clock)
        self._asking: list[_Asking] = []
        self._settling: dict[Bucket, float] = {}
        self._is_sending = False
        self._is_settling_soon = False
        self._away_until: float | None = None
        """Set while the server does not answer."""
        self._told_at: float | None = None

    @property
    def is_shared(self) -> bool:
        """Whether the server answers."""
        return self._away_until is None

    async def take(self, takes: Sequence[Take]) -> Outcome:
        """Take from every bucket, or from none; waits a second at most."""
        if not self._may_ask():
            return await self._alone.take(takes)
        asking = _Asking(takes, asyncio.get_running_loop().create_future())
        self._asking.append(asking)
        self._start_sending()
        try:
            answer = await asking.answer
        except asyncio.CancelledError:
            if asking.answer.done() and not asking.answer.cancelled():
                # It left when the answer was there already.
                self._undo(takes, asking.answer.result())
            raise
        if answer is None:
            return await self._alone.take(takes)
        let_in, used, taken = _read(takes, answer)
        now = self._clock.monotonic()
        return Outcome(used, taken, now, self, None if let_in else refused(takes, used))

    def settle(self, bucket: Bucket, more: float) -> None:
        """Correct what was taken, soon and together with others."""
        if self._away_until is not None:
            self._settle_alone(bucket, more)
            return
        self._settling[bucket] = self._settling.get(bucket, 0.0) + more
        if not self._is_sending and not self._is_settling_soon:
            self._is_settling_soon = True
            self._background.spawn("settle-limits", self._settle_soon())

    async def aclose(self) -> None:
        """Send what has been settled, and close the connections."""
        while self._settling:
            await self._send_group()
        await self._client.aclose()

    def _may_ask(self) -> bool:
        if self._away_until is None:
            return True
        now = self._clock.monotonic()
        if now < self._away_until:
            return False
        # The others do not wait with the one that tries.
        self._away_until = now + _REST_S
        return True

    async def _settle_soon(self) -> None:
        await self._clock.sleep(_SETTLING_S)
        self._is_settling_soon = False
        self._start_sending()

    def _start_sending(self) -> None:
        if not self._is_sending:
            self._is_sending = True
            self._background.spawn("limits", self._send()).add_done_callback(self._sent)

    async def _send(self) -> None:
        while self._asking or self._settling:
            await self._send_group()

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._is_sending = False
        if task.cancelled():
            self._let_go()
        elif self._asking or self._settling:  # they came when it had just ended
            self._start_sending()

    async def _send_group(self) -> None:
        """Ask for those who wait, and settle; whatever happens, they are answered."""
        group, self._asking = self._asking[:_MOST_AT_ONCE], self._asking[_MOST_AT_ONCE:]
        settled = list(self._settling)[:_MOST_AT_ONCE]
        changes = {bucket: self._settling.pop(bucket) for bucket in settled}
        answers: Sequence[_Answer] | None = None
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                answers = await self._run(group, changes)
        except (RedisError, OSError, TimeoutError) as error:
            self._now_away(error, changes)
        else:
            self._now_there()
        finally:
            self._answer(group, answers)

    async def _run(
        self, group: Sequence[_Asking], changes: Mapping[Bucket, float]
    ) -> Sequence[_Answer]:
        requests: list[list[_Step]] = [
            [(take.bucket.per_minute, take.amount, take.least) for take in asking.takes]
            for asking in group
        ]
        keys = [_PREFIX + take.bucket.key for asking in group for take in asking.takes]
        if changes:
            # Before the requests: what others gave back may let one in.
            requests.insert(0, [(each.per_minute, more) for each, more in changes.items()])
            keys[:0] = [_PREFIX + bucket.key for bucket in changes]
        reply: bytes = await self._script(keys=keys, args=[msgspec.json.encode(requests)])
        answers = msgspec.json.decode(reply, type=list[_Answer])
        return answers[1:] if changes else answers

    def _now_away(self, error: Exception, changes: Mapping[Bucket, float]) -> None:
        now = self._clock.monotonic()
        self._away_until = now + _REST_S
        for bucket, more in (*changes.items(), *self._settling.items()):
            self._settle_alone(bucket, more)
        self._settling.clear()
        self._let_go()
        if self._told_at is None or now - self._told_at >= _QUIET_S:
            self._told_at = now
            _log.warning("limits_not_shared", reason=str(error) or type(error).__name__)

    def _settle_alone(self, bucket: Bucket, more: float) -> None:
        # What would go back was taken over there, not from this process's own buckets.
        if more > 0.0:
            self._alone.settle(bucket, more)

    def _let_go(self) -> None:
        self._answer(self._asking, None)
        self._asking = []

    def _now_there(self) -> None:
        if self._away_until is not None:
            self._away_until = None
            _log.info("limits_shared_again")

    def _answer(self, group: Sequence[_Asking], answers: Sequence[_Answer] | None) -> None:
        for index, asking in enumerate(group):
            answer = None if answers is None else answers[index]
            if not asking.answer.done():
                asking.answer.set_result(answer)
            else:  # its client has left
                self._undo(asking.takes, answer)

    def _undo(self, takes: Sequence[Take], answer: _Answer | None) -> None:
        if answer is not None:
            for take, taken in zip(takes, _read(takes, answer)[2], strict=True):
                if taken:
                    self.settle(take.bucket, -taken)


def check_valkey(url: str) -> None:
    """Raise ``ConfigurationError`` where buckets cannot be kept at ``url``; a few seconds at most.

    For the start of a server: what is wrong then stays wrong, and limits would not be shared.
    """
    client = SyncRedis.from_url(  # pyright: ignore[reportUnknownMemberType] - its options
        _known_to_client(url),
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        retry=SyncRetry(NoBackoff(), 0),
    )
    try:
        with client:
            # Takes one of a bucket that is full again at once: reading and writing are allowed.
            client.eval(_script(), 1, _PREFIX + "check", "[[[60000,1,1]]]")
    except (RedisError, OSError) as error:
        message = (
            f"redis_url: rate limits cannot be kept there: {str(error) or type(error).__name__}: "
            "correct it, or start Valkey or Redis, 5 or newer"
        )
        raise ConfigurationError(message) from error


def _script() -> str:
    return (resources.files("antechamber.limits") / "buckets.lua").read_text(encoding="utf-8")


def _known_to_client(url: str) -> str:
    # The client knows the older name alone.
    return url.replace("valkey", "redis", 1) if url.startswith("valkey") else url


def _read(takes: Sequence[Take], answer: _Answer) -> tuple[bool, _Answer, _Answer]:
    """Return whether the request was let in, what is used, and what was taken."""
    split = 1 + len(takes)
    return bool(answer[0]), answer[1:split], answer[split:]
