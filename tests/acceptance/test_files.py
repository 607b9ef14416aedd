"""Files of a served process: whose they are, where they are, and what a kill leaves of them."""

import os
import random
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anthropic
import certifi
import httpx2 as httpx
import pytest
from anthropic import Anthropic
from anthropic.types import FileMetadata
from sqlalchemy import update

from antechamber.files_state import open_files
from antechamber.operations.files import FilesSwept
from antechamber.runtime.clock import SystemClock
from antechamber.settings import FilesSettings, Settings
from antechamber.store.database import Database, database_url
from antechamber.store.tables import files
from antechamber.wire.ids import new_id
from tests.acceptance.made_keys import made_key, made_workspace
from tests.forms import FORM, mutated_form
from tests.s3 import running_s3
from tests.servers import RunningServer, ServerFailed, running_server

_CONFIG = """
[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"
"""
_REPLIES = {"replies.toml": '[[replies]]\ntext = "Hello there"\n'}
_S3 = '[files]\nlocation = "s3://bucket/team"\n'


@contextmanager
def served(
    folder: Path, config: str = "", env: dict[str, str] | None = None
) -> Generator[RunningServer, None, None]:
    with running_server(folder, config=config + _CONFIG, files=_REPLIES, env=env) as server:
        yield server


@contextmanager
def client_of(server: RunningServer, key: str = "any") -> Generator[Anthropic, None, None]:
    with Anthropic(base_url=server.url, api_key=key, max_retries=0) as client:
        yield client


def ask(client: Anthropic, file_id: str) -> str | None:
    document: Any = {"type": "document", "source": {"type": "file", "file_id": file_id}}
    messages: Any = [{"role": "user", "content": [document]}]
    message = client.messages.create(model="claude-sonnet-5-5", max_tokens=10, messages=messages)
    return message.stop_reason


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def kill(server: RunningServer) -> None:
    os.kill(server.pid, signal.SIGKILL)
    server.wait()


@dataclass(frozen=True)
class LaterClock(SystemClock):
    """A clock that goes ahead."""

    by: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


async def sweep(folder: Path, *, later: timedelta, location: str | None = None) -> FilesSwept:
    """Do in the data of a server that was ended what its housekeeping would do later."""
    settings = Settings(data_dir=folder / "data", files=FilesSettings(location=location))
    database = Database(database_url(None, settings.data_dir))
    state = open_files(settings, database, LaterClock(later), new_id)
    try:
        return await state.files.sweep()
    finally:
        await state.aclose()
        database.close()


def test_another_workspaces_key_finds_no_file(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        database = Database(database_url(None, tmp_path / "data"))
        keys = [made_key(database, workspace_id=made_workspace(database))[1] for _ in range(2)]
        database.close()
        with client_of(server, keys[0]) as owner, client_of(server, keys[1]) as other:
            file = owner.files.upload(file=("secret.txt", b"secret"))

            for attempt in (
                other.files.retrieve_metadata,
                other.files.download,
                other.files.delete,
                partial(ask, other),
            ):
                with pytest.raises(anthropic.NotFoundError, match=f"File `{file.id}` not found."):
                    attempt(file.id)
            assert other.files.list().data == other.files.list(ids=[file.id]).data == []
            assert [each.id for each in owner.files.list()] == [file.id]
            assert ask(owner, file.id) == "end_turn"


def test_two_thousand_broken_uploads_are_kept_or_refused_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - the same forms each time
    headers = {
        "x-api-key": "any",
        "anthropic-version": "2023-06-01",
        "content-type": "multipart/form-data; boundary=b0unD",
    }
    statuses = Counter[int]()
    with served(tmp_path) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        for _ in range(100):  # it takes what it keeps anyway
            client.post("/v1/files", content=FORM, headers=headers)
        before = resident_bytes(server.pid)
        for _ in range(2_000):
            answer = client.post("/v1/files", content=mutated_form(chance), headers=headers)
            statuses[answer.status_code] += 1
        after = resident_bytes(server.pid)
        kept = client.get("/v1/files?limit=1000", headers=headers).json()["data"]
        bugs = server.bugs()

    assert bugs == []
    assert statuses.keys() == {200, 400}
    assert min(statuses.values()) > 100
    assert len(kept) == min(1_000, 100 + statuses[200])
    assert after < before + 32 * 1024 * 1024


async def test_what_was_acknowledged_outlives_a_kill_at_any_moment(tmp_path: Path) -> None:
    acknowledged: list[FileMetadata] = []
    with served(tmp_path) as server, client_of(server) as client:

        def upload(number: int) -> None:
            # A part of them is on the way when the server ends.
            try:
                for _ in range(100):
                    acknowledged.append(client.files.upload(file=b"%d" % number * 100_000))
                    if len(acknowledged) == 20:
                        kill(server)
            except anthropic.APIConnectionError:
                pass

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(upload, range(4)))

    assert len(acknowledged) >= 20
    later = timedelta(hours=1, seconds=1)
    for _ in range(2):
        await sweep(tmp_path, later=later)
        later += timedelta(hours=1)
    with served(tmp_path) as server, client_of(server) as client:
        listed = {each.id: each for each in client.files.list(limit=1000)}
    assert [listed.get(each.id) for each in acknowledged] == acknowledged
    kept = {path.name: path.stat().st_size for path in (tmp_path / "data" / "files").iterdir()}
    assert kept == {each.id: each.size_bytes for each in listed.values()}
    assert list((tmp_path / "data" / "uploads").glob("*")) == []


