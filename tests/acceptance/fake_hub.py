"""A small Hugging Face Hub on loopback: the few endpoints that a download meets.

The paths, headers and error codes are those that huggingface_hub 2.4 sends and understands.
"""

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(slots=True, kw_only=True)
class Repository:
    """A repository's files, and who may have them."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    gated: bool = False


@dataclass(slots=True, kw_only=True)
class FakeHub:
    """What the hub has, and what it was asked."""

    url: str
    repositories: dict[str, Repository]
    requests: list[str] = field(default_factory=list)
    """``METHOD path`` of each, with its ``Range`` where it had one."""
    break_after_bytes: int | None = None
    """End the next download's connection after so many bytes, once."""

    @property
    def env(self) -> dict[str, str]:
        """What a program needs in its environment to take this for the hub."""
        return {"HF_ENDPOINT": self.url, "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}


@contextmanager
def fake_hub(repositories: Mapping[str, Repository]) -> Generator[FakeHub]:
    """Serve ``repositories``, by ``OWNER/REPO``, until the end."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    web.hub = FakeHub(  # type: ignore[attr-defined]
        url=f"http://127.0.0.1:{web.server_port}", repositories=dict(repositories)
    )
    thread = threading.Thread(target=web.serve_forever, name="fake-hub")
    thread.start()
    try:
        yield web.hub  # type: ignore[attr-defined]
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _hub(self) -> FakeHub:
        return self.server.hub  # type: ignore[attr-defined]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # the base's own names
        """Say nothing: the tests read ``requests``."""

    def _answer(self) -> None:
        wanted = self.headers.get("range")
        self._hub.requests.append(f"{self.command} {self.path}" + (f" {wanted}" if wanted else ""))
        path = self.path.split("?")[0].strip("/")
        if path.startswith("api/models/"):
            self._model(path.removeprefix("api/models/"))
        else:
            owner, name, _, _, file = path.split("/", 4)
            self._file(f"{owner}/{name}", file)

    def _model(self, repository: str) -> None:
        found = self._hub.repositories.get(repository)
        if found is None:
            return self._refuse(401, "RepoNotFound")
        model = {
            "id": repository,
            "sha": _COMMIT,
            "siblings": [{"rfilename": path} for path in found.files],
        }
        return self._send(200, json.dumps(model).encode(), {"content-type": "application/json"})

    def _file(self, repository: str, file: str) -> None:
        found = self._hub.repositories[repository]
        if found.gated and "authorization" not in self.headers:
            return self._refuse(401, "GatedRepo")
        content = found.files.get(file)
        if content is None:
            return self._refuse(404, "EntryNotFound")
        headers = {"etag": f'"{_etag(content)}"', "x-repo-commit": _COMMIT}
        wanted = self.headers.get("range")
        if not wanted:
            return self._send(200, content, headers)
        start = int(wanted.removeprefix("bytes=").split("-")[0])
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self._send(206, content[start:], {**headers, "content-range": span})

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"x-error-code": code, "x-error-message": code})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        limit = self._hub.break_after_bytes
        if limit is not None and len(body) > limit:
            self._hub.break_after_bytes = None
            body = body[:limit]
            self.close_connection = True
        self.wfile.write(body)


def _etag(content: bytes) -> str:
    return f"{len(content):040x}"
