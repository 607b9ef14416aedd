"""``/v1/messages/batches`` and what is below."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from antechamber.http.admin.parts import order_of, query_of
from antechamber.http.asgi import Receive, Scope, Send, header, respond
from antechamber.http.connection import while_connected
from antechamber.http.spooled import spooled_body
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.endings import cancel_batch, delete_batch
from antechamber.operations.batches.shown import (
    ShownBatch,
    batch_page,
    get_batch,
    open_results,
    shown,
)
from antechamber.operations.batches.submission import create_batch
from antechamber.wire.administration import PageQuery
from antechamber.wire.encoding import encode_json

_FINISHED = b"antechamber-finished-requests"
"""How many requests of a batch have a result: its counts tell that at the end only."""


class BatchesEndpoint:
    """Creates a batch, and lists them, the newest first."""

    def __init__(
        self, services: Services, on_new: Callable[[], None], one_at_a_time: asyncio.Lock
    ) -> None:
        """``on_new`` is called when there is a new batch to work on.

        ``one_at_a_time`` keeps what takes seconds from all the database's threads.
        """
        self._services = services
        self._on_new = on_new
        self._one_at_a_time = one_at_a_time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] == "POST":
            await self._create(scope, receive, send)
        else:
            await self._list(scope, send)

    async def _create(self, scope: Scope, receive: Receive, send: Send) -> None:
        services, call = self._services, _call(scope)
        most, folder = services.settings.batches.max_body_bytes, services.settings.data_dir
        async with (
            spooled_body(scope, receive, folder, max_bytes=most) as body,
            self._one_at_a_time,
        ):
            made = await create_batch(services, body, call)
        self._on_new()
        await _tell(send, shown(made, _address(services, scope)))

    async def _list(self, scope: Scope, send: Send) -> None:
        query = query_of(scope, PageQuery)
        page = await batch_page(self._services, order_of(query), _call(scope))
        address = _address(self._services, scope)
        data = [shown(each, address).batch for each in page.data]
        body = {
            "data": data,
            "has_more": page.has_more,
            "first_id": data[0].id if data else None,
            "last_id": data[-1].id if data else None,
        }
        await respond(send, 200, encode_json(body))


class BatchEndpoint:
    """Shows one batch, and deletes it when it has ended."""

    def __init__(self, services: Services, one_at_a_time: asyncio.Lock) -> None:
        """``one_at_a_time`` is that of ``BatchesEndpoint``."""
        self._services = services
        self._one_at_a_time = one_at_a_time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        services, call, batch_id = self._services, _call(scope), _batch_id(scope)
        if scope["method"] == "DELETE":
            async with self._one_at_a_time:
                await delete_batch(services, batch_id, call)
            deleted = {"id": batch_id, "type": "message_batch_deleted"}
            await respond(send, 200, encode_json(deleted))
        else:
            batch = await get_batch(services, batch_id, call)
            await _tell(send, shown(batch, _address(services, scope)))


class CancelEndpoint:
    """Has no more of a batch begun."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        services = self._services
        batch = await cancel_batch(services, _batch_id(scope), _call(scope))
        await _tell(send, shown(batch, _address(services, scope)))


class ResultsEndpoint:
    """Sends the results of a batch, a line of JSON each."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the client's leaving stops the reading."""
        lines = await open_results(self._services, _batch_id(scope), _call(scope))
        await while_connected(scope, receive, _send_lines(send, lines))


async def _send_lines(send: Send, lines: AsyncGenerator[bytes, None]) -> None:
    headers = [(b"content-type", b"application/x-jsonl")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async with aclosing(lines):
        async for portion in lines:
            await send({"type": "http.response.body", "body": portion, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _tell(send: Send, batch: ShownBatch) -> None:
    finished = (_FINISHED, str(batch.finished).encode())
    await respond(send, 200, encode_json(batch.batch), [finished])


def _address(services: Services, scope: Scope) -> str:
    """Return where the client reaches this server: the URL of results has to lead there.

    A proxy says whether it was asked by TLS; who says so without one misleads himself alone.
    """
    public, host = services.settings.server.public_url, header(scope, b"host")
    if public is not None or host is None:
        return services.settings.public_address()
    # Of several proxies the first is the one that the client asked.
    forwarded = (header(scope, b"x-forwarded-proto") or "").partition(",")[0].strip().lower()
    scheme = "https" if forwarded == "https" else scope["scheme"]
    return f"{scheme}://{host}"


def _call(scope: Scope) -> Call:
    return scope["state"]["call"]


def _batch_id(scope: Scope) -> str:
    return scope["path_params"]["batch_id"]
