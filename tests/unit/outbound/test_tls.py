"""TLS: whose certificates are trusted, and what is said in the handshake."""

import gc
import ssl
from pathlib import Path

import pytest

from antechamber.outbound import pool
from antechamber.outbound.client import UpstreamUnreachable
from antechamber.wire.errors import EngineTimedOut
from tests.unit.outbound.serving import NAME, OK, body_of, saying, serves, serving, trusts


async def test_a_trusted_upstream_is_asked_and_its_connection_used_again(
    certificate: Path,
) -> None:
    async with serving(saying(OK), trust=serves(certificate)) as played:
        client = played.client(trust=trusts(certificate))
        for _ in range(3):
            assert await body_of(client, b"x" * 1_000_000) == b"{}"
        assert played.requests[0].writer.get_extra_info("ssl_object").selected_alpn_protocol() == (
            "http/1.1"
        )
        await client.aclose()

    assert [heard.nth for heard in played.requests] == [1, 1, 1]


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_connection_that_ended_while_unused_is_replaced(
    certificate: Path, then: str
) -> None:
    async with serving(saying(OK, then=then), trust=serves(certificate)) as played:
        client = played.client(trust=trusts(certificate))
        try:
            assert await body_of(client) == b"{}"
            assert await body_of(client) == b"{}"
        finally:
            await client.aclose()

    assert [heard.nth for heard in played.requests] in ([1, 2], [1, 1, 2])


async def test_an_upstream_that_nobody_vouches_for_is_not_asked(certificate: Path) -> None:
    async with serving(saying(OK), trust=serves(certificate)) as played:
        client = played.client()
        with pytest.raises(UpstreamUnreachable, match="its certificate is not trusted"):
            await body_of(client)
        await client.aclose()

    assert not played.requests


async def test_a_certificate_for_another_name_is_not_taken(certificate: Path) -> None:
    async with serving(saying(OK), trust=serves(certificate)) as played:
        played.url = played.url.replace("localhost", "127.0.0.1")
        client = played.client(trust=trusts(certificate))
        with pytest.raises(UpstreamUnreachable, match="not trusted"):
            await body_of(client)
        await client.aclose()

    assert not played.requests


async def test_an_upstream_that_speaks_no_tls_cannot_be_reached() -> None:
    async with serving(saying(b"hello")) as played:
        played.url = played.url.replace("http://", "https://")
        client = played.client(connect_s=0.5)
        with pytest.raises(Exception, match=f"^{NAME} (cannot be reached|did not answer in time)"):
            await body_of(client)
        await client.aclose()


async def test_a_handshake_that_is_never_answered_leaves_no_socket_behind() -> None:
    async with serving(saying(b"")) as played:
        played.url = played.url.replace("http://", "https://")
        for _ in range(5):
            client = played.client(connect_s=0.2)
            with pytest.raises(EngineTimedOut):
                await body_of(client)
            await client.aclose()
        await played.settled()  # the server has seen the end of each

    assert played.connections == 5
    gc.collect()


async def test_the_machines_own_store_is_what_is_trusted() -> None:
    context = await pool._system_trust()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context is await pool._system_trust()
