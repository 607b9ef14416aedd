"""A request that an upstream of the same API answers: passed on as it is, its usage recorded."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from antechamber.engines.base import RelayedAnswer, RelayEngine, RelayOrder
from antechamber.operations.attempts import Attempts
from antechamber.operations.call import Call
from antechamber.operations.relay_orders import Asked, order_of
from antechamber.operations.routing import Candidate
from antechamber.operations.services import Services
from antechamber.operations.turns import milliseconds
from antechamber.outbound.client import retry_after_s
from antechamber.turn.relay import RelayReader, is_error
from antechamber.wire.errors import (
    EngineFailed,
    EngineFault,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    Overloaded,
)

_log = structlog.get_logger("antechamber.turn")
_MOST_BYTES = 64 * 1024 * 1024
_PASSED_BACK = ("retry-after", "retry-after-ms")
_PASSED_BACK_PREFIX = "anthropic-ratelimit-"
_RETRIED: dict[int, type[EngineFault]] = {
    408: EngineTimedOut,
    409: EngineFailed,
    429: EngineRateLimited,
    504: EngineTimedOut,
    529: Overloaded,
}
"""Statuses below 500 that the SDKs repeat, and those above that have a meaning of their own."""
_OUR_FAULT = (401, 403, 404)
"""Our key, or our name for the model: another engine may do better."""
_CALLERS_FAULT = ("invalid_request_error", "request_too_large")
_MOST_ERROR_BYTES = 1024 * 1024
_SIGNS_OF_AN_ANSWER = (b"message_", b"content_block", b"error")


class OpenRelay:
    """An upstream's answer whose head, and of a stream the first event, has come."""

    def __init__(
        self,
        services: Services,
        call: Call,
        attempts: Attempts,
        trial: "_Trial",
        adjusted: Sequence[str],
    ) -> None:
        self._services = services
        self._call = call
        self._attempts = attempts
        self._trial = trial
        self._ending = "left"
        self.adjusted = adjusted
        """Names of the fields that were rewritten for the upstream's model."""

    @property
    def status(self) -> int:
        """The upstream's HTTP status."""
        return self._trial.answer.status

    @property
    def served_by(self) -> str:
        """Who answers: the engine and its name for the model."""
        return self._trial.candidate.served_by

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes back to the client of the upstream's headers, names in small letters."""
        told = self._trial.answer.headers
        passed = {
            name: value
            for name, value in told.items()
            if name in _PASSED_BACK or name.startswith(_PASSED_BACK_PREFIX)
        }
        if "request-id" in told:
            passed["antechamber-upstream-request-id"] = told["request-id"]
        return passed

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Yield whole server-sent events as they come.

        Raises ``EngineFault`` when the stream breaks off before its end.
        """
        reader = self._trial.reader
        try:
            yield self._trial.begun
            async for chunk in self._trial.chunks:
                if events := reader.feed(chunk):
                    yield events
            if events := reader.end():
                yield events
            if not reader.ended:
                message = f"{self._trial.candidate.engine.name} ended its answer unfinished."
                raise EngineFailed(message)
        except EngineFault as fault:
            self._note(fault)
            raise
        told_of = reader.error_type is not None and reader.error_type not in _CALLERS_FAULT
        self._note(EngineFailed("error in the stream") if told_of else None)

    async def read(self) -> bytes:
        """Return a whole answer; raises ``EngineFault`` when it breaks off."""
        pieces = [self._trial.begun]
        size = len(self._trial.begun)
        try:
            async for chunk in self._trial.chunks:
                size += len(chunk)
                if size > _MOST_BYTES:
                    message = f"{self._trial.candidate.engine.name} answered too much."
                    raise EngineFailed(message)
                pieces.append(chunk)
            body = self._whole(b"".join(pieces))
        except EngineFault as fault:
            self._note(fault)
            raise
        self._note(None)
        return body

    async def aclose(self) -> None:
        """Drop the connection, if the answer has not ended, and record how it went."""
        await self._trial.aclose()
        self._attempts.close()
        self._record()

    def _whole(self, body: bytes) -> bytes:
        if self.status >= 400:
            return body
        try:
            return self._trial.reader.feed_whole(body)
        except ValueError as error:
            message = f"{self._trial.candidate.engine.name} answered something that is not JSON."
            raise EngineFailed(message) from error

    def _note(self, fault: EngineFault | None) -> None:
        if fault is not None:
            self._ending = self._trial.reader.error_type or fault.type
            self._attempts.failed(fault)
            return
        self._ending = self._trial.reader.error_type or (
            "ended" if self.status < 400 else f"status {self.status}"
        )
        if self.status < 500 and self.status not in _RETRIED:
            self._attempts.succeeded()

    def _record(self) -> None:
        candidate, usage = self._trial.candidate, self._trial.reader.usage
        first_s = self._trial.first_at - self._call.started_at
        _log.info(
            "turn",
            request_id=self._call.request_id,
            model=candidate.facts.id,
            engine=candidate.engine.name,
            ending=self._ending,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_input_tokens=usage.cache_read_input_tokens,
            first_event_ms=milliseconds(first_s),
            total_ms=milliseconds(self._services.clock.monotonic() - self._call.started_at),
        )


@dataclass(slots=True, kw_only=True)
class _Trial:
    """One try of the relay, as far as it has come."""

    candidate: Candidate
    answer: RelayedAnswer
    chunks: AsyncGenerator[bytes, None]
    reader: RelayReader
    begun: bytes = b""
    """What has been read already: of a stream its first events."""
    first_at: float = 0.0
    is_answer: bool = True
    """False for what the client must not see: errors that are not the API's, redirections."""

    async def aclose(self) -> None:
        """Drop the connection, if the answer has not ended."""
        try:
            await self.chunks.aclose()
        finally:
            await self.answer.aclose()


