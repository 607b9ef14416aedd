"""What the endpoints of the Admin API share: queries, bodies, pages."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qs

from pydantic import BaseModel

from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.http.bodies import read_body
from antechamber.operations.answering.services import Services
from antechamber.operations.pages import PageOrder
from antechamber.wire.administration import PageQuery, parse_body, parse_query
from antechamber.wire.encoding import encode_json

Shape = TypeVar("Shape", bound=BaseModel)


def query_of(scope: Scope, shape: type[Shape]) -> Shape:
    """Read the query; raises ``InvalidRequest``."""
    query = scope["query_string"].decode("latin-1")
    return parse_query(parse_qs(query, keep_blank_values=True), shape)


async def body_of(scope: Scope, receive: Receive, services: Services, shape: type[Shape]) -> Shape:
    """Read the body; raises as ``read_body`` does."""
    most = services.settings.server.max_body_bytes
    return parse_body(await read_body(scope, receive, max_bytes=most), shape)


def order_of(query: PageQuery) -> PageOrder:
    """Return which part of a list is wanted."""
    return PageOrder(limit=query.limit, after_id=query.after_id, before_id=query.before_id)


async def respond_page(send: Send, data: Sequence[Mapping[str, object]], *, more: bool) -> None:
    """Answer with a part of a list."""
    body = {
        "data": data,
        "has_more": more,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
    await respond(send, 200, encode_json(body))
