"""A request that an upstream of the same API answers: passed on as it is, its usage recorded."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

from antechamber.engines.base import RelayedAnswer, RelayEngine, RelayOrder
from antechamber.operations.answering.account import Account
from antechamber.operations.answering.attempts import Attempts
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.relay_orders import Asked, order_of
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services
from antechamber.operations.bookkeeping.records import Counts
from antechamber.outbound.client import retry_after_s
from antechamber.turn.relay import Beginning, RelayReader, is_error
from antechamber.turn.sent_files import SentFiles
from antechamber.turn.sse import UNNAMED
from antechamber.wire.errors import (
    CallerFault,
    EngineFailed,
    EngineFault,
    EngineRefusesUs,
    InvalidRequest,
    NotFound,
    RequestTooLarge,
)
from antechamber.wire.responses import ServiceTier
from antechamber.wire.upstream_faults import (
    FAULTS_BY_TYPE,
    PASSING_BY_STATUS,
    REFUSALS_BY_STATUS,
)

_MOST_BYTES = 64 * 1024 * 1024
_VERSION_WITH_DONE = "2023-01-01"
"""Of the API: its streams end with a sign of their own behind ``message_stop``."""
_SHOULD_RETRY = "x-should-retry"
_PASSED_BACK = ("retry-after", "retry-after-ms", _SHOULD_RETRY)
_SPEND_LIMIT = b"spend_limit_reached"
"""In the code of a 429 that is of money: no pause helps."""
_PASSED_BACK_PREFIX = "anthropic-ratelimit-"
_RETRIED: Mapping[int, type[EngineFault]] = {**PASSING_BY_STATUS, 409: EngineFailed}
"""Statuses below 500 that the SDKs repeat, and those above that have a meaning of their own."""
_CANNOT_COUNT = (404, 405, 501)
"""Of a gateway that has no such path, which says nothing of its messages."""
_CALLERS: dict[int, type[CallerFault]] = {
    400: InvalidRequest,
    413: RequestTooLarge,
    422: InvalidRequest,
}
"""Of a front end that answers with a page of its own."""
_CALLERS_FAULT = ("invalid_request_error", "request_too_large")
_MOST_BYTES_BEFORE = 1024 * 1024
"""Of a stream before its answer begins."""
_TIERS: dict[str | None, ServiceTier] = {tier: tier for tier in get_args(ServiceTier)}
_LAST_CHUNK_S = 0.2
"""How long the end of a body may follow the end of its stream, for the connection to be kept."""


class OpenRelay:
    """An upstream's answer whose head, and of a stream the first event, has come."""

    def __init__(
        self,
        account: Account,
        attempts: Attempts,
        trial: "_Trial",
        adjusted: Sequence[str],
    ) -> None:
        self._account = account
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
        passed = {name: told[name] for name in _PASSED_BACK if name in told}
        if not self._account.is_limited:
            # Where we have limits of our own it is they that stand in every answer.
            limits = (name for name in told if name.startswith(_PASSED_BACK_PREFIX))
            passed.update({name: told[name] for name in limits})
        if self.status == 429 and _SPEND_LIMIT not in self._trial.begun:
            # Clients that find none come back at once, and again.
            passed.setdefault("retry-after", "1")
        named = told.get("request-id") or told.get("x-amzn-requestid")
        if named is not None:
            passed["antechamber-upstream-request-id"] = named
        return passed

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Yield whole server-sent events as they come.

        Raises ``EngineFault`` when the stream breaks off before its end.
        """
        reader = self._trial.reader
        try:
            yield self._trial.begun
            if not reader.ended:
                async for chunk in self._trial.chunks:
                    if events := reader.feed(chunk):
                        yield events
                        if reader.ended:
                            break
                else:
                    if events := reader.end():
                        yield events
            if not reader.ended:
                message = f"{self._trial.candidate.engine.name} ended its answer unfinished."
                raise EngineFailed(message)
        except EngineFault as fault:
            self._note(fault)
            raise
        self._note(_fault_told(self._trial))
        if reader.stopped and self._account.call.version == _VERSION_WITH_DONE:
            yield UNNAMED.done
        await self._see_out()

    def read(self) -> bytes:
        """Return a whole answer, or a refusal."""
        self._note(None)
        return self._trial.begun

    async def aclose(self) -> None:
        """Drop the connection, if the answer has not ended, and record how it went."""
        await self._trial.aclose()
        self._attempts.close()
        self._record()
        await self._account.settled()

    async def _see_out(self) -> None:
        """Wait a moment for the end of the body, whatever comes until then.

        The stream is over, and no ping may go out behind its end.
        """
        within_s = min(_LAST_CHUNK_S, self._account.services.settings.server.ping_s / 2)
        with suppress(EngineFault, TimeoutError):
            async with asyncio.timeout(within_s):
                async for _ in self._trial.chunks:
                    pass

    def _note(self, fault: EngineFault | None) -> None:
        ended = "ended" if self.status < 400 else f"status {self.status}"
        if fault is None:
            self._ending = self._trial.reader.error_type or ended
            self._attempts.succeeded()
        else:
            self._ending = self._trial.reader.error_type or fault.type
            self._attempts.failed(fault)

    def _record(self) -> None:
        if self.status < 400:
            self._account.first_at = self._trial.first_at
        usage = self._trial.reader.usage
        written_5m, written_1h = usage.cache_writes
        details, used = usage.output_tokens_details, usage.server_tool_use
        counts = Counts(
            input_tokens=usage.input_tokens or 0,
            cache_write_5m_tokens=written_5m,
            cache_write_1h_tokens=written_1h,
            cache_read_tokens=usage.cache_read_input_tokens or 0,
            output_tokens=usage.output_tokens or 0,
            thinking_tokens=details.thinking_tokens if details else 0,
            web_searches=used.web_search_requests if used else 0,
            service_tier=_TIERS.get(usage.service_tier, "standard"),
            inference_geo=usage.inference_geo,
            speed=usage.speed,
        )
        self._account.close(self._trial.candidate, self._ending, counts)


@dataclass(slots=True, kw_only=True)
class _Trial:
    """One try of the relay, as far as it has come."""

    candidate: Candidate
    answer: RelayedAnswer
    chunks: AsyncGenerator[bytes, None]
    reader: RelayReader
    begun: bytes = b""
    """What has been read already: all of it, but of a stream its first events."""
    first_at: float
    is_answer: bool = True
    """False for what the client must not see: errors that are not the API's, redirections."""

    async def aclose(self) -> None:
        """Drop the connection, if the answer has not ended."""
        try:
            await self.chunks.aclose()
        finally:
            await self.answer.aclose()


