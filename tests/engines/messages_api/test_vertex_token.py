"""Google's library against a server of tokens on loopback, with a key made for the test."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from antechamber.engines.messages_api import google_token
from antechamber.engines.messages_api.google_token import GoogleToken
from antechamber.wire.errors import EngineRefusesUs, EngineTimedOut, Overloaded
from tests.engines.messages_api.cloud import Cloud


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def service_account(
    cloud: Cloud, private_key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    path = tmp_path / "account.json"
    account = {
        "type": "service_account",
        "project_id": "my-project",
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": "server@my-project.iam.gserviceaccount.com",
        "token_uri": f"{cloud.url}/token",
    }
    path.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return path


def moved(service_account: Path, port: int) -> None:
    account = json.loads(service_account.read_text())
    service_account.write_text(json.dumps(account | {"token_uri": f"http://127.0.0.1:{port}/"}))


@pytest.fixture
def nobody_there(service_account: Path) -> None:
    moved(service_account, port=9)


def gives(cloud: Cloud, token: str, *, for_s: int) -> None:
    told = {"access_token": token, "expires_in": for_s, "token_type": "Bearer"}
    cloud.pieces = (json.dumps(told).encode(),)


@pytest.mark.usefixtures("service_account")
async def test_a_token_is_fetched_once_and_kept(cloud: Cloud) -> None:
    gives(cloud, "first", for_s=3_600)
    token = GoogleToken()

    headers = await asyncio.gather(*(token.headers("", b"") for _ in range(8)))

    assert headers == [{"authorization": "Bearer first"}] * 8
    assert len(cloud.asked) == 1


@pytest.mark.usefixtures("service_account")
async def test_a_token_is_asked_for_the_scope_of_the_cloud(cloud: Cloud) -> None:
    gives(cloud, "first", for_s=3_600)

    await GoogleToken().headers("", b"")

    claims = cloud.asked[0].body.partition(b"assertion=")[2].split(b".")[1]
    told = json.loads(base64.urlsafe_b64decode(claims + b"=" * (-len(claims) % 4)))
    assert told["scope"] == "https://www.googleapis.com/auth/cloud-platform"


@pytest.mark.usefixtures("service_account")
async def test_a_token_that_runs_out_is_renewed(cloud: Cloud) -> None:
    gives(cloud, "first", for_s=3_600)
    token = GoogleToken()
    assert await token.headers("", b"") == {"authorization": "Bearer first"}
    held = token._credentials
    assert held is not None
    assert held.expiry is not None

    held.expiry = held.expiry.replace(year=2020)
    gives(cloud, "second", for_s=3_600)

    assert await token.headers("", b"") == {"authorization": "Bearer second"}


@pytest.mark.usefixtures("service_account")
async def test_a_key_that_google_refuses_is_told(cloud: Cloud) -> None:
    cloud.status, cloud.pieces = 400, (b'{"error":"invalid_grant"}',)

    with pytest.raises(EngineRefusesUs, match="invalid_grant"):
        await GoogleToken().headers("", b"")


@pytest.mark.usefixtures("nobody_there")
async def test_a_server_of_tokens_that_is_away_is_an_overload() -> None:
    with pytest.raises(Overloaded, match="cannot be reached"):
        await GoogleToken().headers("", b"")


async def test_a_file_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "missing-account.json")

    with pytest.raises(EngineRefusesUs, match=r"missing-account\.json"):
        await GoogleToken().headers("", b"")


async def test_a_server_of_tokens_that_hangs_holds_up_nobody_else(
    service_account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    over = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        await over.wait()
        writer.transport.abort()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    moved(service_account, server.sockets[0].getsockname()[1])
    monkeypatch.setattr(google_token, "_MOST_S", 1.0)
    token = GoogleToken()

    waiting = asyncio.gather(*(token.headers("", b"") for _ in range(50)), return_exceptions=True)
    async with asyncio.timeout(0.9):  # less than anybody waits for the token
        await asyncio.get_running_loop().getaddrinfo("localhost", 80)
    told = await waiting
    over.set()
    server.close()

    assert {type(each) for each in told} == {EngineTimedOut}
    assert asked == 1


@pytest.mark.usefixtures("service_account")
async def test_a_token_that_is_about_to_run_out_is_renewed_beside_requests(cloud: Cloud) -> None:
    gives(cloud, "first", for_s=3_600)
    token = GoogleToken()
    await token.headers("", b"")
    held = token._credentials
    assert held is not None
    held.expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=60)
    gives(cloud, "second", for_s=3_600)

    assert await token.headers("", b"") == {"authorization": "Bearer first"}
    await token._renewing.result()
    assert await token.headers("", b"") == {"authorization": "Bearer second"}
    assert len(cloud.asked) == 2
