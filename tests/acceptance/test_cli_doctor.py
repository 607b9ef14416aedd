import socket
from pathlib import Path

import pytest

from antechamber.cli.doctor.machine import free_memory_bytes
from tests.acceptance.command_line import run
from tests.engines.messages_api.upstream import played_upstream, whole
from tests.servers import running_server

REPLIES = '[[replies]]\ntext = "Hello!"\n'


def _config(folder: Path, *, port: int, more: str = "") -> None:
    (folder / "replies.toml").write_text(REPLIES)
    (folder / "antechamber.toml").write_text(
        f"""
[server]
port = {port}
{more}
[[engines]]
name = "replies"
type = "scripted"
script = "replies.toml"
"""
    )


def test_a_machine_that_lacks_nothing_is_well(tmp_path: Path) -> None:
    _config(tmp_path, port=0)

    doctor = run("doctor", folder=tmp_path)

    assert doctor.returncode == 0, doctor.stdout
    assert "✓ engine replies" in doctor.stdout
    assert "All is well." in doctor.stdout
    assert not (tmp_path / "share").exists()  # it changes nothing


def test_the_first_run_without_configuration_is_looked_at(tmp_path: Path) -> None:
    doctor = run("doctor", folder=tmp_path, env={"ANTECHAMBER_SERVER_PORT": "0"})

    assert "configuration    none, so the defaults" in doctor.stdout
    assert "✓ llama.cpp        xllamacpp loads" in doctor.stdout
    assert "SmolLM2-135M-Instruct" in doctor.stdout
    assert "\x1b[" not in doctor.stdout


def test_a_broken_configuration_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "antechamber.toml").write_text("[server]\nprot = 1\n")

    doctor = run("doctor", folder=tmp_path)

    assert 'antechamber.toml: server.prot: unknown key (did you mean "port"?)' in doctor.stdout
    assert doctor.returncode == 1


def test_a_broken_engine_is_named_with_its_fault(tmp_path: Path) -> None:
    _config(tmp_path, port=0)
    (tmp_path / "replies.toml").write_text('[[replies]]\ntxet = "Hello!"\n')

    doctor = run("doctor", folder=tmp_path)

    assert "✗ engine replies" in doctor.stdout
    assert 'replies[0].txet: unknown key (did you mean "text"?)' in doctor.stdout
    assert "1 to mend" in doctor.stdout
    assert doctor.returncode == 1


def test_an_antechamber_that_has_the_port_is_recognised(tmp_path: Path) -> None:
    config = '[[engines]]\nname = "r"\ntype = "scripted"\nscript = "r.toml"\n'
    with running_server(tmp_path / "running", config=config, files={"r.toml": REPLIES}) as server:
        _config(tmp_path, port=int(server.url.rsplit(":", 1)[1]))

        doctor = run("doctor", folder=tmp_path)

    assert "has an antechamber, which is running" in doctor.stdout
    assert doctor.returncode == 0, doctor.stdout


