"""Work in child processes: what comes back, and what becomes of a child that does not."""

import asyncio
import contextlib
import operator
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import venv
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest

import antechamber
from antechamber.catalogue.facts import ImageTier
from antechamber.media.image_head import PixelSize
from antechamber.media.pdf import PdfTooLong
from antechamber.media.pixels import MediaUnreadable, ShownImage, shown_image
from antechamber.runtime.fair_queue import Rank
from antechamber.runtime.workshop import WorkFailed, Workshop, WorkshopFull

MIB = 1024 * 1024


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    workshop = Workshop(processes=2, timeout_s=60, memory_mib=256)
    yield workshop
    await workshop.aclose()


async def ended(pid: int) -> bool:
    """Wait until a child has ended, and the event loop has noticed that its pipes have."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        await asyncio.to_thread(select.select, [handle], [], [])
        os.close(handle)
    for _ in range(10):
        await asyncio.sleep(0)
    return True


async def test_what_the_work_returns_comes_back_from_another_process(workshop: Workshop) -> None:
    assert await workshop.run(sorted, [2, 3, 1]) == [1, 2, 3]
    assert await workshop.run(os.getpid) != os.getpid()


async def test_what_the_work_raises_comes_back_with_where_it_was_raised(workshop: Workshop) -> None:
    pid = await workshop.run(os.getpid)

    with pytest.raises(ZeroDivisionError) as raised:
        await workshop.run(divmod, 1, 0)

    assert "workbench.py" in raised.value.__notes__[0]
    assert await workshop.run(os.getpid) == pid


async def test_a_megabyte_goes_in_and_a_larger_one_comes_out(workshop: Workshop) -> None:
    assert await workshop.run(operator.mul, bytes(MIB), 2) == bytes(2 * MIB)


async def test_jobs_one_after_the_other_use_one_child(workshop: Workshop) -> None:
    assert len({await workshop.run(os.getpid) for _ in range(3)}) == 1


async def test_no_more_than_so_many_work_at_a_time_and_of_one_in_the_order_of_their_coming(
    workshop: Workshop,
) -> None:
    begun: list[int] = []

    async def work(number: int) -> int:
        pid = await workshop.run(os.getpid)
        begun.append(number)
        return pid

    endless = asyncio.ensure_future(workshop.run(signal.pause))
    pids = await asyncio.gather(*map(work, range(5)))

    assert begun == [0, 1, 2, 3, 4]
    assert len(set(pids)) == 1
    endless.cancel()
    await asyncio.gather(endless, return_exceptions=True)


async def test_batches_wait_for_others_and_workspaces_take_turns() -> None:
    workshop = Workshop(processes=1, timeout_s=60, memory_mib=256)
    begun: list[str] = []

    async def work(name: str, rank: Rank, workspace: str) -> None:
        await workshop.run(os.getpid, rank=rank, workspace=workspace)
        begun.append(name)

    endless = asyncio.create_task(workshop.run(signal.pause))
    async with asyncio.TaskGroup() as group:
        for name, rank, workspace in WAITING:
            group.create_task(work(name, rank, workspace))
        await asyncio.sleep(0)
        endless.cancel()

    assert begun == ["first", "only", "second", "third", "batch item"]
    await workshop.aclose()


WAITING: list[tuple[str, Rank, str]] = [
    ("batch item", "batch", "a"),
    ("first", "standard", "a"),
    ("second", "standard", "a"),
    ("third", "standard", "a"),
    ("only", "standard", "b"),
]


async def test_who_finds_the_line_full_is_refused_but_a_batch_gives_way() -> None:
    workshop = Workshop(processes=1, timeout_s=60, memory_mib=256, most_waiting=1)
    endless = asyncio.create_task(workshop.run(signal.pause))
    batch_item = asyncio.create_task(workshop.run(os.getpid, rank="batch"))
    await asyncio.sleep(0)

    with pytest.raises(WorkshopFull):
        await workshop.run(os.getpid, rank="batch")
    live = asyncio.create_task(workshop.run(os.getpid))
    with pytest.raises(WorkshopFull):
        await batch_item

    endless.cancel()
    assert await live
    await workshop.aclose()


@pytest.mark.parametrize(
    ("work", "args", "reason"),
    [
        pytest.param(os.abort, (), "crash", id="it crashes"),
        pytest.param(os._exit, (0,), "crash", id="it ends without a word"),
        pytest.param(sys.exit, (), "crash", id="it exits"),
        pytest.param(bytes, (512 * MIB,), "memory", id="it takes too much memory"),
        pytest.param(len, (bytes(384 * MIB),), "crash", id="it is given too much"),
    ],
)
async def test_work_that_ends_its_child_fails_and_the_next_has_another(
    workshop: Workshop, work, args, reason: str
) -> None:
    pid = await workshop.run(os.getpid)

    with pytest.raises(WorkFailed) as failed:
        await workshop.run(work, *args)

    assert failed.value.reason == reason
    assert await ended(pid)
    assert await workshop.run(os.getpid) != pid


async def test_work_that_takes_too_long_is_ended() -> None:
    workshop = Workshop(processes=1, timeout_s=1, memory_mib=256)
    pid = await workshop.run(os.getpid)

    with pytest.raises(WorkFailed) as failed:
        await workshop.run(signal.pause)

    assert failed.value.reason == "timeout"
    assert await ended(pid)
    assert await workshop.run(os.getpid) != pid
    await workshop.aclose()


async def test_who_stops_waiting_ends_the_work() -> None:
    workshop = Workshop(processes=1, timeout_s=60, memory_mib=256)
    pid = await workshop.run(os.getpid)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await workshop.run(signal.pause)

    assert await ended(pid)
    assert await workshop.run(os.getpid) != pid
    await workshop.aclose()


async def test_a_child_that_the_system_has_ended_is_replaced(workshop: Workshop) -> None:
    pid = await workshop.run(os.getpid)

    os.kill(pid, signal.SIGKILL)
    assert await ended(pid)

    assert await workshop.run(os.getpid) != pid


async def test_closing_ends_every_child_and_the_work_that_is_not_done(
    workshop: Workshop, tmp_path: Path
) -> None:
    working = tmp_path / "working"
    os.mkfifo(working)
    busy = asyncio.ensure_future(workshop.run(exec, PAUSED.format(str(working))))
    pids = [int(await asyncio.to_thread(working.read_text)), await workshop.run(os.getpid)]

    await workshop.aclose()

    with pytest.raises(WorkFailed):
        await busy
    assert all([await ended(pid) for pid in pids])


PAUSED = """
import os, pathlib, signal
pathlib.Path({!r}).write_text(str(os.getpid()))
signal.pause()
"""


async def test_a_child_knows_nothing_of_the_server_and_little_at_all(workshop: Workshop) -> None:
    modules = await workshop.run(eval, "sorted(__import__('sys').modules)")

    ours = [name for name in modules if name.startswith("antechamber")]
    assert ours == ["antechamber", "antechamber.runtime", "antechamber.runtime.workbench"]
    assert not {"asyncio", "structlog", "pydantic"} & set(modules)


async def test_a_child_has_nothing_of_the_environment(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY_OF_THE_SERVER", "sk-secret")

    environment = await workshop.run(Path.read_text, Path("/proc/self/environ"))

    assert "PATH=" in environment
    assert "A_KEY_OF_THE_SERVER" not in environment


def test_a_child_imports_from_where_the_server_does(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    packages = tmp_path / "packages"
    packages.mkdir()
    for package in (antechamber, msgspec):
        folder = Path(package.__file__ or "").parent
        (packages / folder.name).symlink_to(folder)

    parent = subprocess.run(
        [tmp_path / "bare" / "bin" / "python", "-c", PARENT, "pass"],
        env={"PYTHONPATH": str(packages)},
        check=False,
    )

    assert parent.returncode == 0


async def test_the_server_goes_before_its_children(workshop: Workshop) -> None:
    assert await workshop.run(os.nice, 0) == min(os.nice(0) + 10, 19)


async def test_a_child_may_have_so_much_memory_and_is_out_of_reach_of_ctrl_c(
    workshop: Workshop,
) -> None:
    assert await workshop.run(resource.getrlimit, resource.RLIMIT_AS) == [256 * MIB] * 2
    assert await workshop.run(os.getpgid, 0) != os.getpgid(0)


async def test_what_the_work_prints_is_not_taken_for_an_answer(workshop: Workshop) -> None:
    assert await workshop.run(print, "printed") is None
    assert await workshop.run(os.write, 1, b"written\n") == 8


async def test_what_cannot_be_told_is_said_to_be_so(workshop: Workshop) -> None:
    with pytest.raises((pickle.PicklingError, TypeError)):
        await workshop.run(open, os.devnull)


# ---- a child that what it has opened speaks through ----

SAYS = """
import os, signal, sys
os.write(sys._getframe(2).f_locals["outcomes"].fileno(), {!r})
signal.pause()
"""
TIER = ImageTier(long_edge_px=1_568, max_tokens=1_568, formula="patches")
PIXEL = b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
PDFS, WORK = PdfTooLong.__module__, WorkFailed.__module__


DONE = b"\x82\xa4type\xa4Done\xa5value"
"""In msgpack, up to where the value begins."""


def said(answer: bytes) -> bytes:
    return len(answer).to_bytes(8) + answer


class Hostile:
    """Makes a folder of that name wherever it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self._folder),)


