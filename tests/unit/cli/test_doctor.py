from pathlib import Path

from antechamber.cli.doctor.command import summary
from antechamber.cli.doctor.doors import check_exposure
from antechamber.cli.doctor.finding import broken, doubtful, well
from antechamber.cli.doctor.machine import check_disk, check_python, free_memory_bytes
from antechamber.cli.doctor.state import check_data_dir, check_secrets
from antechamber.settings import Settings, load_or_create_secrets, load_settings


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


def test_the_last_line_says_how_it_stands() -> None:
    fine, unclear, wrong = well("a", ""), doubtful("b", "", "look"), broken("c", "")

    assert summary([fine]) == "All is well."
    assert summary([fine, unclear]) == "It will serve; 1 to look at."
    assert summary([wrong, unclear, wrong]) == "2 to mend, 1 to look at"
