"""Which files are taken for models, before anything is started."""

import struct
from pathlib import Path

import pytest

from antechamber.engines.local.model_files import (
    ModelMissing,
    ModelUnloadable,
    find_model_file,
    models_folder,
)

HEADER = struct.pack("<4sIQQ", b"GGUF", 3, 1, 0)


def test_a_file_that_begins_as_a_model_is_found_by_path_and_by_name(tmp_path: Path) -> None:
    folder = models_folder(tmp_path)
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(HEADER)

    found = [find_model_file(name, tmp_path) for name in (str(folder / "tiny.gguf"), "tiny")]

    assert found == [folder / "tiny.gguf"] * 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no GGUF file"),
        (b"8 bytes.", "is no GGUF file"),
        (b"<!doctype html>", "a page that a server answered with"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (HEADER[:8], "ends in its header"),
        (struct.pack("<4sIQQ", b"GGUF", 1, 1, 0), "version or byte order"),
        (struct.pack("<4sIQQ", b"GGUF", 3, 0, 9), "a vocabulary and no model"),
    ],
)
def test_a_file_that_is_no_model_is_refused_by_its_name_with_what_to_do(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)

    with pytest.raises(ModelUnloadable, match=said) as refused:
        find_model_file(str(path), tmp_path)

    assert str(path) in str(refused.value)
    assert "antechamber models add" in str(refused.value)


def test_the_first_of_several_files_may_hold_keys_alone(tmp_path: Path) -> None:
    path = tmp_path / "big-00001-of-00002.gguf"
    path.write_bytes(struct.pack("<4sIQQ", b"GGUF", 3, 0, 9))

    assert find_model_file(str(path), tmp_path) == path


def test_a_model_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"There is no model file x\.gguf"):
        find_model_file("x.gguf", tmp_path)
