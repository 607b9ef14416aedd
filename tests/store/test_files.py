"""Files as the database and a disk keep them: from their arrival until nothing is known of them."""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from antechamber.operations.attachments.shelf import FileShelf
from antechamber.operations.files import Files, FilesSwept, NewFile
from antechamber.operations.pages import PageOrder
from antechamber.settings import FilesSettings
from antechamber.store import files as rows
from antechamber.store.blobs import Blobs, BlobsUnavailable, Incoming
from antechamber.store.database import Database
from antechamber.store.files import FileRow
from antechamber.wire.errors import (
    InternalError,
    InvalidRequest,
    NotFound,
    Overloaded,
    RequestTooLarge,
)
from antechamber.wire.ids import new_id
from tests.unit.operations.stage import StillClock

_HOUR_S = 3600.0
_DAY_S = 24 * _HOUR_S
_TEAM, _OTHERS = "wrkspc_team", "wrkspc_others"


class CountedBlobs(Blobs):
    """Blobs on a disk that count how often each is read, and fail when they are told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "files", folder / "uploads")
        self.folder = folder / "files"
        self.reads: list[str] = []
        self.is_away = False
        self.is_read = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.once_kept: Callable[[], Awaitable[object]] | None = None

    async def read(self, name: str) -> bytes:
        self.reads.append(name)
        self.is_read.set()
        await self.may_read.wait()
        return await super().read(name)

    async def keep(self, incoming: Incoming, name: str) -> None:
        await super().keep(incoming, name)
        self._fail()
        if self.once_kept is not None:
            await self.once_kept()

    async def delete(self, names: Collection[str]) -> dict[str, str]:
        self._fail()
        return await super().delete(names)

    def _fail(self) -> None:
        if self.is_away:
            raise BlobsUnavailable("away")

    @property
    def names(self) -> set[str]:
        return {path.name for path in self.folder.glob("*")}


class Scene:
    """Files of a process whose clock stands still."""

    def __init__(self, database: Database, folder: Path, **settings: Any) -> None:
        self.database = database
        self.clock = StillClock(at=1_700_000_000.0)
        self.blobs = CountedBlobs(folder)
        chosen = FilesSettings(**settings)
        self.shelf = FileShelf(
            database,
            self.blobs,
            self.clock,
            cache_mib=chosen.cache_mib,
            most_bytes=100_000,
        )
        self.files = Files(database, self.blobs, self.shelf, chosen, self.clock, new_id)

    async def upload(self, data: bytes = b"data", **wanted: Any) -> FileRow:
        new: dict[str, Any] = {
            "workspace_id": _TEAM,
            "filename": "a.bin",
            "mime_type": "text/plain",
            "expires_in_s": None,
        }
        async with self.files.receive() as incoming:
            await incoming.write(data)
            return await self.files.keep(incoming, NewFile(**(new | wanted)))

    async def listed(self) -> list[str]:
        page = await self.files.page(_TEAM, limit=100, page=None)
        return [row.id for row in page.data]

    def kept_rows(self) -> int:
        return self.database.read_now(lambda it: len(it.execute(rows.files.select()).all()))


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncGenerator[Scene, None]:
    made = Scene(database, tmp_path)
    yield made
    await made.shelf.aclose()


async def test_a_file_is_found_as_it_was_uploaded(scene: Scene) -> None:
    row = await scene.upload(b"%PDF-1.7", filename="paper.pdf", mime_type=None)

    assert await scene.files.find(row.id, _TEAM) == replace(row, status="kept")
    assert (row.filename, row.mime_type, row.size_bytes) == ("paper.pdf", "application/pdf", 8)
    assert row.created_at == scene.clock.now()
    assert not row.downloadable
    assert row.expires_at is None
    shelved = await scene.shelf.read(row.id, _TEAM)
    assert (shelved.mime_type, shelved.data) == ("application/pdf", b"%PDF-1.7")


async def test_what_a_file_is_shows_in_its_bytes_or_its_name(scene: Scene) -> None:
    uploads = [
        (b"%PDF-1.4", "scan.bin", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "screenshot", "image/png"),
        (b"\xff\xd8\xff", None, "image/jpeg"),
        (b"a,b\n1,2\n", "table.csv", "text/csv"),
        (b"Hello", "notes.txt", "text/plain"),
        (b"Hello", "notes", "application/octet-stream"),
        (b"", None, "application/octet-stream"),
    ]

    made = [await scene.upload(data, filename=name, mime_type=None) for data, name, _ in uploads]

    assert [row.mime_type for row in made] == [kind for *_, kind in uploads]


async def test_a_file_without_a_name_gets_one(scene: Scene) -> None:
    kinds = ("application/pdf", "application/x-own")

    made = [await scene.upload(filename=None, mime_type=kind) for kind in kinds]

    assert [row.filename for row in made] == ["unnamed.pdf", "unnamed"]


async def test_no_other_workspace_sees_a_file(scene: Scene) -> None:
    row = await scene.upload()
    foreign = (row.id, _OTHERS)

    for attempt in (
        scene.files.find(*foreign),
        scene.files.refuse_download(*foreign),
        scene.files.delete(*foreign),
        scene.shelf.read(*foreign),
    ):
        with pytest.raises(NotFound, match=rf"^File `{row.id}` not found\.$"):
            await attempt
    assert (await scene.files.page(_OTHERS, limit=20, page=None)).data == []
    assert await scene.files.among(_OTHERS, [row.id]) == []
    with pytest.raises(InvalidRequest, match="is not in this list"):
        await scene.files.part(_OTHERS, PageOrder(after_id=row.id))
    assert await scene.listed() == [row.id]


async def test_what_cannot_be_an_id_is_no_file(scene: Scene) -> None:
    for file_id in ("", "file_", "file_01\0", "file_" + "a" * 60, "file_é", "msg_1"):
        with pytest.raises(NotFound, match="not found"):
            await scene.files.find(file_id, _TEAM)
        assert await scene.files.among(_TEAM, [file_id]) == []


async def test_pages_go_on_after_files_that_were_deleted_meanwhile(scene: Scene) -> None:
    made = []
    for _ in range(7):
        made.insert(0, (await scene.upload()).id)
        scene.clock.at += 1
    seen: list[str] = []
    cursor = None

    while cursor is not None or not seen:
        page = await scene.files.page(_TEAM, limit=3, page=cursor)
        for row in page.data:
            await scene.files.delete(row.id, _TEAM)
        seen += [row.id for row in page.data]
        cursor = page.next_page

    assert seen == made
    assert await scene.listed() == []


async def test_files_of_the_same_moment_are_each_listed_once(scene: Scene) -> None:
    made = sorted([(await scene.upload()).id for _ in range(7)], reverse=True)
    first = await scene.files.page(_TEAM, limit=4, page=None)
    rest = await scene.files.page(_TEAM, limit=4, page=first.next_page)

    assert [row.id for row in (*first.data, *rest.data)] == made
    assert rest.next_page is None


async def test_the_older_list_goes_both_ways(scene: Scene) -> None:
    made = sorted([(await scene.upload()).id for _ in range(5)], reverse=True)

    async def part(**order: Any) -> tuple[list[str], bool]:
        page = await scene.files.part(_TEAM, PageOrder(limit=2, **order))
        return [row.id for row in page.data], page.has_more

    assert await part() == (made[:2], True)
    assert await part(after_id=made[1]) == (made[2:4], True)
    assert await part(after_id=made[3]) == (made[4:], False)
    assert await part(before_id=made[3]) == (made[1:3], True)
    assert await part(before_id=made[2]) == (made[:2], False)
    await scene.files.delete(made[1], _TEAM)
    assert await part(after_id=made[1]) == (made[2:4], True)
    for name, file_id in (("after_id", "file_1"), ("before_id", "file_1"), ("after_id", "\0")):
        with pytest.raises(InvalidRequest, match=f"{name}: .* is not in this list"):
            await part(**{name: file_id})
    with pytest.raises(InvalidRequest, match="cannot both be specified"):
        await part(after_id=made[0], before_id=made[2])


async def test_a_cursor_of_nobodys_is_refused(scene: Scene) -> None:
    year_1 = "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwiIl0"

    for cursor in ("", "page_", "page_AAAA", "page_é", f"page_{year_1}"):
        with pytest.raises(InvalidRequest, match="page: Input should be the next_page of a list"):
            await scene.files.page(_TEAM, limit=20, page=cursor)


async def test_a_file_used_many_times_at_once_and_later_is_read_once(scene: Scene) -> None:
    row = await scene.upload(b"often")
    scene.blobs.may_read.clear()
    reading = [asyncio.create_task(scene.shelf.read(row.id, _TEAM)) for _ in range(100)]
    await scene.blobs.is_read.wait()
    scene.blobs.may_read.set()

    at_once = await asyncio.gather(*reading)
    later = [await scene.shelf.read(row.id, _TEAM) for _ in range(100)]

    assert {shelved.data for shelved in (*at_once, *later)} == {b"often"}
    assert scene.blobs.reads == [row.id]


async def test_a_deleted_file_is_gone_at_once_for_another_process_too(
    scene: Scene, tmp_path: Path
) -> None:
    row = await scene.upload()
    other = Scene(scene.database, tmp_path)
    await scene.shelf.read(row.id, _TEAM)
    await other.shelf.read(row.id, _TEAM)

    await scene.files.delete(row.id, _TEAM)

    for each in (scene, other):
        with pytest.raises(NotFound):
            await each.shelf.read(row.id, _TEAM)
    with pytest.raises(NotFound):
        await scene.files.delete(row.id, _TEAM)
    assert scene.blobs.names == set()


async def test_a_file_larger_than_a_request_may_be_is_not_read_for_one(scene: Scene) -> None:
    row = await scene.upload(b"a" * 100_001)

    with pytest.raises(RequestTooLarge, match="Request exceeds the maximum size"):
        await scene.shelf.read(row.id, _TEAM)
    assert scene.blobs.reads == []


async def test_a_file_whose_bytes_somebody_took_away_is_a_fault_of_the_server(
    scene: Scene,
) -> None:
    row = await scene.upload()
    (scene.blobs.folder / row.id).unlink()

    with pytest.raises(InternalError):
        await scene.shelf.read(row.id, _TEAM)


async def test_a_file_expires_when_it_was_told_to(scene: Scene) -> None:
    row = await scene.upload(expires_in_s=3600)
    await scene.shelf.read(row.id, _TEAM)

    scene.clock.at += 3599
    await scene.shelf.read(row.id, _TEAM)
    scene.clock.at += 1

    with pytest.raises(NotFound, match="has expired") as caught:
        await scene.shelf.read(row.id, _TEAM)
    assert caught.value.details == {"error_code": "file_expired"}
    assert (await scene.files.find(row.id, _TEAM)).expires_at == scene.clock.now()


async def test_a_default_expiry_is_for_files_that_name_none(
    database: Database, tmp_path: Path
) -> None:
    scene = Scene(database, tmp_path, expiry_s=7200)

    default, own = await scene.upload(), await scene.upload(expires_in_s=3600)

    told = [row.expires_at and row.expires_at - row.created_at for row in (default, own)]
    assert told == [timedelta(seconds=7200), timedelta(seconds=3600)]


async def test_nothing_is_downloaded_that_was_uploaded(scene: Scene) -> None:
    row = await scene.upload(expires_in_s=3600)

    with pytest.raises(InvalidRequest, match=r"is not downloadable\.$") as caught:
        await scene.files.refuse_download(row.id, _TEAM)
    scene.clock.at += 3600
    with pytest.raises(NotFound, match="has expired") as over:
        await scene.files.refuse_download(row.id, _TEAM)

    assert caught.value.details == {"error_code": "file_not_downloadable"}
    assert over.value.details == {"error_code": "file_expired"}


async def test_all_files_together_have_a_limit(database: Database, tmp_path: Path) -> None:
    scene = Scene(database, tmp_path, max_total_bytes=1024)
    first = await scene.upload(b"a" * 1000)

    with pytest.raises(InvalidRequest) as caught:
        await scene.upload(b"a" * 25, workspace_id=_OTHERS)
    await scene.upload(b"a" * 24)
    await scene.files.delete(first.id, _TEAM)
    await scene.upload(b"a" * 1000)

    assert caught.value.details == {"error_code": "storage_quota_exceeded"}


async def test_a_disk_that_takes_nothing_is_nobodys_bug(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file where a folder should be")

    with pytest.raises(Overloaded):
        await scene.upload()


async def test_the_sweep_leaves_what_is_still_good(scene: Scene) -> None:
    kept = [await scene.upload(), await scene.upload(expires_in_s=7200)]
    scene.clock.at += 7199

    swept = await scene.files.sweep()

    assert swept == FilesSwept(expired=0, deleted=0, forgotten=0)
    assert scene.blobs.names == {row.id for row in kept}
    assert set(await scene.listed()) == {row.id for row in kept}


async def test_an_expired_file_loses_its_bytes_first_and_is_forgotten_after_30_days(
    scene: Scene,
) -> None:
    row = await scene.upload(expires_in_s=3600)
    scene.clock.at += _HOUR_S

    assert (await scene.files.sweep()).expired == 1
    assert scene.blobs.names == set()
    assert await scene.listed() == [row.id]
    with pytest.raises(NotFound, match="has expired"):
        await scene.shelf.read(row.id, _TEAM)
    scene.clock.at += 30 * _DAY_S - 1
    assert (await scene.files.sweep()).forgotten == 0
    assert (await scene.files.find(row.id, _TEAM)).id == row.id
    scene.clock.at += 1
    assert await scene.files.sweep() == FilesSwept(expired=0, deleted=0, forgotten=1)
    with pytest.raises(NotFound, match="not found"):
        await scene.files.find(row.id, _TEAM)
    assert scene.kept_rows() == 0


async def test_bytes_that_nobody_was_told_of_are_swept_after_a_while(scene: Scene) -> None:
    scene.blobs.is_away = True
    with pytest.raises(Overloaded):
        await scene.upload()
    scene.blobs.is_away = False
    [orphan] = scene.blobs.names

    assert await scene.listed() == []
    with pytest.raises(NotFound):
        await scene.files.find(orphan, _TEAM)
    await scene.files.sweep()
    assert scene.blobs.names == {orphan}, "it may be on its way still"
    for _ in range(2):
        scene.clock.at += _HOUR_S
        await scene.files.sweep()
    assert scene.blobs.names == set()
    assert scene.kept_rows() == 0


async def test_an_upload_that_takes_longer_than_the_sweep_waits_is_refused_and_swept(
    scene: Scene,
) -> None:
    async def take_an_hour() -> None:
        scene.clock.at += _HOUR_S
        await scene.files.sweep()

    scene.blobs.once_kept = take_an_hour

    with pytest.raises(Overloaded):
        await scene.upload()

    scene.clock.at += _HOUR_S
    assert (await scene.files.sweep()).deleted == 1
    assert (scene.blobs.names, scene.kept_rows()) == (set(), 0)


async def test_a_deletion_that_did_not_reach_the_bytes_is_finished_by_the_sweep(
    scene: Scene,
) -> None:
    row = await scene.upload()
    scene.blobs.is_away = True

    await scene.files.delete(row.id, _TEAM)

    assert scene.blobs.names == {row.id}
    scene.clock.at += _HOUR_S
    assert (await scene.files.sweep()).deleted == 0
    scene.blobs.is_away = False
    assert (await scene.files.sweep()).deleted == 1
    assert (scene.blobs.names, scene.kept_rows()) == (set(), 0)


async def test_a_sweep_takes_more_than_one_round_where_there_is_much(scene: Scene) -> None:
    old = await scene.upload(expires_in_s=3600)

    def copies(connection: Any) -> None:
        for number in range(1200):
            rows.add_file(connection, replace(old, id=f"file_{number}", status="kept"))

    scene.database.write_now(copies)
    scene.clock.at += _HOUR_S

    assert (await scene.files.sweep()).expired == 1201


async def test_bytes_that_cannot_be_removed_keep_no_others(scene: Scene) -> None:
    files = [await scene.upload(expires_in_s=3600) for _ in range(6)]
    for row in files[:2]:
        (scene.blobs.folder / row.id).unlink()
        (scene.blobs.folder / row.id).mkdir()
    for row in files[1:5]:
        await scene.files.delete(row.id, _TEAM)
    scene.clock.at += _HOUR_S

    with capture_logs() as logged:
        swept = await scene.files.sweep()

    assert swept == FilesSwept(expired=1, deleted=3, forgotten=0)
    assert scene.blobs.names == {row.id for row in files[:2]}
    told = [(each["count"], each["first"]) for each in logged if each["event"] == "blobs_stay"]
    assert told == [(1, row.id) for row in files[:2]]
    for row in files[:2]:
        (scene.blobs.folder / row.id).rmdir()
    assert await scene.files.sweep() == FilesSwept(expired=1, deleted=1, forgotten=0)


async def test_more_bytes_that_stay_than_are_swept_at_once_keep_no_others(scene: Scene) -> None:
    row = await scene.upload(expires_in_s=3600)
    old = replace(row, expires_at=row.created_at, status="kept")

    def copies(connection: Any) -> None:
        for number in range(600):
            rows.add_file(connection, replace(old, id=f"file_{number}"))
            (scene.blobs.folder / f"file_{number}").mkdir()

    scene.database.write_now(copies)
    scene.clock.at += _HOUR_S

    with capture_logs() as logged:
        swept = await scene.files.sweep()

    assert swept.expired == 1
    assert [each["count"] for each in logged if each["event"] == "blobs_stay"] == [600]


async def test_an_upload_that_cannot_be_cleared_away_keeps_nothing_else(scene: Scene) -> None:
    row = await scene.upload(expires_in_s=3600)
    stuck = scene.blobs.folder.parent / "uploads" / "stuck"
    stuck.mkdir()
    os.utime(stuck, (0.0, 0.0))
    scene.clock.at += _HOUR_S

    with capture_logs() as logged:
        swept = await scene.files.sweep()

    assert swept.expired == 1
    assert [each["part"] for each in logged if each["event"] == "sweep_failed"] == ["uploads"]
    assert (await scene.files.find(row.id, _TEAM)).status == "expired"


async def test_while_the_database_is_away_the_server_is_overloaded(scene: Scene) -> None:
    row = await scene.upload()
    scene.database.write_now(lambda it: it.exec_driver_sql("DROP TABLE files"))

    for attempt in (
        scene.upload(),
        scene.files.find(row.id, _TEAM),
        scene.files.page(_TEAM, limit=20, page=None),
        scene.shelf.read(row.id, _TEAM),
    ):
        with pytest.raises(Overloaded):
            await attempt