async def test_an_answer_is_not_run(workshop: Workshop, tmp_path: Path) -> None:
    pid = await workshop.run(os.getpid)
    answer = pickle.dumps(Hostile(tmp_path / "made"))

    with pytest.raises(WorkFailed) as failed:
        await workshop.run(exec, SAYS.format(said(answer)))

    assert failed.value.reason == "crash"
    assert not (tmp_path / "made").exists()
    assert await workshop.run(os.getpid) != pid


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(said(b""), id="nothing"),
        pytest.param(said(DONE + b"\x91" * 100_000), id="one in another without an end"),
        pytest.param((1 << 40).to_bytes(8), id="more than there is room for"),
        pytest.param(said(msgspec.msgpack.encode({"type": "Made"})), id="none of the outcomes"),
    ],
)
async def test_an_answer_that_is_none_ends_the_child(workshop: Workshop, answer: bytes) -> None:
    with pytest.raises(WorkFailed) as failed:
        await workshop.run(exec, SAYS.format(answer))

    assert failed.value.reason == "crash"


SHOWS = """
import antechamber.media.pixels

def shown_image(*args):
    {}

antechamber.media.pixels.shown_image = shown_image
"""
RAISES = "raise type({!r}, (Exception,), dict(__module__={!r}))(*{!r})"