def test_a_port_of_another_program_is_a_fault(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _config(tmp_path, port=port)

        doctor = run("doctor", folder=tmp_path)

    assert f"127.0.0.1:{port} is taken by another program" in doctor.stdout
    assert doctor.returncode == 1


def test_the_address_that_serve_would_be_given_is_checked(tmp_path: Path) -> None:
    _config(tmp_path, port=0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        doctor = run("doctor", "--host", "127.0.0.1", "--port", str(port), folder=tmp_path)

    assert f"127.0.0.1:{port} is taken by another program" in doctor.stdout
    assert doctor.returncode == 1


def test_a_model_file_that_is_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "antechamber.toml").write_text(
        '[server]\nport = 0\n[[engines]]\nname = "x"\ntype = "local"\nmodel = "page.gguf"\n'
    )
    (tmp_path / "page.gguf").write_text("<!doctype html>")

    doctor = run("doctor", folder=tmp_path)

    assert "✗ engine x" in doctor.stdout
    assert "page.gguf is no GGUF file; it is a page" in doctor.stdout
    assert doctor.returncode == 1


@pytest.mark.skipif(free_memory_bytes() is None, reason="the system does not say it")
def test_more_kept_prompts_than_there_is_memory_are_looked_at(tmp_path: Path) -> None:
    def told(mib: int) -> str:
        (tmp_path / "antechamber.toml").write_text(
            '[server]\nport = 0\n[[engines]]\nname = "x"\ntype = "local"\n'
            f"prompt_cache_mib = {mib}\n"
        )
        doctor = run("doctor", folder=tmp_path)
        assert doctor.returncode == 0, doctor.stdout
        return doctor.stdout

    much, nothing = told(1_000_000), told(0)

    assert "! engine x" in much
    assert "up to 1.0 TB of kept prompts" in much
    assert "→ set prompt_cache_mib lower" in much
    assert "✓ engine x" in nothing


def test_a_llama_server_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "antechamber.toml").write_text(
        '[server]\nport = 0\n[[engines]]\nname = "far"\ntype = "local"\n'
        'base_url = "http://127.0.0.1:9"\n'
    )

    doctor = run("doctor", folder=tmp_path)

    assert "http://127.0.0.1:9 cannot be reached." in doctor.stdout
    assert doctor.returncode == 1


def test_what_strangers_could_reach_is_a_fault(tmp_path: Path) -> None:
    _config(tmp_path, port=0, more='host = "0.0.0.0"')

    doctor = run("doctor", folder=tmp_path)

    assert "✗ exposure" in doctor.stdout
    assert "export ANTECHAMBER_API_KEYS=" in doctor.stdout
    assert doctor.returncode == 1


def test_secrets_that_others_can_read_are_looked_at(tmp_path: Path) -> None:
    _config(tmp_path, port=0)
    (tmp_path / "data").mkdir()
    secrets = tmp_path / "data" / "secrets.toml"
    secrets.touch(mode=0o644)

    doctor = run("doctor", "--data-dir", "data", folder=tmp_path)

    assert f"→ chmod 600 {secrets}" in doctor.stdout
    assert doctor.returncode == 0


def test_an_upstream_whose_address_has_too_long_a_path_is_a_fault(tmp_path: Path) -> None:
    with played_upstream() as upstream:
        upstream.plays(whole(404, {"detail": "Not Found"}))
        (tmp_path / "antechamber.toml").write_text(
            '[server]\nport = 0\n[[engines]]\nname = "far"\ntype = "openai_chat"\n'
            f'base_url = "{upstream.url}/v1/chat/completions"\n'
        )

        doctor = run("doctor", folder=tmp_path)

    assert "✗ engine far" in doctor.stdout
    assert "→ correct base_url: it is what stands before /chat/completions" in doctor.stdout
    assert doctor.returncode == 1


def test_a_hosted_engine_without_a_key_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "antechamber.toml").write_text(
        '[[engines]]\nname = "anthropic"\ntype = "messages_api"\n'
    )

    for command in ("doctor", "serve"):
        told = run(command, folder=tmp_path)

        assert told.returncode != 0
        assert "engines[0]: api_key_env is needed: api.anthropic.com" in told.stdout + told.stderr


def test_a_database_that_is_away_is_one_thing_to_mend(tmp_path: Path) -> None:
    _config(tmp_path, port=0)
    away = {"ANTECHAMBER_DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/none?password=hidden"}

    doctor = run("doctor", folder=tmp_path, env=away)

    assert "1 to mend" in doctor.stdout
    assert "✗ database" in doctor.stdout
    assert "Start it, or correct database_url." in doctor.stdout
    assert ":secret" not in doctor.stdout
    assert "hidden" not in doctor.stdout


def test_the_workers_that_serve_would_be_given_are_checked(tmp_path: Path) -> None:
    """T43: doctor asks what serve asks."""
    _config(tmp_path, port=0, more='[limits]\ntier = "tier1"')

    alone = run("doctor", folder=tmp_path)
    several = run("doctor", "--workers", "2", folder=tmp_path)

    assert [alone.returncode, several.returncode] == [0, 1]
    assert "server.workers: 2 processes would each keep" in several.stdout