def test_an_expired_file_is_told_of_as_such_wherever_its_bytes_are_asked_for(
    tmp_path: Path,
) -> None:
    with served(tmp_path) as server, client_of(server) as client:
        file = client.files.upload(file=("a.txt", b"text"), expires_in_seconds=3_600)
        database = Database(database_url(None, tmp_path / "data"))
        over = update(files).values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        database.write_now(lambda it: it.execute(over))
        database.close()

        for attempt in (client.files.download, partial(ask, client)):
            with pytest.raises(anthropic.NotFoundError, match="has expired") as caught:
                attempt(file.id)
            assert type(caught.value).__name__ == "FileExpiredError"
        expires_at = client.files.retrieve_metadata(file.id).expires_at

    assert expires_at is not None
    assert expires_at < datetime.now(UTC)


class Road:
    """Leads to a server, and keeps its answers until they may pass."""

    def __init__(self, to: str) -> None:
        self._to = int(to.rpartition(":")[2])
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.asked = bytearray()
        """Whatever went to the server."""
        self.has_answer = threading.Event()
        self.may_pass = threading.Event()
        self._spawn(self._serve)

    def _serve(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._spawn(self._carry, near, far)
                self._spawn(self._carry_back, far, near)

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError), near, far:
            while data := near.recv(65536):
                self.asked += data
                far.sendall(data)

    def _carry_back(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError), near, far:
            while data := far.recv(65536):
                self.has_answer.set()
                self.may_pass.wait()
                near.sendall(data)

    def _spawn(self, work: Callable[..., None], *of: socket.socket) -> None:
        threading.Thread(target=work, args=of, daemon=True).start()

    def close(self) -> None:
        self.may_pass.set()
        self._listening.close()


async def test_bytes_without_an_acknowledgement_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_s3() as s3:
        s3.make_bucket("bucket")
        with closing(Road(s3.url)) as road, ThreadPoolExecutor(1) as threads:
            env = s3.environment | {"AWS_ENDPOINT_URL": road.url}
            with served(tmp_path, _S3, env) as server, client_of(server) as client:
                upload = threads.submit(partial(client.files.upload, file=b"orphan"))
                road.has_answer.wait()
                kill(server)
                with pytest.raises(anthropic.APIConnectionError):
                    upload.result()
        with served(tmp_path, _S3, s3.environment) as server, client_of(server) as client:
            kept = client.files.upload(file=b"kept")
            listed = [each.id for each in client.files.list()]
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)

        left: list[int] = []
        for minutes in (50, 100, 200):
            later = timedelta(minutes=minutes)
            await sweep(tmp_path, later=later, location="s3://bucket/team")
            left.append(len(s3.objects("bucket")))

        assert listed == [kept.id]
        assert left == [2, 2, 1]
        assert s3.objects("bucket") == {f"team/{kept.id}": len(b"kept")}


def test_files_can_be_in_an_object_store(tmp_path: Path) -> None:
    large = os.urandom(11_000_000)
    with running_s3() as s3:
        s3.make_bucket("bucket")
        with served(tmp_path, _S3, s3.environment) as server, client_of(server) as client:
            files = [client.files.upload(file=data) for data in (b"small", large)]
            client.files.delete(files[0].id)

            assert s3.objects("bucket") == {f"team/{files[1].id}": len(large)}
            assert not (tmp_path / "data" / "files").exists()
            s3.stop()
            with pytest.raises(anthropic.APIStatusError) as caught:
                client.files.upload(file=b"more")
            assert caught.value.status_code == 529
            assert not server.bugs()
            assert server.events("files_not_reached")


def test_a_file_used_in_a_hundred_requests_is_fetched_once(tmp_path: Path) -> None:
    with running_s3() as s3, closing(Road(s3.url)) as road:
        s3.make_bucket("bucket")
        road.may_pass.set()
        env = s3.environment | {"AWS_ENDPOINT_URL": road.url}
        with (
            served(tmp_path, _S3, env) as server,
            client_of(server) as client,
            ThreadPoolExecutor(10) as threads,
        ):
            file = client.files.upload(file=("a.txt", b"The rent is 940 euros.", "text/plain"))

            reasons = list(threads.map(lambda _: ask(client, file.id), range(100)))

    assert reasons == ["end_turn"] * 100
    assert road.asked.count(f"GET /bucket/team/{file.id}".encode()) == 1


def test_an_object_store_that_cannot_be_is_told_of_at_the_start(tmp_path: Path) -> None:
    config = '[files]\nlocation = "az://container"\n'

    with (
        pytest.raises(ServerFailed, match=r"files.location: .*Account must be specified"),
        served(tmp_path, config, {"SSL_CERT_FILE": certifi.where()}),
    ):
        pass
