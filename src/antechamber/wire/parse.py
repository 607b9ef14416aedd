"""From the bytes of a body to a request, or to the one error that the hosted API would report."""

from typing import Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.shape_errors import first_fault

Request = TypeVar("Request", MessageRequest, CountTokensRequest)

Unknown = Literal["forbid", "ignore"]

_MESSAGE = TypeAdapter(MessageRequest)
_COUNT_TOKENS = TypeAdapter(CountTokensRequest)


def parse_message_request(body: bytes, *, unknown_fields: Unknown = "forbid") -> MessageRequest:
    """Validate the body of ``POST /v1/messages``.

    Of a key that comes twice the last one counts. Lone surrogates are no JSON to the hosted API
    (anthropics/claude-code#60394) and none here, so every string can be written as UTF-8.

    ``unknown_fields`` says whether keys that nobody knows are a fault or left out.

    Raises ``InvalidRequest`` with the first failing path.
    """
    return _parse(_MESSAGE, body, unknown_fields)


def parse_count_tokens_request(
    body: bytes, *, unknown_fields: Unknown = "forbid"
) -> CountTokensRequest:
    """Validate the body of ``POST /v1/messages/count_tokens``; see ``parse_message_request``."""
    return _parse(_COUNT_TOKENS, body, unknown_fields)


def _parse(adapter: TypeAdapter[Request], body: bytes, unknown_fields: Unknown) -> Request:
    try:
        return adapter.validate_json(body, extra=unknown_fields)
    except ValidationError as error:
        raise InvalidRequest(first_fault(error)) from error
