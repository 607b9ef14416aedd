"""The table of keys; pure."""

from collections.abc import Sequence

from antechamber.cli.amounts import usd
from antechamber.cli.moments import minute
from antechamber.cli.tables import NOTHING, table
from antechamber.operations.administration.key_lists import KeyOverview

_HEAD = (
    *("id", "name", "key", "workspace", "tier", "models"),
    *("budget", "spent this month", "expires (UTC)", "status"),
)


def key_table(keys: Sequence[KeyOverview]) -> list[str]:
    """Lay out one line for each key."""
    return table(_HEAD, [_row(each) for each in keys], right=("budget", "spent this month"))


def key_object(each: KeyOverview) -> dict[str, object]:
    """Write a key for programs."""
    key = each.listed.key
    budget = key.monthly_budget_nano_usd
    return {
        "id": key.id,
        "name": key.name,
        "kind": key.kind,
        "key": key.hint,
        "workspace_id": each.listed.workspace_id,
        "workspace": each.workspace,
        "tier": key.tier,
        "priority": key.has_priority,
        "models": None if key.models is None else list(key.models),
        "monthly_budget_usd": None if budget is None else budget / 1e9,
        "spent_this_month_usd": each.spent_nano_usd / 1e9,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "status": _standing(each),
    }


def _standing(each: KeyOverview) -> str:
    """Say how a key stands, in the words of the commands."""
    if each.listed.standing != "archived":
        return each.listed.standing
    return "revoked" if each.listed.key.status == "archived" else "workspace archived"


def _row(each: KeyOverview) -> Sequence[str]:
    key, standing = each.listed.key, _standing(each)
    budget, expires = key.monthly_budget_nano_usd, key.expires_at
    return (
        key.id,
        key.name,
        key.hint,
        each.workspace,
        key.tier or NOTHING,
        "all" if key.models is None else ", ".join(key.models),
        NOTHING if budget is None else usd(budget),
        usd(each.spent_nano_usd),
        NOTHING if expires is None else minute(expires),
        f"{standing}, admin" if key.kind == "admin" else standing,
    )
