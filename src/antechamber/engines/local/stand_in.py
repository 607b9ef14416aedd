"""What answers at the model's port when its child is not started again: it tells every worker."""

import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import structlog

GIVEN_UP = 410
"""The status of every answer; llama.cpp's own server never gives it."""
_log = structlog.get_logger("antechamber.engines.local")
_LOOK_S = 0.1
"""How soon it notices that it is to end."""
_PATIENCE_S = 5.0
"""For a client that does not finish its request."""


class _Refusal(BaseHTTPRequestHandler):
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        """Refuse a look at health or properties."""
        self._refuse()

    def do_POST(self) -> None:
        """Refuse a completion; its body is read, or the client would see a broken connection."""
        left = int(self.headers.get("content-length", "0"))
        while left > 0 and (read := len(self.rfile.read(min(left, 65_536)))):
            left -= read
        self._refuse()

    def _refuse(self) -> None:
        self.send_response(GIVEN_UP)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the reason is in the log already."""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    timeout = _LOOK_S

    def handle_error(self, request: object, client_address: object) -> None:
        """Take note of a client that left early; nobody has to do anything about it."""
        _log.debug("local_model_stand_in_left_alone")


def refuse_until(closing: threading.Event, port: int) -> None:
    """Answer ``GIVEN_UP`` to everything on ``port`` of loopback until ``closing`` is set."""
    try:
        server = _Server(("127.0.0.1", port), _Refusal)
    except OSError as error:
        # Something else has taken the port: requests wait for start_timeout_s, as for any model.
        _log.warning("local_model_stand_in_failed", reason=str(error))
        return
    with server:
        while not closing.is_set():
            server.handle_request()
