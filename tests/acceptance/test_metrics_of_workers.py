"""Whichever worker is asked for the metrics answers for all of them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

_PROGRAM = "tests.acceptance.counting_server"
_IN_A_ROW = 12
"""Scrapes over new connections, so that both workers have answered some of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counting:
    url: str
    own_port_url: str

    def count(self) -> int:
        """Have one request counted; return the process that did."""
        return int(httpx2.post(f"{self.url}/count", timeout=20).text)

    def count_on_both(self) -> tuple[int, set[int]]:
        """Return how many were counted, and the processes that did."""
        pids: set[int] = set()
        counted = 0
        while len(pids) < 2:
            pids.add(self.count())
            counted += 1
        return counted, pids

    def scraped(self, url: str) -> float:
        return _requests(httpx2.get(f"{url}/metrics", timeout=20))

    def wait_until_scraped(self, url: str, counted: int) -> None:
        """Return when every worker tells so many; a number beyond them is an error."""
        in_a_row = 0
        while in_a_row < _IN_A_ROW:
            scraped = self.scraped(url)
            assert scraped <= counted
            in_a_row = in_a_row + 1 if scraped == counted else 0

    def wait_until_told_by(self, pids: set[int], counted: int) -> None:
        """Return when each of these processes has told so many."""
        waiting = set(pids)
        while waiting:
            answer = httpx2.get(f"{self.url}/metrics", timeout=20)
            if _requests(answer) == counted:
                waiting.discard(int(answer.headers["x-process"]))


def _requests(answer: httpx2.Response) -> float:
    (requests,) = (
        family
        for family in text_string_to_metric_families(answer.text)
        if family.name == "antechamber_requests"
    )
    return sum(sample.value for sample in requests.samples)


@contextmanager
def _counting_server(folder: Path) -> Generator[_Counting, None, None]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        own_port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", _PROGRAM, str(folder), str(own_port)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        with process.stdout as output:
            url = output.readline().strip()
            yield _Counting(url=url, own_port_url=f"http://127.0.0.1:{own_port}")
    finally:
        process.terminate()
        process.wait(20)


def test_either_worker_tells_the_numbers_of_both(tmp_path: Path) -> None:
    with _counting_server(tmp_path) as server:
        counted, _ = server.count_on_both()

        server.wait_until_scraped(server.url, counted)


def test_a_port_of_its_own_is_served_by_either_worker_with_the_numbers_of_both(
    tmp_path: Path,
) -> None:
    with _counting_server(tmp_path) as server:
        counted, _ = server.count_on_both()

        server.wait_until_scraped(server.own_port_url, counted)


def test_the_counts_of_a_killed_worker_stay(tmp_path: Path) -> None:
    with _counting_server(tmp_path) as server:
        counted, pids = server.count_on_both()
        # Each has the other's last count then, so nothing is only in a memory that is lost.
        server.wait_until_told_by(pids, counted)

        os.kill(pids.pop(), signal.SIGKILL)

        assert server.scraped(server.url) == counted
        more, _ = server.count_on_both()
        server.wait_until_scraped(server.url, counted + more)


def test_an_orderly_end_leaves_nothing_behind(tmp_path: Path) -> None:
    with _counting_server(tmp_path) as server:
        server.count()

    assert list(tmp_path.iterdir()) == []