async def relay(
    account: Account, asked: Asked, attempts: Attempts, candidate: Candidate
) -> OpenRelay | Candidate:
    """Pass the request on to ``candidate``, or to the next one that relays.

    Returns the candidate whose turn it is where the next one takes turns itself. An answer that
    says no is returned as it is when nobody is left to ask. Raises ``EngineFault`` where there was
    none, ``InvalidRequest`` where no engine takes what is asked. Closes ``attempts`` when it fails.
    """
    services, call = account.services, account.call
    try:
        while True:
            engine = candidate.relay
            if engine is None:
                return candidate
            order, adjusted = order_of(services, asked, call, candidate)
            try:
                trial = await _try(services, engine, order, candidate, asked.files)
            except (EngineFault, CallerFault) as error:
                candidate = await attempts.after(error, request_id=call.request_id)
                continue
            fault = _fault_of(trial, order)
            if fault is not None:
                following = await _following(attempts, fault, trial, call)
                if following is not None:
                    candidate = following
                    continue
            dropped = trial.answer.dropped
            changed = sorted({*adjusted, *dropped}) if dropped else adjusted
            return OpenRelay(account, attempts, trial, changed)
    except BaseException:
        attempts.close()
        raise


async def _following(
    attempts: Attempts, fault: EngineFault | CallerFault, trial: _Trial, call: Call
) -> Candidate | None:
    """Return who is next after a refusal; None when nobody is, and the refusal is the answer."""
    may_repeat = _may_repeat(trial.answer.headers)
    try:
        following = await attempts.after(fault, request_id=call.request_id, may_repeat=may_repeat)
    except (EngineFault, CallerFault):
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
    services: Services,
    engine: RelayEngine,
    order: RelayOrder,
    candidate: Candidate,
    files: SentFiles | None,
) -> _Trial:
    answer = await engine.relay(order)
    renamed = candidate.facts.id if candidate.facts.id != order.upstream_model else None
    trial = _Trial(
        candidate=candidate,
        answer=answer,
        chunks=answer.chunks(),
        reader=RelayReader(model=renamed, files=files),
        first_at=services.clock.monotonic(),
    )
    try:
        if answer.status >= 300:
            trial.begun = trial.reader.feed_refusal(await _read(trial))
            trial.is_answer = answer.status >= 400 and is_error(trial.begun)
        elif order.streams:
            trial.begun = await _beginning(trial)
            trial.first_at = services.clock.monotonic()
        else:
            trial.begun = await _whole(trial, order)
    except BaseException:
        await trial.aclose()
        raise
    return trial


