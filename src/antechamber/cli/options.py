"""Options that several commands share, and the settings that they lead to."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from antechamber.settings import Settings

# The environment variables are named in the help but read by settings, which reads all of them.
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration (TOML); else ANTECHAMBER_CONFIG, else antechamber.toml here or in "
        "the data directory.",
        show_default=False,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIRECTORY",
        help="Where keys and models are kept; else ANTECHAMBER_DATA_DIR, else the system's place.",
        show_default=False,
    ),
]

Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[
    int | None, typer.Option(help="Port to listen on; 0 takes a free one. [default: 8787]")
]
Workers = Annotated[
    int | None, typer.Option(help="Processes that answer; they share one model. [default: 1]")
]

USUAL_ADDRESS = "http://127.0.0.1:8787"
BaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="ANTHROPIC_BASE_URL",
        help="Server of the Messages API. [default: the address in the configuration that serve "
        f"would find here, else {USUAL_ADDRESS}]",
        show_default=False,
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(envvar="ANTHROPIC_API_KEY", help="Key, where the server asks for one."),
]
AuthToken = Annotated[
    str | None,
    typer.Option(
        envvar="ANTHROPIC_AUTH_TOKEN", help="Bearer token, for gateways that take no key."
    ),
]

_ID = re.compile(r"[\w-]+")

AsJson = Annotated[bool, typer.Option("--json", help="For programs: a list of objects.")]


def read_settings(
    config: Path | None, data_dir: Path | None, overrides: Mapping[str, object] | None = None
) -> "Settings":
    """Read the configuration; raises ``ConfigurationError``."""
    from antechamber.settings import load_settings

    return load_settings(config=config, data_dir=data_dir, overrides=overrides)


def id_like(example: str) -> Callable[[str], str]:
    """Return a check of an argument that is an id; in a script it may be an empty variable."""

    def checked(text: str) -> str:
        if not _ID.fullmatch(text):
            message = f"give the id, {example}"
            raise typer.BadParameter(message)
        return text

    return checked


def examples(*lines: str) -> str:
    r"""Lay out a help text's last part; ``\b`` keeps its lines from being joined."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