@pytest.mark.parametrize(
    "value",
    [None, "text", {"data": b"", "media_type": 7, "size": [1, 1], "original": [1, 1]}],
)
async def test_an_answer_is_of_the_type_that_the_work_gives(
    workshop: Workshop, value: object
) -> None:
    await workshop.run(exec, SHOWS.format(f"return {value!r}"))

    with pytest.raises(WorkFailed) as failed:
        await workshop.run(shown_image, b"", TIER)

    assert failed.value.reason == "crash"


async def test_what_the_work_gives_and_raises_of_its_own_kinds_comes_back_as_it_was(
    workshop: Workshop,
) -> None:
    small = PixelSize(1, 1)
    image = ShownImage(data=PIXEL, media_type="image/gif", size=small, original=small)

    assert await workshop.run(shown_image, PIXEL, TIER) == image
    with pytest.raises(MediaUnreadable):
        await workshop.run(shown_image, b"", TIER)
    await workshop.run(exec, SHOWS.format(RAISES.format("PdfTooLong", PDFS, (3, 2))))
    with pytest.raises(PdfTooLong) as raised:
        await workshop.run(shown_image, b"", TIER)
    assert (raised.value.pages, raised.value.most) == (3, 2)


@pytest.mark.parametrize(
    ("name", "module", "args", "kind"),
    [
        pytest.param("PdfTooLong", PDFS, (), WorkFailed, id="with too little"),
        pytest.param("Page", PDFS, (), RuntimeError, id="a class that is no exception"),
        pytest.param("opened_pdf", PDFS, (), RuntimeError, id="a function"),
        pytest.param("Unknown", PDFS, (), RuntimeError, id="nothing there"),
        pytest.param("Unknown", "antechamber.media.none", (), RuntimeError, id="nowhere"),
        pytest.param("WorkFailed", WORK, ("memory",), RuntimeError, id="another's"),
        pytest.param("SystemExit", "builtins", (), RuntimeError, id="what ends a program"),
    ],
)
async def test_of_what_it_raises_nothing_else_is_taken_at_its_word(
    workshop: Workshop, name: str, module: str, args: tuple[object, ...], kind: type[Exception]
) -> None:
    await workshop.run(exec, SHOWS.format(RAISES.format(name, module, args)))

    with pytest.raises(Exception) as raised:
        await workshop.run(shown_image, b"", TIER)

    assert type(raised.value) is kind


PARENT = """
import asyncio, sys
from antechamber.runtime.workshop import Workshop

workshop = Workshop(processes=1, timeout_s=60, memory_mib=256)
asyncio.run(workshop.run(exec, sys.argv[1]))
"""


def test_a_child_at_work_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    working = tmp_path / "working"
    os.mkfifo(working)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, PAUSED.format(str(working))])
    child = psutil.Process(int(working.read_text()))

    parent.kill()
    parent.wait()

    child.wait(20)
