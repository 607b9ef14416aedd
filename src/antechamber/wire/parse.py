"""From the bytes of a body to a request, or to the one error that the hosted API would report."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.shape_errors import first_fault

Request = TypeVar("Request", MessageRequest, CountTokensRequest)

_MESSAGE = TypeAdapter(MessageRequest)
_COUNT_TOKENS = TypeAdapter(CountTokensRequest)


def parse_message_request(body: bytes) -> MessageRequest:
    """Validate the body of ``POST /v1/messages``.

    Of a key that comes twice the last one counts. Lone surrogates are no JSON to the hosted API
    (anthropics/claude-code#60394) and none here, so every string can be written as UTF-8.

    Raises ``InvalidRequest`` with the first failing path.
    """
    return _parse(_MESSAGE, body)


def parse_count_tokens_request(body: bytes) -> CountTokensRequest:
    """Validate the body of ``POST /v1/messages/count_tokens``; see ``parse_message_request``."""
    return _parse(_COUNT_TOKENS, body)


def _parse(adapter: TypeAdapter[Request], body: bytes) -> Request:
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(first_fault(error)) from error
