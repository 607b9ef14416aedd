import asyncio
import json

import pytest
import structlog

from antechamber.http.asgi import App, Receive, Scope, Send, encoded, respond
from antechamber.http.edge import Edge
from antechamber.http.hosts import OwnNamesOnly, host_check
from antechamber.settings import ServerSettings
from antechamber.wire.errors import EngineFailed, InvalidRequest, PermissionRefused
from antechamber.wire.ids import new_id
from tests.unit.http.exchange import Client, scope


def _edge(app: App, server: ServerSettings | None = None) -> Edge:
    check = host_check(server or ServerSettings(), lambda: False)
    return Edge(
        app,
        check_host=check,
        organization_id="org",
        new_id=new_id,
        count_refusal=lambda _type: None,
    )


def _raising(error: Exception) -> App:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    return app


class _Hanging:
    """Begins, perhaps answers, and never ends."""

    def __init__(self, *, answers: bool) -> None:
        self.began = asyncio.Event()
        self._answers = answers

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        if self._answers:
            await respond(send, 200, b"{}")
        self.began.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize(("answers", "status"), [(False, 529), (True, 200)])
async def test_a_request_that_is_cut_off_is_answered_once(answers: bool, status: int) -> None:
    app, client = _Hanging(answers=answers), Client()
    task = asyncio.create_task(_edge(app)(scope(), client.receive, client.send))
    await app.began.wait()

    task.cancel()
    await task

    assert client.status == status
    assert len(client.got) == 2
    if not answers:
        assert json.loads(client.body)["error"]["type"] == "overloaded_error"


async def test_faults_of_the_server_are_logged_with_their_message_and_others_without() -> None:
    client = Client()
    with structlog.testing.capture_logs() as lines:
        for error in (EngineFailed("The model died."), InvalidRequest("tools.x: private")):
            await _edge(_raising(error))(scope(), client.receive, client.send)

    ours, theirs = (line for line in lines if line["event"] == "refused")
    assert (ours["log_level"], ours["message"]) == ("warning", "The model died.")
    assert theirs["log_level"] == "info"
    assert "private" not in str(theirs)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8787", "localhost.evil.example", "127.0.0.1.evil.example", ""],
)
def test_a_foreign_name_is_refused(host: str) -> None:
    with pytest.raises(PermissionRefused):
        host_check(ServerSettings(), lambda: False)(scope(host=host))


@pytest.mark.parametrize("host", ["localhost", "LocalHost.:80", "127.9.0.1:1", "[::1]", "::1"])
def test_names_of_the_machine_are_its_own(host: str) -> None:
    host_check(ServerSettings(), lambda: False)(scope(host=host))


def test_the_public_address_is_its_own_too_and_no_name_is_none() -> None:
    server = ServerSettings(public_url="https://models.example:8443/under")
    check = host_check(server, lambda: False)

    check(scope(host="models.example"))
    check(scope())


def test_with_keys_every_name_will_do() -> None:
    host_check(ServerSettings(), lambda: True)(scope(host="evil.example"))


async def test_what_asks_for_no_key_has_only_its_own_names_also_where_others_need_one() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await respond(send, 200, b"{}")

    server = ServerSettings(public_url="https://models.example")
    endpoint, client = OwnNamesOnly(app, server), Client()

    with pytest.raises(PermissionRefused, match="/readyz asks for no key"):
        await endpoint(scope("/readyz", host="evil.example"), client.receive, client.send)
    refused = client.status
    for host in ("models.example", "localhost:8787"):
        await endpoint(scope("/readyz", host=host), client.receive, client.send)

    assert refused is None
    assert [message.get("status") for message in client.got] == [200, None, 200, None]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("up/claude-opus-5-5", b"up/claude-opus-5-5"),
        ("up/a%2Fb c", b"up/a%2Fb c"),
        ("up/v-\x7f\r\nx: y", b"up/v-%7F%0D%0Ax: y"),
        ("up/日本", b"up/%E6%97%A5%E6%9C%AC"),
    ],
)
def test_a_header_says_whatever_a_model_is_called(value: str, sent: bytes) -> None:
    assert encoded(value) == sent
