"""The published shapes of Message Batches: what creates one, how one is shown, its results."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, NoReturn

import msgspec
from msgspec import UNSET, Raw, UnsetType
from pydantic import Field, ValidationError

from antechamber.wire.errors import ApiError, InvalidRequest
from antechamber.wire.problem import problem_body
from antechamber.wire.shape import JsonObject, WireModel
from antechamber.wire.shape_errors import first_fault
from antechamber.wire.splice import field_of

Outcome = Literal["succeeded", "errored", "canceled", "expired"]
ProcessingStatus = Literal["in_progress", "canceling", "ended"]

CANCELED = b'{"type":"canceled"}'
EXPIRED = b'{"type":"expired"}'
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NO_JSON = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One request of a batch."""

    custom_id: str
    params: Raw
    """The JSON text of an object; what it holds is looked at when its turn comes."""


class RequestCounts(msgspec.Struct, kw_only=True):
    """How many requests of a batch there are of each kind; together all of them."""

    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class MessageBatch(msgspec.Struct, tag_field="type", tag="message_batch", kw_only=True):
    """A batch, as the API shows it."""

    id: str
    processing_status: ProcessingStatus
    request_counts: RequestCounts
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    cancel_initiated_at: datetime | None
    archived_at: datetime | None
    results_url: str | None


class _ShapeOfRequest(WireModel):
    """The same as ``BatchRequest``, for the words of what is wrong."""

    custom_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    params: JsonObject


_body = msgspec.json.Decoder(dict[str, Raw])
_list = msgspec.json.Decoder(list[Raw])
_request = msgspec.json.Decoder(BatchRequest)


def parse_batch(body: bytes | memoryview, *, most: int) -> Sequence[BatchRequest]:
    """Return the requests of a batch, whose ``params`` are parts of ``body`` and not copies.

    Raises ``InvalidRequest`` for what is wrong with the batch itself: a list that is empty or
    longer than ``most``, a ``custom_id`` that is malformed or not alone.
    """
    requests: list[BatchRequest] = []
    positions: dict[str, int] = {}
    for position, text in enumerate(_texts(body, most)):
        request = _read_request(text, position)
        first = positions.setdefault(request.custom_id, position)
        if first != position:
            raise InvalidRequest(
                f"requests.{position}.custom_id: Value must be unique in the batch, "
                f"and requests.{first} has it too"
            )
        requests.append(request)
    return requests


def _texts(body: bytes | memoryview, most: int) -> Sequence[Raw]:
    try:
        fields = _body.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequest("Input should be a valid dictionary") from error
    except _NO_JSON as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}") from error
    if "requests" not in fields:
        raise InvalidRequest("requests: Field required")
    unknown = next((name for name in fields if name != "requests"), None)
    if unknown is not None:
        raise InvalidRequest(f"{unknown}: Extra inputs are not permitted")
    try:
        texts = _list.decode(fields["requests"])
    except msgspec.ValidationError as error:
        raise InvalidRequest("requests: Input should be a valid list") from error
    if not texts:
        message = "requests: List should have at least 1 item after validation, not 0"
        raise InvalidRequest(message)
    if len(texts) > most:
        raise InvalidRequest(
            f"requests: List should have at most {most} items after validation, not {len(texts)}"
        )
    return texts


def _read_request(text: Raw, position: int) -> BatchRequest:
    try:
        request = _request.decode(text)
    except _NO_JSON:
        _refuse(text, position)
    if memoryview(request.params)[0] != ord("{") or not _CUSTOM_ID.fullmatch(request.custom_id):
        _refuse(text, position)
    return request


def _refuse(text: Raw, position: int) -> NoReturn:
    """Say what is wrong with one request, in the words of the API."""
    try:
        _ShapeOfRequest.model_validate_json(bytes(text))
    except ValidationError as error:
        separator = "." if error.errors(include_url=False)[0]["loc"] else ": "
        raise InvalidRequest(f"requests.{position}{separator}{first_fault(error)}") from error
    raise InvalidRequest(f"requests.{position}: Input should be a valid dictionary")


class _Refused(msgspec.Struct):
    """Parameters that a request of a batch may not have; what else there is is left out."""

    stream: Raw | UnsetType = UNSET
    speed: Raw | UnsetType = UNSET
    fallbacks: Raw | UnsetType = UNSET
    thread: Raw | UnsetType = UNSET
    cache_hint: Raw | UnsetType = UNSET
    context_hint: Raw | UnsetType = UNSET
    max_tokens: Raw | UnsetType = UNSET
    billing_policy: Raw | UnsetType = UNSET


class _BillingPolicy(msgspec.Struct):
    bill_to: str | None = None


_refused = msgspec.json.Decoder(_Refused)
_billing = msgspec.json.Decoder(_BillingPolicy)
_AS_IF_ABSENT = (b"null", b"false")


def check_params(params: bytes) -> None:
    """Raise ``InvalidRequest`` for parameters that are served, and not in a batch.

    What else is wrong with them the Messages API itself finds.
    Source: OpenAPI 2026-08, ``MessageBatchIndividualRequestParams``.
    """
    try:
        found = _refused.decode(params)
    except _NO_JSON:
        return
    for name in ("stream", "speed", "fallbacks", "thread", "cache_hint", "context_hint"):
        value = getattr(found, name)
        if value is not UNSET and bytes(value) not in _AS_IF_ABSENT:
            raise InvalidRequest(f"{name}: This parameter is not supported in batches")
    if found.max_tokens is not UNSET and bytes(found.max_tokens) == b"0":
        message = "max_tokens: Input should be greater than or equal to 1"
        raise InvalidRequest(message)
    if found.billing_policy is not UNSET and _bills_a_user(found.billing_policy):
        message = "billing_policy.bill_to: This value is not supported in batches"
        raise InvalidRequest(message)


def _bills_a_user(policy: Raw) -> bool:
    try:
        return _billing.decode(policy).bill_to == "user_profile"
    except msgspec.DecodeError:
        return False


def succeeded(message: bytes) -> bytes:
    """Return the result of a request that was answered with ``message``, JSON on one line."""
    return b'{"type":"succeeded","message":' + message + b"}"


def errored(error: ApiError) -> bytes:
    """Return the result of a request that could not be answered."""
    return _errored(problem_body(error, None))


def errored_upstream(envelope: bytes) -> bytes:
    """Return the same of an error as an upstream words it; its request id is not one of ours."""
    error = field_of(envelope, "error") or b"{}"
    told = b'{"type":"error","error":' + error + b',"request_id":null}'
    return _errored(one_line(told))


def one_line(text: bytes) -> bytes:
    """Return JSON as it stands but for the blanks around its tokens."""
    return msgspec.json.format(text, indent=-1)


def _errored(envelope: bytes) -> bytes:
    return b'{"type":"errored","error":' + envelope + b"}"


def result_line(custom_id: str, result: bytes) -> bytes:
    """Return one line of a batch's results."""
    return b'{"custom_id":' + msgspec.json.encode(custom_id) + b',"result":' + result + b"}\n"
