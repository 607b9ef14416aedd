from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from antechamber.assembly import closing_database
from antechamber.cli.doctor.command import summary
from antechamber.cli.doctor.doors import check_exposure
from antechamber.cli.doctor.finding import broken, doubtful, well
from antechamber.cli.doctor.machine import check_disk, check_python, free_memory_bytes
from antechamber.cli.doctor.state import check_data_dir, check_database, check_secrets
from antechamber.operations.database_state import are_keys_created
from antechamber.operations.keys import NewKey, create_key, revoke
from antechamber.settings import Settings, load_or_create_secrets, load_settings
from antechamber.wire.ids import new_id


def _settings(folder: Path, server: str) -> Settings:
    (folder / "antechamber.toml").write_text(f"[server]\n{server}\n")
    return load_settings(config=folder / "antechamber.toml", data_dir=folder, environ={})


def test_this_machine_is_looked_at(tmp_path: Path) -> None:
    assert check_python().status == "well"
    assert str(tmp_path / "not" / "yet") in check_disk(tmp_path / "not" / "yet").words
    assert free_memory_bytes() != 0


def test_a_data_directory_that_is_not_there_yet_is_well(tmp_path: Path) -> None:
    finding = check_data_dir(tmp_path / "not" / "yet")

    assert finding.status == "well"
    assert "made at the first start" in finding.words
    assert not (tmp_path / "not").exists()


def test_a_file_where_the_data_directory_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    finding = check_data_dir(tmp_path / "data" / "inside")

    assert finding.status == "broken"
    assert finding.words == f"{tmp_path / 'data'} is a file"


def test_secrets_are_read_as_the_server_will(tmp_path: Path) -> None:
    assert check_secrets(tmp_path).words == "made at the first start"

    load_or_create_secrets(tmp_path)
    assert check_secrets(tmp_path).words == "1 signing key"

    (tmp_path / "secrets.toml").write_text("signing_keys = 3")
    assert check_secrets(tmp_path).status == "broken"


def test_who_can_reach_the_server_is_judged(tmp_path: Path) -> None:
    def judged(server: str) -> str:
        return check_exposure(_settings(tmp_path, server)).status

    assert judged("") == "well"
    assert judged('cors_origins = ["*"]') == "doubtful"
    assert judged('cors_origins = ["*"]\napi_keys = ["k"]') == "well"
    assert judged('host = "0.0.0.0"') == "broken"
    assert judged('host = "0.0.0.0"\napi_keys = ["k"]') == "doubtful"
    assert judged('host = "::"\napi_keys = ["k"]\npublic_url = "https://x.example"') == "well"


def _create_key(settings: Settings) -> str:
    now, wanted = datetime.now(UTC), NewKey(name="first")
    with closing_database(settings) as database:
        made, _ = database.write_now(lambda it: create_key(it, wanted, now=now, new_id=new_id))
    return made.id


def test_a_created_key_lets_the_server_be_reached(tmp_path: Path) -> None:
    settings = _settings(tmp_path, 'host = "0.0.0.0"')
    before = check_exposure(settings)
    key_id = _create_key(settings)

    with_key = check_exposure(settings)
    with closing_database(settings) as database:
        database.write_now(lambda it: revoke(it, key_id))

    assert [before.status, with_key.status] == ["broken", "doubtful"]
    assert check_exposure(settings).status == "broken"


def test_a_database_that_is_not_there_yet_is_well_and_is_not_made(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "not" / "yet", environ={})

    finding = check_database(settings)

    assert finding.status == "well"
    assert "made at the first start" in finding.words
    assert not are_keys_created(settings)
    assert not (tmp_path / "not").exists()


def test_a_database_is_looked_at_with_its_keys_and_its_step(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "")
    _create_key(settings)

    well_kept = check_database(settings)
    with closing_database(settings) as database:
        database.write_now(
            lambda it: it.execute(text("UPDATE alembic_version SET version_num = 'x'"))
        )
    of_another_release = check_database(settings)

    assert well_kept.words.endswith("antechamber.db, 1 key")
    assert of_another_release.status == "doubtful"


def test_a_database_that_cannot_be_used_says_why_and_no_password(tmp_path: Path) -> None:
    address = "postgresql://me:secret@127.0.0.1:1/none"
    settings = load_settings(data_dir=tmp_path, environ={"ANTECHAMBER_DATABASE_URL": address})
    elsewhere = check_database(settings)
    (tmp_path / "antechamber.db").write_text("This is no database, and it is long enough.")
    here = check_database(load_settings(data_dir=tmp_path, environ={}))

    assert [elsewhere.status, here.status] == ["broken", "broken"]
    assert "secret" not in elsewhere.words
    assert "not a database" in here.words


def test_the_last_line_says_how_it_stands() -> None:
    fine, unclear, wrong = well("a", ""), doubtful("b", "", "look"), broken("c", "")

    assert summary([fine]) == "All is well."
    assert summary([fine, unclear]) == "It will serve; 1 to look at."
    assert summary([wrong, unclear, wrong]) == "2 to mend, 1 to look at"
