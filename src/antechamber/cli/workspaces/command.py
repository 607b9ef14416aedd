"""``antechamber workspaces``: create, list, change and archive them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from antechamber.cli.bookkeeping import (
    checked_name,
    opened_database,
    read_budget_or_none,
    read_tier_or_none,
    utc_now,
)
from antechamber.cli.failures import CommandFailed
from antechamber.cli.options import AsJson, ConfigFile, DataDir, examples
from antechamber.cli.screen import harmless, notes, print_json, results

if TYPE_CHECKING:
    from antechamber.operations.administration.workspace_lists import WorkspaceOverview
    from antechamber.operations.administration.workspaces import WorkspaceRow

app = typer.Typer(
    help="Create, list, change and archive workspaces.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=examples(
        "antechamber workspaces create --name research",
        "antechamber workspaces list",
        "antechamber workspaces set default --tier tier2",
    ),
)

WorkspaceId = Annotated[
    str, typer.Argument(metavar="ID", help='Id, as in the list: wrkspc_01…, or "default".')
]
Tier = Annotated[
    str | None, typer.Option(help='Its rate limits; "none" takes a tier away.', show_default=False)
]
Budget = Annotated[
    str | None,
    typer.Option(metavar="USD", help='What may be spent in a month; "none" is no bound.'),
]


@app.command(
    "create",
    epilog=examples(
        "antechamber workspaces create --name research",
        "antechamber workspaces create --name research --tier tier2 --budget 500",
    ),
)
def create(
    name: Annotated[str, typer.Option(help="What people tell it by.")],
    tier: Tier = None,
    budget: Budget = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Create a workspace: limits, budget and use of its keys are counted together."""
    with opened_database(config, data_dir) as (settings, database):
        from antechamber.operations.administration import workspaces
        from antechamber.wire.ids import new_id

        wanted = workspaces.NewWorkspace(
            name=checked_name(name),
            tier=read_tier_or_none(tier, settings) if tier else None,
            monthly_budget_nano_usd=read_budget_or_none(budget) if budget else None,
        )
        now = utc_now()
        made = database.write_now(lambda it: workspaces.create(it, wanted, now=now, new_id=new_id))
        results().print(f"created {made.id}")
        notes().print(f"A key for it: antechamber keys create --name first --workspace {made.id}")


@app.command(
    "list", epilog=examples("antechamber workspaces list", "antechamber workspaces list --all")
)
def list_(
    everything: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--all", help="With those that were archived.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """List the workspaces, and what was spent in each in this month."""
    with opened_database(config, data_dir) as (_, database):
        from antechamber.cli.tables import table
        from antechamber.operations.administration.workspace_lists import workspace_overviews

        now = utc_now()
        shown = [
            each
            for each in database.read_now(lambda it: workspace_overviews(it, now=now))
            if everything or each.row.archived_at is None
        ]
    if as_json:
        print_json([_object(each) for each in shown])
        return
    head = ("id", "name", "tier", "budget", "spent this month", "created (UTC)", "status")
    rows = [_row(each.row, each.spent_nano_usd) for each in shown]
    for line in table(head, rows, right=("budget", "spent this month")):
        results().print(line)


@app.command(
    "set",
    epilog=examples(
        "antechamber workspaces set wrkspc_01… --name papers",
        "antechamber workspaces set default --tier tier2 --budget none",
    ),
)
def set_(
    workspace_id: WorkspaceId,
    name: Annotated[str | None, typer.Option(help="What people tell it by.")] = None,
    tier: Tier = None,
    budget: Budget = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Change a workspace; servers follow within five seconds."""
    with opened_database(config, data_dir) as (settings, database):
        from antechamber.operations.administration import workspaces

        changes: dict[str, object] = {}
        if name is not None:
            changes["name"] = checked_name(name)
        if tier is not None:
            changes["tier"] = read_tier_or_none(tier, settings)
        if budget is not None:
            changes["monthly_budget_nano_usd"] = read_budget_or_none(budget)
        if not changes:
            raise CommandFailed("Nothing to set: give --name, --tier or --budget")
        changed = database.write_now(lambda it: workspaces.change(it, workspace_id, changes))
        results().print(f"changed {changed.id} ({harmless(changed.name)})")


@app.command("archive", epilog=examples("antechamber workspaces archive wrkspc_01…"))
def archive(workspace_id: WorkspaceId, config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Close a workspace for good: its keys are refused within five seconds."""
    with opened_database(config, data_dir) as (_, database):
        from antechamber.operations.administration import workspaces

        now = utc_now()
        closed = database.write_now(lambda it: workspaces.archive(it, workspace_id, now=now))
        results().print(f"archived {closed.id} ({harmless(closed.name)})")


def _object(each: "WorkspaceOverview") -> dict[str, object]:
    budget = each.row.monthly_budget_nano_usd
    return {
        "id": each.row.id,
        "name": each.row.name,
        "tags": dict(each.row.tags),
        "tier": each.row.tier,
        "monthly_budget_usd": None if budget is None else budget / 1e9,
        "spent_this_month_usd": each.spent_nano_usd / 1e9,
        "created_at": each.row.created_at,
        "archived_at": each.row.archived_at,
    }


def _row(workspace: "WorkspaceRow", spent_nano_usd: int) -> Sequence[str]:
    from antechamber.cli.amounts import usd
    from antechamber.cli.moments import minute
    from antechamber.cli.tables import NOTHING

    budget = workspace.monthly_budget_nano_usd
    return (
        workspace.id,
        workspace.name,
        workspace.tier or NOTHING,
        NOTHING if budget is None else usd(budget),
        usd(spent_nano_usd),
        minute(workspace.created_at),
        "active" if workspace.archived_at is None else "archived",
    )
