"""``antechamber db``: where the database is, and whether its tables are up to date."""

import typer

from antechamber.cli.bookkeeping import opened_database, utc_now
from antechamber.cli.failures import FAILED, told_plainly
from antechamber.cli.options import ConfigFile, DataDir, examples, read_settings
from antechamber.cli.screen import results

app = typer.Typer(
    help="Look at the database, and bring its tables up to date.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=examples("antechamber db status", "antechamber db upgrade"),
)


@app.command("status", epilog=examples("antechamber db status"))
def status(config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Say where the database is and at which step. Changes nothing; status 1 if not the newest."""
    with told_plainly():
        from antechamber.operations.administration.database_state import look_at_database

        state = look_at_database(read_settings(config, data_dir), now=utc_now())
    results().print(f"database  {state.address}")
    results().print(f"step      {state.schema.current or 'none'}, newest {state.schema.head}")
    if state.schema.is_current:
        results().print(
            f"keys      {state.model_keys} for models, {state.admin_keys} for administration"
        )
        return
    if state.refusal is not None:
        results().print(f"\n{state.refusal}")
    else:
        results().print("\nAt the next start the missing steps are taken, or by:")
        results().print("  antechamber db upgrade")
    raise typer.Exit(FAILED)


@app.command("upgrade", epilog=examples("antechamber db upgrade"))
def upgrade(config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Take the steps that are missing, as the server does when it starts."""
    with opened_database(config, data_dir) as (_, database):
        results().print(f"{database.address} is up to date")
