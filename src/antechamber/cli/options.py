"""Options that several commands share, and the settings that they lead to."""

from collections.abc import Mapping
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

AsJson = Annotated[bool, typer.Option("--json", help="For programs: a list of objects.")]


def read_settings(
    config: Path | None, data_dir: Path | None, overrides: Mapping[str, object] | None = None
) -> "Settings":
    """Read the configuration; raises ``ConfigurationError``."""
    from antechamber.settings import load_settings

    return load_settings(config=config, data_dir=data_dir, overrides=overrides)


def examples(*lines: str) -> str:
    r"""Lay out a help text's last part; ``\b`` keeps its lines from being joined."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
