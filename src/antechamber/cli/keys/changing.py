"""What becomes of a key after it was made: other bounds, out of use for a while, in use again."""

from typing import TYPE_CHECKING, Annotated

import typer

from antechamber.cli.bookkeeping import (
    NONE,
    checked_name,
    opened_database,
    read_budget_or_none,
    read_end_or_none,
    read_tier_or_none,
    utc_now,
)
from antechamber.cli.failures import CommandFailed
from antechamber.cli.keys.models import canonical_models
from antechamber.cli.keys.options import KeyId
from antechamber.cli.options import ConfigFile, DataDir, examples
from antechamber.cli.screen import harmless, results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


SET_EXAMPLES = examples(
    "antechamber keys set apikey_01… --name laptop --budget 20",
    "antechamber keys set apikey_01… --tier none --model none --expires none",
)
_OF_MODELS = ("tier", "has_priority", "models", "monthly_budget_nano_usd")


def set_(  # noqa: PLR0913 - the options of a command
    key_id: KeyId,
    name: Annotated[str | None, typer.Option(help="What people tell it by.")] = None,
    tier: Annotated[
        str | None, typer.Option(help='Rate limits of its own; "none" takes them away.')
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help='A model that it may use; repeat it for others. "none" is no bound.'),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="USD", help='What may be spent in a month; "none" is no bound.'),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="90d|DATE", help='When it ends; "none" is never.')
    ] = None,
    priority: Annotated[
        bool | None, typer.Option("--priority/--no-priority", help="Served first, or not.")
    ] = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Change a key; servers follow within five seconds."""
    with opened_database(config, data_dir) as (settings, database):
        from antechamber.operations.administration import keys

        now = utc_now()
        changes: dict[str, object] = {}
        if name is not None:
            changes["name"] = checked_name(name)
        if tier is not None:
            changes["tier"] = read_tier_or_none(tier, settings)
        if model:
            changes["models"] = None if model == [NONE] else canonical_models(model, settings)
        if budget is not None:
            changes["monthly_budget_nano_usd"] = read_budget_or_none(budget)
        if expires is not None:
            changes["expires_at"] = read_end_or_none(expires, now)
        if priority is not None:
            changes["has_priority"] = priority
        _check(changes, database.read_now(lambda it: keys.one_key(it, key_id)).kind)
        changed = database.write_now(lambda it: keys.change(it, key_id, changes))
        results().print(f"changed {changed.id} ({harmless(changed.name)})")


def disable(key_id: KeyId, config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Put a key out of use until it is enabled; servers refuse it within five seconds."""
    _set_status(key_id, "inactive", config, data_dir)
    results().print(f"disabled {key_id}")


def enable(key_id: KeyId, config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Put a key that was disabled in use again."""
    _set_status(key_id, "active", config, data_dir)
    results().print(f"enabled {key_id}")


def _set_status(key_id: str, status: str, config: "Path | None", data_dir: "Path | None") -> None:
    with opened_database(config, data_dir) as (_, database):
        from antechamber.operations.administration import keys

        database.write_now(lambda it: keys.change(it, key_id, {"status": status}))


def _check(changes: "Mapping[str, object]", kind: str) -> None:
    if not changes:
        options = "--name, --tier, --model, --budget, --expires or --priority"
        raise CommandFailed(f"Nothing to set: give {options}")
    if kind == "admin" and any(name in changes for name in _OF_MODELS):
        raise CommandFailed("A key for administration asks no model: give --name or --expires")
