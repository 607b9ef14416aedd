"""Checks of what the server keeps: the data directory, its secrets, the database."""

import os
from pathlib import Path

from antechamber.cli.doctor.finding import Finding, broken, doubtful, well
from antechamber.cli.doctor.machine import nearest_existing
from antechamber.operations.administration.database_state import DatabaseState
from antechamber.settings import ConfigurationError, Settings, load_or_create_secrets

_SECRETS = "secrets.toml"


def check_configuration(settings: Settings) -> Finding:
    """Say which file holds; that it could be read was checked by reading it."""
    if settings.source is None:
        return well("configuration", "none, so the defaults")
    return well("configuration", str(settings.source))


def check_data_dir(data_dir: Path) -> Finding:
    """Check that the data directory can be written, or made; makes nothing."""
    folder = nearest_existing(data_dir)
    if not folder.is_dir():
        remedy = "move it away, or take another place with --data-dir"
        return broken("data directory", f"{folder} is a file", remedy)
    if not os.access(folder, os.W_OK | os.X_OK):
        return broken(
            "data directory",
            f"{folder} cannot be written by this account",
            f"sudo chown -R $USER {folder}, or take another place with --data-dir",
        )
    made = str(data_dir) if folder == data_dir else f"{data_dir} (made at the first start)"
    return well("data directory", made)


def check_secrets(data_dir: Path) -> Finding:
    """Check that the secrets can be read by the server and by nobody else."""
    path = data_dir / _SECRETS
    if not path.exists():
        return well("secrets", "made at the first start")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        return doubtful("secrets", f"{path} can be read by other accounts", f"chmod 600 {path}")
    try:
        keys = load_or_create_secrets(data_dir).signing_keys
    except ConfigurationError as error:
        remedy = "restore it from a copy; or remove it, and a new one is made"
        return broken("secrets", str(error), remedy)
    return well("secrets", f"{len(keys)} signing key{'s' if len(keys) > 1 else ''}")


def check_database(state: DatabaseState) -> Finding:
    """Check that the database that was found is of this release."""
    subject = "database"
    if state.schema.current is None:
        return well(subject, f"{state.address} (made at the first start)")
    if state.refusal is not None:
        return broken(subject, state.refusal)
    if not state.schema.is_current:
        words = f"{state.address} is at step {state.schema.current}, not {state.schema.head}"
        return doubtful(subject, words, "antechamber db upgrade, which the next start does too")
    keys = state.model_keys + state.admin_keys
    return well(subject, f"{state.address}, {keys} key{'' if keys == 1 else 's'}")