async def relay(
    services: Services, asked: Asked, call: Call, attempts: Attempts, candidate: Candidate
) -> OpenRelay | Candidate:
    """Pass the request on to ``candidate``, or to the next one that relays.

    Returns the candidate whose turn it is where the next one takes turns itself. An answer that
    says no is returned as it is when nobody is left to ask. Raises ``EngineFault`` where there was
    none. Closes ``attempts`` when it fails.
    """
    try:
        while True:
            engine = candidate.relay
            if engine is None:
                return candidate
            order, adjusted = order_of(services, asked, call, candidate)
            try:
                trial = await _try(services, engine, order, candidate)
            except EngineFault as fault:
                candidate = await attempts.after(fault, request_id=call.request_id)
                continue
            fault = _fault_of(trial)
            if fault is not None:
                following = await _following(attempts, fault, trial, call)
                if following is not None:
                    candidate = following
                    continue
            changed = sorted({*adjusted, *trial.answer.dropped})
            return OpenRelay(services, call, attempts, trial, changed)
    except BaseException:
        attempts.close()
        raise


async def _following(
    attempts: Attempts, fault: EngineFault, trial: _Trial, call: Call
) -> Candidate | None:
    """Return who is next after a refusal; None when nobody is, and the refusal is the answer."""
    try:
        following = await attempts.after(fault, request_id=call.request_id)
    except EngineFault:
        if not trial.is_answer:
            await trial.aclose()
            raise
        return None
    except BaseException:
        await trial.aclose()
        raise
    await trial.aclose()
    return following


async def _try(
    services: Services, engine: RelayEngine, order: RelayOrder, candidate: Candidate
) -> _Trial:
    answer = await engine.relay(order)
    renamed = candidate.facts.id if candidate.facts.id != order.upstream_model else None
    reader = RelayReader(model=renamed)
    trial = _Trial(candidate=candidate, answer=answer, chunks=answer.chunks(), reader=reader)
    try:
        if answer.status >= 300:
            trial.begun = await _told(trial.chunks)
            trial.is_answer = answer.status >= 400 and is_error(trial.begun)
        elif order.streams:
            trial.begun = await _beginning(candidate.engine.name, answer, trial.chunks, reader)
    except BaseException:
        await trial.aclose()
        raise
    trial.first_at = services.clock.monotonic()
    return trial


async def _told(chunks: AsyncGenerator[bytes, None]) -> bytes:
    told = b""
    async for chunk in chunks:
        told += chunk
        if len(told) > _MOST_ERROR_BYTES:
            break
    return told


async def _beginning(
    name: str, answer: RelayedAnswer, chunks: AsyncGenerator[bytes, None], reader: RelayReader
) -> bytes:
    """Return the first events of a stream; raises ``EngineFailed`` when there is none."""
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        message = f"{name} answered with {kind or 'something'} instead of a stream."
        raise EngineFailed(message)
    begun = b""
    async for chunk in chunks:
        begun += reader.feed(chunk)
        # Comments and pings say that somebody is there, and nothing of the answer.
        if any(sign in begun for sign in _SIGNS_OF_AN_ANSWER):
            return begun
        if len(begun) > _MOST_ERROR_BYTES:
            break
    begun += reader.end()
    if reader.ended:
        return begun
    message = f"{name} answered nothing."
    raise EngineFailed(message)


def _fault_of(trial: _Trial) -> EngineFault | None:
    """Return what another try may mend: the SDKs' list, and an error as a stream's first event."""
    name, status = trial.candidate.engine.name, trial.answer.status
    told = trial.reader.error_type
    if told is not None and told not in _CALLERS_FAULT:
        return EngineFailed(f"{name} began its answer with {told}.")
    message = f"{name} answered with status {status}."
    if status in _RETRIED or status >= 500:
        return _RETRIED.get(status, EngineFailed)(
            message, retry_after_s=retry_after_s(trial.answer.headers)
        )
    if status in _OUR_FAULT or not trial.is_answer:
        return EngineRefusesUs(message)
    return None
