"""One try of one request of a batch, on the way that every request goes."""

import asyncio
from typing import NamedTuple

import msgspec
import structlog

from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.bookkeeping.records import Counts, TurnRecord
from antechamber.operations.messages import OpenRelay, open_message, read_message, run_message
from antechamber.outbound.client import retry_after_s
from antechamber.wire.batches import (
    Outcome,
    check_params,
    errored,
    errored_upstream,
    one_line,
    succeeded,
)
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import (
    CallerFault,
    EngineFailed,
    EngineRefusesUs,
    InternalError,
    ServerFault,
)
from antechamber.wire.splice import field_of, with_fields
from antechamber.wire.upstream_faults import PASSING_BY_STATUS, REFUSALS_BY_STATUS

_LARGE_BYTES = 32 * 1024
"""From here on parameters are read beside the loop, which has streams to serve."""
_BATCH_TIER = b'"batch"'
_UNPAID = Counts(service_tier="batch")
"""Only what succeeds is charged."""

_log = structlog.get_logger("antechamber.batches")


class Answer(NamedTuple):
    """What has become of a request."""

    outcome: Outcome
    result: bytes
    """JSON of the API's ``result``."""
    record: TurnRecord | None
    """For the ledger; None where no engine was asked."""


async def answer_item(services: Services, params: bytes, call: Call) -> Answer:
    """Answer a request; raises ``ServerFault`` for what may pass, so that it is asked again."""
    try:
        check_params(params)
        message = await _message(services, params, call)
    except EngineRefusesUs as error:
        return _errored(errored(error), call)
    except CallerFault as error:
        return _errored(errored(error), call)
    except _Refused as refusal:
        return _errored(errored_upstream(refusal.envelope), call)
    except (ServerFault, asyncio.CancelledError):
        _note(services, call)
        raise
    except Exception as error:
        # A bug must not take the whole batch with it, and what it met may pass.
        _log.error("bug", request_id=call.request_id, exc_info=error)
        _note(services, call)
        message = "Internal server error"
        raise InternalError(message) from error
    return Answer("succeeded", succeeded(message), _record(call))


class _Refused(Exception):
    """An upstream of the same API said no, and why."""

    def __init__(self, envelope: bytes) -> None:
        super().__init__()
        self.envelope = envelope


async def _message(services: Services, params: bytes, call: Call) -> bytes:
    if len(params) < _LARGE_BYTES:
        request = read_message(services, params)
    else:
        request = await asyncio.to_thread(read_message, services, params)
    opened = await open_message(services, params, request, call)
    if isinstance(opened, OpenRelay):
        return await _relayed(opened)
    return encode_json(await run_message(opened))


async def _relayed(opened: OpenRelay) -> bytes:
    try:
        body = opened.read()
    finally:
        await opened.aclose()
    status = opened.status
    if status < 400:
        usage = field_of(body, "usage") or b"{}"
        told = with_fields(body, {"usage": with_fields(usage, {"service_tier": _BATCH_TIER})})
        return one_line(told)
    kind = REFUSALS_BY_STATUS.get(status) or PASSING_BY_STATUS.get(status)
    if kind is None and status < 500:
        raise _Refused(body)
    message = f"{opened.served_by} answered with status {status}."
    raise (kind or EngineFailed)(message, retry_after_s=retry_after_s(opened.headers))


def _note(services: Services, call: Call) -> None:
    """Have the ledger know of a try that has no result: nobody pays for it."""
    for record in call.records or ():
        services.ledger.note(_unpaid(record))


def _errored(result: bytes, call: Call) -> Answer:
    return Answer("errored", result, _unpaid(call.records[-1]) if call.records else None)


def _unpaid(record: TurnRecord) -> TurnRecord:
    return msgspec.structs.replace(record, counts=_UNPAID)


def _record(call: Call) -> TurnRecord | None:
    """Return the record of an answer: at the price of a batch, also where an upstream gave it."""
    if not call.records:
        return None
    record = call.records[-1]
    counts = msgspec.structs.replace(record.counts, service_tier="batch")
    return msgspec.structs.replace(record, counts=counts)
