"""``secrets.toml`` is made once, privately, and never half."""

import logging
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from antechamber.settings import ConfigurationError, load_or_create_secrets

KEY = "ab" * 32


def write(directory: Path, text: str) -> Path:
    path = directory / "secrets.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def key_table(key_id: str = "00000001", key: str = KEY) -> str:
    return f'[[signing_keys]]\nid = "{key_id}"\nkey = "{key}"\ncreated_at = 2026-11-01T00:00:00Z\n'


def test_the_first_start_makes_the_directory_and_a_private_file(tmp_path: Path) -> None:
    data_dir = tmp_path / "a" / "b"

    secrets = load_or_create_secrets(data_dir)

    assert [path.name for path in data_dir.iterdir()] == ["secrets.toml"]
    assert stat.S_IMODE((data_dir / "secrets.toml").stat().st_mode) == 0o600
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert len(secrets.current.key) == 32
    assert len(secrets.current.id) == 8
    assert secrets.current.created_at.utcoffset() is not None


def test_every_later_start_reads_the_same_keys(tmp_path: Path) -> None:
    assert load_or_create_secrets(tmp_path) == load_or_create_secrets(tmp_path)


def test_two_data_directories_have_different_keys(tmp_path: Path) -> None:
    one, other = (load_or_create_secrets(tmp_path / name) for name in ("one", "other"))

    assert one.current.key != other.current.key
    assert one.current.id != other.current.id


def test_workers_that_start_at_once_agree_on_the_keys(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(load_or_create_secrets, [tmp_path] * 16))

    assert all(secrets == found[0] for secrets in found)
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.toml"]


def test_the_first_key_signs_and_every_key_is_found_by_its_id(tmp_path: Path) -> None:
    write(tmp_path, key_table("0000000b", "bb" * 32) + key_table("0000000a", "aa" * 32))

    secrets = load_or_create_secrets(tmp_path)

    old = secrets.find("0000000a")
    assert secrets.current.key == b"\xbb" * 32
    assert old is not None
    assert old.key == b"\xaa" * 32
    assert secrets.find("0000000c") is None


def test_a_key_does_not_show_itself(tmp_path: Path) -> None:
    write(tmp_path, key_table())

    shown = repr(load_or_create_secrets(tmp_path))

    assert KEY not in shown
    assert repr(bytes.fromhex(KEY)) not in shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("signing_keys =", "is not valid TOML"),
        ("", "signing_keys: is required"),
        ("signing_keys = []", "signing_keys: must not be empty"),
        ("[signing_keys]", "signing_keys: must be a table, written as [[signing_keys]]"),
        (key_table() + "zzz = 1", "signing_keys[0].zzz: unknown key"),
        (key_table(key_id="x"), "signing_keys[0].id: "),
        (key_table(key="abcd"), "signing_keys[0].key: "),
        (key_table() * 2, "signing_keys: every key must have an id of its own"),
        (key_table().replace("Z\n", "\n"), "signing_keys[0].created_at: "),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_shows_no_key(
    text: str, words: str, tmp_path: Path
) -> None:
    path = write(tmp_path, text)

    with pytest.raises(ConfigurationError) as error:
        load_or_create_secrets(tmp_path)

    assert str(error.value).startswith(f"{path}: {words}")
    assert KEY not in str(error.value)
    assert "abcd" not in str(error.value)
    assert path.read_text(encoding="utf-8") == text, "a broken file is never written over"


@pytest.mark.parametrize("place", ["file", "file/inside"])
def test_a_file_in_the_place_of_the_directory_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError) as error:
        load_or_create_secrets(tmp_path / place)

    assert str(error.value).startswith(f"data directory: {tmp_path / 'file'} is not a directory")


def test_secrets_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").mkdir()

    with pytest.raises(ConfigurationError, match=r"secrets\.toml: cannot be made or read: "):
        load_or_create_secrets(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_file_that_others_can_read_is_used_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, key_table())
    path.chmod(0o644)

    with caplog.at_level(logging.WARNING):
        load_or_create_secrets(tmp_path)

    assert f"chmod 600 {path}" in caplog.text
