"""The head of an answer and what follows it go out as one write."""

import asyncio
from contextlib import closing

import pytest

from antechamber.http.one_write import _HeadHeldBack

_HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class _Transport(asyncio.Transport):
    """Notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[object] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.noted.append(bytes(data))

    def writelines(self, list_of_data: object) -> None:
        self.noted.append(list_of_data)

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.noted.append("close")

    def abort(self) -> None:
        self.noted.append("abort")


@pytest.fixture
def transport() -> _Transport:
    return _Transport()


async def _held(transport: _Transport) -> _HeadHeldBack:
    return _HeadHeldBack(transport, asyncio.get_running_loop())


async def test_head_and_body_are_one_write(transport: _Transport) -> None:
    held = await _held(transport)

    held.write(_HEAD)
    held.write(b"body")
    held.write(b"more")
    await asyncio.sleep(0)

    assert transport.noted == [(_HEAD, b"body"), b"more"]


async def test_a_head_with_nothing_behind_it_goes_out_by_itself(transport: _Transport) -> None:
    held = await _held(transport)

    held.write(_HEAD)
    assert transport.noted == []
    await asyncio.sleep(0)

    assert transport.noted == [_HEAD]


async def test_closing_sends_the_head_first(transport: _Transport) -> None:
    with closing(await _held(transport)) as held:
        held.write(_HEAD)

    assert transport.noted == [_HEAD, "close"]


async def test_aborting_sends_nothing_more(transport: _Transport) -> None:
    held = await _held(transport)

    held.abort()

    assert transport.noted == ["abort"]


async def test_lines_that_were_added_stand_in_the_next_head_alone(transport: _Transport) -> None:
    held = await _held(transport)

    held.add_lines(b"one: 1\r\n")
    held.add_lines(b"two: 2\r\n")
    held.write(b"HTTP/1.1 200 OK\r\n\r\n")
    held.write(b"body")
    held.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await asyncio.sleep(0)

    head = b"HTTP/1.1 200 OK\r\none: 1\r\ntwo: 2\r\n\r\n"
    assert transport.noted == [(head, b"body"), b"HTTP/1.1 204 No Content\r\n\r\n"]
