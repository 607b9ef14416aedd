"""``antechamber keys``: create, list, change, revoke and rotate API keys."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from antechamber.cli.bookkeeping import (
    checked_name,
    opened_database,
    read_end_or_none,
    require_tier,
    require_workspace,
    utc_now,
)
from antechamber.cli.failures import CommandFailed
from antechamber.cli.keys import changing
from antechamber.cli.keys.models import canonical_models
from antechamber.cli.keys.options import KeyId
from antechamber.cli.options import AsJson, ConfigFile, DataDir, examples
from antechamber.cli.screen import notes, print_json, results

if TYPE_CHECKING:
    from antechamber.operations.administration.database_state import Database
    from antechamber.operations.administration.keys import KeyRow, NewKey
    from antechamber.settings import Settings

app = typer.Typer(
    help="Create, list, change, revoke and rotate API keys.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=examples(
        "antechamber keys create --name laptop",
        "antechamber keys list",
        "antechamber keys revoke apikey_01…",
    ),
)


@app.command(
    "create",
    epilog=examples(
        "antechamber keys create --name laptop",
        "antechamber keys create --name ci --model claude-haiku-4-5 --budget 20 --expires 90d",
        "antechamber keys create --name team-a --workspace wrkspc_01… --tier tier2",
        "antechamber keys create --name dashboard --admin",
    ),
)
def create(  # noqa: PLR0913 - the options of a command
    name: Annotated[str, typer.Option(help="What people tell it by.")],
    workspace: Annotated[
        str | None, typer.Option(metavar="ID", help="Workspace. [default: the default one]")
    ] = None,
    tier: Annotated[
        str | None, typer.Option(help="Rate limits of its own, within its workspace's.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model that it may use; repeat it for others.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="USD", help="What may be spent with it in a month.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="90d|DATE", help="When it ends. [default: never]")
    ] = None,
    priority: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--priority", help="Its requests are served first.")
    ] = False,
    admin: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--admin", help="For the Admin API and metrics instead of models.")
    ] = False,
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Create a key, and show it: once, since only its hash is kept."""
    with opened_database(config, data_dir) as (settings, database):
        from antechamber.cli.amounts import nano_usd
        from antechamber.cli.moments import read_end
        from antechamber.operations.administration.keys import NewKey

        now = utc_now()
        wanted = NewKey(
            name=checked_name(name),
            kind="admin" if admin else "api",
            workspace_id=workspace,
            tier=tier,
            has_priority=priority,
            models=canonical_models(model, settings) if model else None,
            monthly_budget_nano_usd=nano_usd(budget, "--budget") if budget else None,
            expires_at=read_end(expires, "--expires", now=now) if expires else None,
        )
        _check(wanted, settings)
        _make(wanted, settings, database, now)


@app.command("list", epilog=examples("antechamber keys list", "antechamber keys list --all"))
def list_(
    everything: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--all", help="With those that were revoked.")
    ] = False,
    workspace: Annotated[
        str | None, typer.Option(metavar="ID", help="Only of this workspace.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """List the keys, and what was spent with each in this month."""
    with opened_database(config, data_dir) as (_, database):
        from antechamber.cli.keys.listing import key_object, key_table
        from antechamber.operations.administration.key_lists import key_overviews

        now = utc_now()
        if workspace is not None:
            require_workspace(workspace, database)
        keys = [
            each
            for each in database.read_now(lambda it: key_overviews(it, now=now))
            if (everything or each.listed.standing != "archived")
            and workspace in (None, each.listed.workspace_id)
        ]
    if as_json:
        print_json([key_object(each) for each in keys])
        return
    if not keys:
        notes().print("There is none. Make one: antechamber keys create --name first")
        return
    for line in key_table(keys):
        results().print(line)


@app.command("revoke", epilog=examples("antechamber keys revoke apikey_01…"))
def revoke(key_id: KeyId, config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Take a key away for good; servers refuse it within five seconds."""
    with opened_database(config, data_dir) as (_, database):
        from antechamber.operations.administration import keys

        key = database.write_now(lambda it: keys.revoke(it, key_id))
        results().print(f"revoked {key.id}")


@app.command(
    "rotate",
    epilog=examples(
        "antechamber keys rotate apikey_01…",
        "antechamber keys rotate apikey_01… --keep-old 24h",
    ),
)
def rotate(
    key_id: KeyId,
    keep_old: Annotated[
        str | None,
        typer.Option(metavar="24h", help="How long the old one goes on. [default: not at all]"),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            metavar="90d|DATE",
            help='When the new one ends; "none" is never. [default: as the old one was to]',
        ),
    ] = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Make a new key that may do what the old one may, and end the old one."""
    with opened_database(config, data_dir) as (_, database):
        from antechamber.cli.moments import minute, read_while
        from antechamber.operations.administration import keys
        from antechamber.wire.ids import new_id

        now = utc_now()
        ends = keys.Ends(
            old=now + read_while(keep_old, "--keep-old") if keep_old else None,
            new=read_end_or_none(expires, now) if expires else "inherited",
        )
        key, text = database.write_now(
            lambda it: keys.rotate(it, key_id, ends, now=now, new_id=new_id)
        )
        until = database.read_now(lambda it: keys.one_key(it, key_id)).expires_at
        end = f"ends at {minute(until)} UTC" if keep_old and until else "ends now"
        notes().print(f"Created {key.id}; {key_id} {end}.")
        if key.expires_at is not None:
            origin = "" if expires else ", as the old one was to"
            notes().print(f"The new one ends at {minute(key.expires_at)} UTC{origin}.")
        _show(key, text)


def _check(wanted: "NewKey", settings: "Settings") -> None:
    """Raise ``CommandFailed`` for what would only turn out when the key is used."""
    if wanted.tier is not None:
        require_tier(wanted.tier, settings)
    of_models = (wanted.workspace_id, wanted.tier, wanted.models, wanted.monthly_budget_nano_usd)
    if wanted.kind == "admin" and (
        wanted.has_priority or any(each is not None for each in of_models)
    ):
        raise CommandFailed("--admin: such a key asks no model, so only --name and --expires fit")


def _make(wanted: "NewKey", settings: "Settings", database: "Database", now: datetime) -> None:
    from antechamber.operations.administration.key_lists import has_keys
    from antechamber.operations.administration.keys import create_key
    from antechamber.wire.ids import new_id

    is_open = not settings.server.api_keys and not database.read_now(has_keys)
    key, text = database.write_now(lambda it: create_key(it, wanted, now=now, new_id=new_id))
    notes().print(f"Created {key.id}.")
    _show(key, text)
    if is_open:
        notes().print("It is the first key: within five seconds every request needs one.")
    if is_open and key.kind == "admin":
        notes().print("One for models: antechamber keys create --name first")


def _show(key: "KeyRow", text: str) -> None:
    """Print the key as a line for the shell, which alone goes to standard output."""
    notes().print("The key is shown this once: only its hash is kept.\n")
    variable = "ANTHROPIC_ADMIN_API_KEY" if key.kind == "admin" else "ANTHROPIC_API_KEY"
    results().print(f"export {variable}={text}")


app.command("set", epilog=changing.SET_EXAMPLES)(changing.set_)
app.command("disable", epilog=examples("antechamber keys disable apikey_01…"))(changing.disable)
app.command("enable", epilog=examples("antechamber keys enable apikey_01…"))(changing.enable)
