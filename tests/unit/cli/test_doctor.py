import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from antechamber.cli.doctor.command import summary
from antechamber.cli.doctor.doors import check_exposure
from antechamber.cli.doctor.finding import Finding, broken, doubtful, well
from antechamber.cli.doctor.machine import (
    check_disk,
    check_python,
    check_reading,
    free_memory_bytes,
)
from antechamber.cli.doctor.sharing import (
    check_cache,
    check_files_place,
    check_limits,
    check_metrics_port,
    check_shared_place,
)
from antechamber.cli.doctor.state import check_data_dir, check_database, check_secrets
from antechamber.operations.administration.database_state import DatabaseState, look_at_database
from antechamber.operations.administration.keys import NewKey, create_key, revoke
from antechamber.settings import (
    ConfigurationError,
    Settings,
    load_or_create_secrets,
    load_settings,
)
from antechamber.state import closing_database
from antechamber.wire.ids import new_id
from tests.valkey import needs_valkey, running_valkey


def _settings(folder: Path, server: str) -> Settings:
    (folder / "antechamber.toml").write_text(f"[server]\n{server}\n")
    return load_settings(config=folder / "antechamber.toml", data_dir=folder, environ={})


def _looked(settings: Settings) -> DatabaseState:
    return look_at_database(settings, now=datetime.now(UTC))


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return opened.getsockname()[1]


def test_this_machine_is_looked_at(tmp_path: Path) -> None:
    assert check_python().status == "well"
    assert str(tmp_path / "not" / "yet") in check_disk(tmp_path / "not" / "yet").words
    assert free_memory_bytes() != 0


def test_what_reads_the_text_in_images_is_named_where_it_is_missing() -> None:
    assert check_reading(is_installed=True).status == "well"
    assert check_reading(is_installed=False).remedy == "pip install 'antechamber[ocr]'"


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
        settings = _settings(tmp_path, server)
        return check_exposure(settings, _looked(settings)).status

    assert judged("") == "well"
    assert judged('cors_origins = ["*"]') == "doubtful"
    assert judged('cors_origins = ["*"]\napi_keys = ["k"]') == "well"
    assert judged('host = "0.0.0.0"') == "broken"
    assert judged('host = "0.0.0.0"\napi_keys = ["k"]') == "doubtful"
    assert judged('host = "::"\napi_keys = ["k"]\npublic_url = "https://x.example"') == "well"


def _create_key(settings: Settings, tier: str | None = None) -> str:
    now, wanted = datetime.now(UTC), NewKey(name="first", tier=tier)
    with closing_database(settings) as database:
        made, _ = database.write_now(lambda it: create_key(it, wanted, now=now, new_id=new_id))
    return made.id


def test_a_created_key_lets_the_server_be_reached(tmp_path: Path) -> None:
    settings = _settings(tmp_path, 'host = "0.0.0.0"')
    before = check_exposure(settings, _looked(settings))
    key_id = _create_key(settings)

    with_key = check_exposure(settings, _looked(settings))
    with closing_database(settings) as database:
        database.write_now(lambda it: revoke(it, key_id))

    assert [before.status, with_key.status] == ["broken", "doubtful"]
    # As where the server starts: revoking the last key opens the door to nobody.
    assert check_exposure(settings, _looked(settings)).status == "doubtful"


def test_a_database_that_is_not_there_yet_is_well_and_is_not_made(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "not" / "yet", environ={})

    state = _looked(settings)
    finding = check_database(state)

    assert finding.status == "well"
    assert "made at the first start" in finding.words
    assert not state.has_keys
    assert not (tmp_path / "not").exists()


def test_a_database_is_looked_at_with_its_keys_and_its_step(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "")
    _create_key(settings)

    well_kept = check_database(_looked(settings))
    with closing_database(settings) as database:
        database.write_now(
            lambda it: it.execute(text("UPDATE alembic_version SET version_num = 'x'"))
        )
    of_a_later_release = check_database(_looked(settings))

    assert well_kept.words.endswith("antechamber.db, 1 key")
    assert of_a_later_release.status == "broken"
    assert "at step x, which this release does not know" in of_a_later_release.words


