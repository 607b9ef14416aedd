"""``antechamber usage``: what was used, and what it cost."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from antechamber.cli.bookkeeping import opened_database, require_workspace, utc_now
from antechamber.cli.options import AsJson, ConfigFile, DataDir, examples
from antechamber.cli.screen import notes, print_json, results

if TYPE_CHECKING:
    from antechamber.operations.administration.usage import Used

EXAMPLES = examples(
    "antechamber usage",
    "antechamber usage --by model --since 30d",
    "antechamber usage --by key --since 2026-11-01 --json",
)
_COUNTS = {
    "requests": "requests",
    "input_tokens": "input",
    "cache_write_5m_tokens": "cache write 5m",
    "cache_write_1h_tokens": "cache write 1h",
    "cache_read_tokens": "cache read",
    "output_tokens": "output",
    "thinking_tokens": "thinking",
}
"""The fields of a sum, and the words over their columns."""
_COST = "cost"


class By(StrEnum):
    """What the lines of the table stand for."""

    day = "day"
    model = "model"
    key = "key"
    workspace = "workspace"


def usage(
    by: Annotated[By, typer.Option(help="What each line is about.")] = By.day,
    since: Annotated[
        str, typer.Option(metavar="7d|DATE", help="First day, UTC; 1d is today alone.")
    ] = "7d",
    workspace: Annotated[
        str | None, typer.Option(metavar="ID", help="Only of this workspace.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Show what was used and what it cost, by day, model, key or workspace."""
    with opened_database(config, data_dir) as (_, database):
        from antechamber.cli.moments import read_first_day
        from antechamber.operations.administration.usage import used

        now = utc_now()
        first = read_first_day(since, "--since", now=now)
        if workspace is not None:
            require_workspace(workspace, database)
        found = database.read_now(
            lambda it: used(it, by.value, since=first, now=now, workspace_id=workspace)
        )
    unpriced = sum(each.sums.unpriced for each in found)
    if as_json:
        print_json([_object(each) for each in found])
    elif not found:
        notes().print(f"Nothing was used since {first.date()}.")
    else:
        for line in usage_table(by, found):
            results().print(line)
    if unpriced:
        requests = "request" if unpriced == 1 else "requests"
        notes().print(f"{unpriced:,} {requests} had no price: set [[prices]]")


def usage_table(by: str, found: Sequence["Used"]) -> list[str]:
    """Lay out one line for each, and their sum where there are several."""
    from antechamber.cli.amounts import usd
    from antechamber.cli.tables import NOTHING, table

    counted = [(_title(each), _counts(each), _cost_nano_usd(each)) for each in found]
    if len(found) > 1:
        columns = zip(*(counts for _, counts, _ in counted), strict=True)
        known = [cost for *_, cost in counted if cost is not None]
        counted.append(
            ("total", [sum(column) for column in columns], sum(known) if known else None)
        )
    rows = [
        (name, *(f"{count:,}" for count in counts), NOTHING if cost is None else usd(cost))
        for name, counts, cost in counted
    ]
    numbers = (*_COUNTS.values(), _COST)
    return table((by, *numbers), rows, right=numbers)


def _title(each: "Used") -> str:
    return each.name if each.hint is None else f"{each.name} ({each.hint})"


def _counts(each: "Used") -> list[int]:
    return [getattr(each.sums, name) for name in _COUNTS]


def _cost_nano_usd(each: "Used") -> int | None:
    """Return the cost of what has a price; None where nothing has."""
    return None if each.sums.unpriced == each.sums.requests else each.sums.cost_nano_usd


def _object(each: "Used") -> dict[str, object]:
    cost = _cost_nano_usd(each)
    counts = dict(zip(_COUNTS, _counts(each), strict=True))
    return {
        "id": each.id,
        "name": each.name,
        **counts,
        "cost_usd": None if cost is None else cost / 1e9,
        "cost_by_kind_usd": {kind: cost / 1e9 for kind, cost in each.sums.cost_by_kind.items()},
    }
