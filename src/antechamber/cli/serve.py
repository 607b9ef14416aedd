"""``antechamber serve``: start the server and say how to use it."""

import errno
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from antechamber.cli.failures import CommandFailed, told_plainly
from antechamber.cli.options import (
    ConfigFile,
    DataDir,
    Host,
    Port,
    Workers,
    examples,
    read_settings,
)

if TYPE_CHECKING:
    from antechamber.settings import Settings

EXAMPLES = examples(
    "antechamber serve",
    "antechamber serve --port 9000 --config antechamber.toml",
    "ANTECHAMBER_API_KEYS=secret antechamber serve --host 0.0.0.0",
)


def serve(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the Claude Messages API; with no configuration, on the embedded model."""
    overrides = {"server.host": host, "server.port": port, "server.workers": workers}
    # A signal that arrives before or after the web server's own care is as orderly an end.
    signal.signal(signal.SIGTERM, _leave)
    with told_plainly():
        _serve(config, data_dir, overrides)


def _serve(config: Path | None, data_dir: Path | None, overrides: Mapping[str, object]) -> None:
    from antechamber.assembly import run_server
    from antechamber.cli.announcement import announce

    settings = read_settings(config, data_dir, overrides)
    try:
        run_server(settings, announce)
    except KeyboardInterrupt:
        raise typer.Exit from None
    except OSError as error:
        raise CommandFailed(_in_words(error, settings)) from error


def _leave(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _in_words(error: OSError, settings: "Settings") -> str:
    host, port = settings.server.host, settings.server.port
    match error.errno:
        case errno.EADDRINUSE:
            other = port + 1 if port < 65_535 else 0
            return (
                f"Port {port} of {host} is taken.\n"
                f"  See by whom: antechamber doctor --host {host} --port {port}\n"
                f"  Or take another: antechamber serve --port {other}"
            )
        case errno.EACCES if port < 1024:
            return (
                f"Port {port} is reserved for the system; take one from 1024 on:\n"
                "  antechamber serve --port 8787"
            )
        case errno.EADDRNOTAVAIL:
            return f"server.host: {host} is no address of this machine; 127.0.0.1 always is."
        case _:
            return f"{host}:{port} cannot be served: {error.strerror or error}"
