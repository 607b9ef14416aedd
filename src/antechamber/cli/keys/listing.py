"""The table of keys; pure."""

from collections.abc import Sequence

from antechamber.cli.amounts import usd
from antechamber.cli.moments import minute
from antechamber.cli.tables import NOTHING, table
from antechamber.operations.key_lists import KeyOverview

_HEAD = (
    *("id", "name", "key", "workspace", "tier", "models"),
    *("budget", "spent this month", "expires (UTC)", "status"),
)


def key_table(keys: Sequence[KeyOverview]) -> list[str]:
    """Lay out one line for each key."""
    return table(_HEAD, [_row(each) for each in keys], right=("budget", "spent this month"))


def _row(each: KeyOverview) -> Sequence[str]:
    key, standing = each.listed.key, each.listed.standing
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
