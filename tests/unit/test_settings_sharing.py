"""Several processes count together, or not at all."""

from pathlib import Path

import pytest

from antechamber.settings import ConfigurationError, load_settings
from antechamber.settings.sharing import (
    keeps_cache_account,
    require_shared_counts,
    require_shared_tiers,
)


def check(folder: Path, toml: str) -> None:
    config = folder / "antechamber.toml"
    config.write_text(toml, encoding="utf-8")
    require_shared_counts(load_settings(config=config, data_dir=folder, environ={}))


@pytest.mark.parametrize(
    ("limits", "key"),
    [('tier = "tier1"', "limits.tier"), ('promotion = ["tier1"]', "limits.promotion")],
)
def test_several_workers_without_valkey_refuse_limits_and_say_what_to_do(
    limits: str, key: str, tmp_path: Path
) -> None:
    """T43: N replicas are not N times the limit."""
    with pytest.raises(ConfigurationError) as refused:
        check(tmp_path, f"[server]\nworkers = 4\n[limits]\n{limits}")

    said = str(refused.value)
    assert said.startswith("server.workers: 4 processes would each keep the rate limits alone")
    for way_out in ("redis_url =", "workers = 1", f"remove {key}"):
        assert way_out in said


@pytest.mark.parametrize(
    ("toml", "way_out", "is_refused"),
    [
        ("[server]\nworkers = 4", "leave --tier out", True),
        ("[server]\nworkers = 4", None, False),
        ("", "leave --tier out", False),
        (
            'redis_url = "redis://127.0.0.1:6379"\n[server]\nworkers = 4',
            "leave --tier out",
            False,
        ),
    ],
)
def test_tiers_of_keys_are_limits_too(
    toml: str, way_out: str | None, is_refused: bool, tmp_path: Path
) -> None:
    """T43: nor are they where keys and workspaces have them, and the configuration none."""
    config = tmp_path / "antechamber.toml"
    config.write_text(toml, encoding="utf-8")
    settings = load_settings(config=config, data_dir=tmp_path, environ={})
    said = ""

    try:
        require_shared_tiers(settings, way_out)
    except ConfigurationError as error:
        said = str(error)

    assert bool(said) == is_refused
    assert not is_refused or said.endswith("workers = 1; or leave --tier out.")


def test_several_workers_without_valkey_refuse_an_account_of_the_cache(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the account of prompt caching alone"):
        check(tmp_path, "[server]\nworkers = 2\n[cache]\nenabled = true")


@pytest.mark.parametrize(
    ("toml", "kept"),
    [
        ("", True),
        ("[server]\nworkers = 2", False),
        ('redis_url = "redis://127.0.0.1:6379"\n[server]\nworkers = 2', True),
        ("[cache]\nenabled = false", False),
    ],
)
def test_the_account_is_kept_where_all_know_of_it(toml: str, kept: bool, tmp_path: Path) -> None:
    config = tmp_path / "antechamber.toml"
    config.write_text(toml, encoding="utf-8")

    settings = load_settings(config=config, data_dir=tmp_path, environ={})

    assert keeps_cache_account(settings) == kept


@pytest.mark.parametrize(
    "toml",
    [
        "[server]\nworkers = 4",
        '[limits]\ntier = "tier1"',
        'redis_url = "redis://127.0.0.1:6379"\n[server]\nworkers = 4\n[limits]\ntier = "tier1"',
    ],
)
def test_one_worker_a_shared_place_or_no_limits_are_fine(toml: str, tmp_path: Path) -> None:
    check(tmp_path, toml)


def test_a_host_of_the_metrics_without_their_port_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="host has no effect without port"):
        check(tmp_path, '[metrics]\nhost = "0.0.0.0"')
    check(tmp_path, '[metrics]\nhost = "0.0.0.0"\nport = 9100')