async def _read(trial: _Trial) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for chunk in trial.chunks:
        size += len(chunk)
        if size > _MOST_BYTES:
            message = f"{trial.candidate.engine.name} answered too much."
            raise EngineFailed(message)
        pieces.append(chunk)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _whole(trial: _Trial, order: RelayOrder) -> bytes:
    """Return an answer that is not streamed; raises ``EngineFailed`` when it is none."""
    body = await _read(trial)
    counts = order.path == "/v1/messages/count_tokens"
    try:
        return trial.reader.feed_count(body) if counts else trial.reader.feed_whole(body)
    except ValueError as error:
        wanted = "count of tokens" if counts else "message"
        message = f"{trial.candidate.engine.name} answered something that is no {wanted}."
        raise EngineFailed(message) from error


async def _beginning(trial: _Trial) -> bytes:
    """Return the first events of a stream; raises ``EngineFailed`` when there is none."""
    name, reader = trial.candidate.engine.name, trial.reader
    kind = trial.answer.headers.get("content-type", "")
    if not kind.startswith("text/event-stream"):
        message = f"{name} answered with {kind or 'something'} instead of a stream."
        raise EngineFailed(message)
    begun, begins = b"", Beginning()
    async for chunk in trial.chunks:
        events = reader.feed(chunk)
        begun += events
        if begins(events):
            return begun
        if len(begun) > _MOST_BYTES_BEFORE:
            break
    begun += reader.end()
    if reader.ended:
        return begun
    message = f"{name} answered nothing."
    raise EngineFailed(message)


def _fault_of(trial: _Trial, order: RelayOrder) -> EngineFault | CallerFault | None:
    """Return what another try may mend: the SDKs' list, and an error as a stream's first event.

    Source: anthropics/anthropic-sdk-python, ``_should_retry``: what the upstream says of it goes
    before its status.
    """
    status, headers = trial.answer.status, trial.answer.headers
    if status < 300 or trial.reader.error_type is not None:
        return _fault_told(trial)
    message = f"{trial.candidate.engine.name} answered with status {status}."
    if order.path == "/v1/messages/count_tokens" and status in _CANNOT_COUNT:
        return NotFound(message)
    refusal = REFUSALS_BY_STATUS.get(status)
    if refusal is None and 300 <= status < 500 and not trial.is_answer:
        refusal = _CALLERS.get(status, EngineRefusesUs)
    if status in _RETRIED or status >= 500:
        kind = _RETRIED.get(status, EngineFailed)
        return kind(message, retry_after_s=retry_after_s(headers))
    if refusal is not None:
        return refusal(message)
    if status >= 400 and _may_repeat(headers):
        return EngineFailed(message, retry_after_s=retry_after_s(headers))
    return None


def _fault_told(trial: _Trial) -> EngineFault | None:
    """Return what the ``error`` event of a stream is about, where that is not the request."""
    told = trial.reader.error_type
    if told is None or told in _CALLERS_FAULT:
        return None
    return FAULTS_BY_TYPE.get(told, EngineFailed)(
        f"{trial.candidate.engine.name} answered with {told}."
    )


def _may_repeat(headers: Mapping[str, str]) -> bool | None:
    """Return whether the upstream wants the same request again, None where it does not say."""
    return {"true": True, "false": False}.get(headers.get(_SHOULD_RETRY, ""))
