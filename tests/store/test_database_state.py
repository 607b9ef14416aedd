"""A database as commands find it, and what they say where it cannot be used."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from antechamber.operations.administration.database_state import look_at_database
from antechamber.settings import ConfigurationError, load_settings
from antechamber.state import closing_database
from tests.postgres import own_database

_NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


def _said(address: str, folder: Path) -> str:
    environ = {"ANTECHAMBER_DATABASE_URL": address}
    with pytest.raises(ConfigurationError) as refused:
        look_at_database(load_settings(data_dir=folder, environ=environ), now=_NOW)
    return str(refused.value)


def test_a_database_that_nobody_made_is_made_by_the_command_in_the_text(
    postgres: str, tmp_path: Path
) -> None:
    with own_database(postgres, "there") as address:
        said = _said(address.replace("/there", "/not_there"), tmp_path)

    assert "createdb -h 127.0.0.1 -p " in said
    assert " -U tests not_there\nor correct database_url." in said


def test_a_user_that_is_not_known_is_to_be_corrected(postgres: str, tmp_path: Path) -> None:
    with own_database(postgres, "for_one") as address:
        said = _said(address.replace("tests@", "nobody_here@"), tmp_path)

    assert said.endswith("Correct the user and the password in database_url.")


def test_the_folder_that_the_first_command_makes_is_its_owners_alone(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data", environ={})

    with closing_database(settings):
        pass

    assert settings.data_dir.stat().st_mode & 0o777 == 0o700
