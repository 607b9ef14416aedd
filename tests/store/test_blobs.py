"""The bytes of files, on a disk and in a server that speaks S3."""

import asyncio
import hashlib
import os
import resource
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from antechamber.store.blobs import BlobMissing, Blobs, BlobsUnavailable, object_store
from antechamber.wire.ids import new_id
from tests.s3 import RunningS3, running_s3

_LARGE = os.urandom(1024 * 1024) * 11 + b"end"
"""More than two parts of an upload in parts."""


@pytest.fixture(scope="module")
def s3() -> Generator[RunningS3, None, None]:
    with running_s3() as server:
        yield server


@pytest.fixture
def bucket(s3: RunningS3, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    name = new_id("b").lower()
    s3.make_bucket(name)
    return name


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "disk":
        return Blobs(tmp_path / "files", tmp_path / "uploads")
    return Blobs(f"s3://{request.getfixturevalue('bucket')}/some/place", tmp_path / "uploads")


async def _keep(blobs: Blobs, name: str, *pieces: bytes) -> str:
    async with blobs.receive() as incoming:
        for piece in pieces:
            await incoming.write(piece)
        await blobs.keep(incoming, name)
        return incoming.sha256


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*")}


@pytest.mark.parametrize("data", [b"", b"a", _LARGE], ids=["empty", "small", "large"])
async def test_what_was_kept_is_read(blobs: Blobs, data: bytes) -> None:
    digest = await _keep(blobs, "file_1", data[:1000], data[1000:])

    read = await blobs.read("file_1")

    assert read == data
    assert digest == hashlib.sha256(data).hexdigest()


async def test_what_is_not_there_is_missing(blobs: Blobs) -> None:
    with pytest.raises(BlobMissing):
        await blobs.read("file_1")


async def test_what_was_deleted_is_gone_and_the_rest_is_not(blobs: Blobs) -> None:
    for name in ("file_1", "file_2", "file_3"):
        await _keep(blobs, name, name.encode())

    staying = await blobs.delete(["file_1", "file_3", "file_none"])

    assert staying == {}
    assert await blobs.read("file_2") == b"file_2"
    for name in ("file_1", "file_3"):
        with pytest.raises(BlobMissing):
            await blobs.read(name)


async def test_what_cannot_be_deleted_is_told_of_and_keeps_no_other_one(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "files", tmp_path / "uploads")
    await _keep(blobs, "file_2", b"data")
    for name in ("file_1", "file_3"):
        (tmp_path / "files" / name).mkdir()

    staying = await blobs.delete(["file_1", "file_2", "file_3"])

    assert list(staying) == ["file_1", "file_3"]
    assert "Is a directory" in staying["file_1"]
    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == ["file_1", "file_3"]


class _Locked(BaseHTTPRequestHandler):
    """An object store that lets nobody delete, or look at, what is locked."""

    deleted: ClassVar[list[str]]

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        key = body.partition("<Key>")[2].partition("</Key>")[0]
        if key.endswith("locked"):
            told = f"<Error><Key>{key}</Key><Code>AccessDenied</Code><Message>No</Message></Error>"
        else:
            self.deleted.append(key)
            told = f"<Deleted><Key>{key}</Key></Deleted>"
        answer = f"<DeleteResult>{told}</DeleteResult>".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


async def test_an_object_that_is_locked_keeps_no_other_one(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _Locked.deleted = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Locked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")

        try:
            staying = await Blobs(f"s3://{bucket}", tmp_path).delete(["file_1_locked", "file_2"])
        finally:
            server.shutdown()

    assert list(staying) == ["file_1_locked"]
    assert _Locked.deleted == ["file_2"]


async def test_what_is_not_kept_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with blobs.receive() as incoming:
            await incoming.write(_LARGE)
            raise ZeroDivisionError

    assert list((tmp_path / "uploads").iterdir()) == []
    with pytest.raises(BlobMissing):
        await blobs.read("file_1")


async def test_what_came_in_leaves_no_copy_behind(blobs: Blobs, tmp_path: Path) -> None:
    await _keep(blobs, "file_1", _LARGE)

    assert list((tmp_path / "uploads").iterdir()) == []


async def test_bytes_on_their_way_in_are_counted_and_their_head_is_known(blobs: Blobs) -> None:
    async with blobs.receive() as incoming:
        for piece in (b"%P", b"DF-", b"1.7\n", _LARGE):
            await incoming.write(piece)

        assert incoming.size_bytes == 9 + len(_LARGE)
        assert incoming.head == (b"%PDF-1.7\n" + _LARGE)[:32]


async def test_an_object_store_has_each_blob_whole_and_where_it_was_told_to(
    s3: RunningS3, bucket: str, tmp_path: Path
) -> None:
    blobs = Blobs(f"s3://{bucket}/some/place", tmp_path / "uploads")

    await _keep(blobs, "file_1", b"small")
    await _keep(blobs, "file_2", _LARGE)

    assert s3.objects(bucket) == {"some/place/file_1": 5, "some/place/file_2": len(_LARGE)}
    assert s3.unfinished(bucket) == 0


async def test_files_on_a_disk_are_nobody_elses_to_read(tmp_path: Path) -> None:
    await _keep(Blobs(tmp_path / "files", tmp_path / "uploads"), "file_1", b"secret")

    assert _modes(tmp_path) == {"files": 0o700, "uploads": 0o700, "file_1": 0o600}


async def test_an_object_store_that_is_away_is_told_from_a_blob_that_is(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    blobs = Blobs(f"s3://{bucket}", tmp_path / "uploads")

    async with blobs.receive() as incoming:
        with pytest.raises(BlobsUnavailable):
            await blobs.keep(incoming, "file_1")
    for attempt in (blobs.read("file_1"), blobs.delete(["file_1"])):
        with pytest.raises(BlobsUnavailable):
            await attempt


async def test_a_bucket_that_does_not_exist_is_no_missing_blob(bucket: str, tmp_path: Path) -> None:
    blobs = Blobs(f"s3://{bucket}-none", tmp_path / "uploads")

    async with blobs.receive() as incoming:
        with pytest.raises(BlobsUnavailable):
            await blobs.keep(incoming, "file_1")


async def test_a_disk_that_takes_nothing_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file where a folder should be")

    with pytest.raises(BlobsUnavailable):
        async with Blobs(tmp_path / "files", tmp_path / "uploads").receive():
            pass


@contextmanager
def _full_disk() -> Generator[None, None, None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_is_full_is_unavailable_and_nothing_stays_on_it(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "files", tmp_path / "uploads")

    with _full_disk(), pytest.raises(BlobsUnavailable):
        async with blobs.receive() as incoming:
            await incoming.write(_LARGE)

    assert list((tmp_path / "uploads").iterdir()) == []


async def test_what_crashes_left_is_cleared_away_when_it_is_old(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "files", tmp_path / "uploads")
    async with blobs.receive() as incoming:
        await incoming.write(_LARGE)
        for name, written_at in (("old", 99.0), ("new", 101.0)):
            left = tmp_path / "uploads" / name
            left.write_bytes(b"left")
            os.utime(left, (written_at, written_at))

        await blobs.clear_incoming(written_before=100.0)
        await blobs.keep(incoming, "file_1")

    assert [path.name for path in (tmp_path / "uploads").iterdir()] == ["new"]
    assert await blobs.read("file_1") == _LARGE


async def test_what_cannot_be_cleared_away_keeps_nothing_else(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "files", tmp_path / "uploads")
    for number in range(5):
        (tmp_path / "uploads" / f"folder_{number}").mkdir(parents=True)
        (tmp_path / "uploads" / f"left_{number}").write_bytes(b"left")

    with pytest.raises(BlobsUnavailable, match="folder_"):
        await blobs.clear_incoming(written_before=1e12)

    assert not list((tmp_path / "uploads").glob("left_*"))


async def test_many_come_in_at_once(blobs: Blobs) -> None:
    pieces = {f"file_{number}": os.urandom(100_000) for number in range(20)}

    await asyncio.gather(*(_keep(blobs, name, data) for name, data in pieces.items()))

    assert {name: await blobs.read(name) for name in pieces} == pieces


@pytest.mark.parametrize("address", ["ftp://somewhere/else", "s3://", "somewhere", "s3://a b/c"])
def test_an_address_that_leads_nowhere_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"^.{10,100}$"):
        object_store(address)
