"""The command ``antechamber``: one subcommand a module.

What a subcommand needs is imported when it runs, so that ``--help`` answers at once.
"""

import io
import sys
from typing import Annotated, cast

import typer

from antechamber import __version__
from antechamber.cli import db, serve, usage, worker
from antechamber.cli.batches import command as batches
from antechamber.cli.chat import command as chat
from antechamber.cli.doctor import command as doctor
from antechamber.cli.files import command as files
from antechamber.cli.keys import command as keys
from antechamber.cli.models import command as models
from antechamber.cli.options import examples
from antechamber.cli.workspaces import command as workspaces

app = typer.Typer(
    name="antechamber",
    help="Serve the Claude Messages API over the models that you choose.",
    epilog=examples("antechamber serve", "antechamber chat", "antechamber doctor"),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.command("worker", epilog=worker.EXAMPLES)(worker.worker)
app.command("chat", epilog=chat.EXAMPLES)(chat.chat)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("usage", epilog=usage.EXAMPLES)(usage.usage)
app.add_typer(batches.app, name="batches")
app.add_typer(files.app, name="files")
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.add_typer(workspaces.app, name="workspaces")
app.add_typer(db.app, name="db")


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"antechamber {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Serve the Claude Messages API over the models that you choose."""


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Where the locale is not UTF-8, a mark that it lacks is no reason to fail.
            cast("io.TextIOWrapper", stream).reconfigure(errors="replace")
    app(prog_name="antechamber")  # also as ``python -m antechamber``
