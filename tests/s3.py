"""A server that speaks S3, as a child process on a free port of this machine."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import certifi

_START_S = 60.0
_STOP_S = 10.0
_NAMES = {"s3": "http://s3.amazonaws.com/doc/2006-03-01/"}


@dataclass(slots=True, kw_only=True)
class RunningS3:
    """A server that answers, with buckets in its memory."""

    url: str
    _process: "subprocess.Popen[bytes]"

    @property
    def environment(self) -> dict[str, str]:
        """What leads the clients of S3 here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_REGION": "us-east-1",
            # Without anybody to trust the library makes no client, for plain HTTP neither.
            "SSL_CERT_FILE": certifi.where(),
        }

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket."""
        self.ask("PUT", name)

    def objects(self, bucket: str) -> dict[str, int]:
        """Return the sizes of what is in a bucket, by its names."""
        found = ET.fromstring(self.ask("GET", f"{bucket}?list-type=2"))  # noqa: S314 - our own server
        return {
            each.findtext("s3:Key", "", _NAMES): int(each.findtext("s3:Size", "0", _NAMES))
            for each in found.findall("s3:Contents", _NAMES)
        }

    def unfinished(self, bucket: str) -> int:
        """Return how many uploads in parts were begun and not ended."""
        found = ET.fromstring(self.ask("GET", f"{bucket}?uploads"))  # noqa: S314 - our own server
        return len(found.findall("s3:Upload", _NAMES))

    def ask(self, method: str, path: str) -> bytes:
        """Ask it something, as nobody in particular."""
        request = urllib.request.Request(f"{self.url}/{path}", method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=_START_S) as answer:  # noqa: S310 - loopback
            return answer.read()

    def stop(self) -> None:
        """End it at once, as a failure would."""
        self._process.kill()
        self._process.wait(_STOP_S)


@contextmanager
def running_s3() -> Generator[RunningS3, None, None]:
    """Start a server, wait until it answers, stop it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = RunningS3(url=f"http://127.0.0.1:{port}", _process=process)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        server.stop()


def _wait_until_ready(server: RunningS3) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            server.ask("GET", "moto-api/data.json")
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
