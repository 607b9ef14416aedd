"""Keys and workspaces made beside a server that runs, straight in its database."""

from datetime import UTC, datetime
from functools import partial

from antechamber.operations.administration import keys, workspaces
from antechamber.store.database import Database
from antechamber.wire.ids import new_id


def made_key(
    database: Database,
    *,
    workspace_id: str | None = None,
    tier: str | None = None,
    monthly_budget_nano_usd: int | None = None,
) -> tuple[str, str]:
    """Make a key; return its id and its text."""
    wanted = keys.NewKey(
        name="first",
        workspace_id=workspace_id,
        tier=tier,
        monthly_budget_nano_usd=monthly_budget_nano_usd,
    )
    make = partial(keys.create_key, wanted=wanted, now=datetime.now(UTC), new_id=new_id)
    key, text = database.write_now(make)
    return key.id, text


def made_workspace(
    database: Database, *, tier: str | None = None, monthly_budget_nano_usd: int | None = None
) -> str:
    """Make a workspace; return its id."""
    wanted = workspaces.NewWorkspace(
        name="Team", tier=tier, monthly_budget_nano_usd=monthly_budget_nano_usd
    )
    make = partial(workspaces.create, wanted=wanted, now=datetime.now(UTC), new_id=new_id)
    return database.write_now(make).id