def test_a_database_that_cannot_be_used_says_why_and_no_password(tmp_path: Path) -> None:
    address = "postgresql://me:secret@127.0.0.1:1/none"
    settings = load_settings(data_dir=tmp_path, environ={"ANTECHAMBER_DATABASE_URL": address})
    with pytest.raises(ConfigurationError) as elsewhere:
        _looked(settings)
    (tmp_path / "antechamber.db").write_text("This is no database, and it is long enough.")
    with pytest.raises(ConfigurationError) as here:
        _looked(load_settings(data_dir=tmp_path, environ={}))

    assert "secret" not in str(elsewhere.value)
    assert str(elsewhere.value).endswith("\nStart it, or correct database_url.")
    assert "not a database" in str(here.value)
    assert "Start it" not in str(here.value)


def test_tiers_of_keys_with_several_workers_are_a_fault(tmp_path: Path) -> None:
    """T43: as where the server starts."""
    settings = _settings(tmp_path, "workers = 2")
    before = check_limits(settings, _looked(settings))
    key_id = _create_key(settings, tier="tier1")

    after = check_limits(settings, _looked(settings))

    assert [before.status, after.status] == ["well", "broken"]
    assert f"antechamber keys set {key_id} --tier none" in after.words


def test_limits_that_cannot_hold_are_a_fault(tmp_path: Path) -> None:
    def found(config: str) -> Finding:
        return check_limits(_settings(tmp_path, config), None)

    assert found('[limits]\ntier = "tier1"').words == "tier1, for whoever has no other"
    assert 'no tier is called "gold"' in found('[limits]\ntier = "gold"').words
    assert "would each keep" in found('workers = 2\n[limits]\ntier = "tier1"').words


def test_promotion_is_told_before_the_tier_that_it_begins_with(tmp_path: Path) -> None:
    limits = '[limits]\ntier = "build"\npromotion = ["tier1", "tier2"]'

    finding = check_limits(_settings(tmp_path, limits), None)

    assert finding.words == "by the month's spend: tier1, tier2"


def test_prompt_caching_that_is_off_for_want_of_a_shared_place_is_looked_at(
    tmp_path: Path,
) -> None:
    finding = check_cache(_settings(tmp_path, "workers = 2"))

    assert finding is not None
    assert finding.status == "doubtful"
    assert finding.remedy is not None
    assert "redis_url" in finding.remedy
    assert "cache.enabled = false" in finding.remedy
    assert check_cache(_settings(tmp_path, "workers = 1")) is None
    assert check_cache(_settings(tmp_path, "workers = 2\n[cache]\nenabled = false")) is None


def test_files_beside_a_shared_database_are_looked_at(tmp_path: Path) -> None:
    def looked(**environ: str) -> Finding | None:
        named = {f"ANTECHAMBER_{name}": value for name, value in environ.items()}
        return check_files_place(load_settings(data_dir=tmp_path, environ=named))

    shared = "postgresql://db.example/antechamber"
    finding = looked(DATABASE_URL=shared)

    assert finding is not None
    assert (finding.status, finding.subject) == ("doubtful", "files")
    assert finding.words == "kept in the data directory, while the database is shared"
    assert finding.remedy is not None
    assert finding.remedy.startswith("set [files] location where more than one server")
    assert looked() is None
    assert looked(DATABASE_URL="sqlite:////data/a.db") is None
    assert looked(DATABASE_URL=shared, FILES_LOCATION="s3://bucket/team") is None


@needs_valkey
def test_a_shared_place_is_asked_whether_it_answers(tmp_path: Path) -> None:
    def asked(url: str) -> Finding | None:
        environ = {"ANTECHAMBER_REDIS_URL": url}
        return check_shared_place(load_settings(data_dir=tmp_path, environ=environ))

    with running_valkey() as valkey:
        there = asked(valkey.url)
        away = asked(f"redis://:secret@127.0.0.1:{_closed_port()}/0")

    assert there is not None
    assert away is not None
    assert [there.status, away.status] == ["well", "broken"]
    assert "secret" not in away.words
    assert check_shared_place(load_settings(data_dir=tmp_path, environ={})) is None


def test_the_port_of_the_metrics_must_be_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = _settings(tmp_path, f"port = {_closed_port()}\n[metrics]\nport = {port}")
        busy = check_metrics_port(settings)
    free = check_metrics_port(settings)

    assert busy is not None
    assert free is not None
    assert [busy.status, free.status] == ["broken", "well"]
    assert check_metrics_port(_settings(tmp_path, "")) is None


def test_the_last_line_says_how_it_stands() -> None:
    fine, unclear, wrong = well("a", ""), doubtful("b", "", "look"), broken("c", "")

    assert summary([fine]) == "All is well."
    assert summary([fine, unclear]) == "It will serve; 1 to look at."
    assert summary([wrong, unclear, wrong]) == "2 to mend, 1 to look at"
