import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command_line import run
from tests.servers import RunningServer, running_server

CONFIG = """
[[engines]]
name = "replies"
type = "scripted"
script = "replies.toml"
"""
REPLIES = '[[replies]]\ntext = "seen"\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("files")
    with running_server(folder, config=CONFIG, files={"replies.toml": REPLIES}) as running:
        yield running
        assert not running.bugs()


def at(url: str) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "any"}


def test_a_file_is_uploaded_listed_and_deleted(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("What there is to know.")

    none = run("files", "list", folder=tmp_path, env=at(server.url))
    kept = run(
        "files", "upload", "notes.txt", "--expires", "24h", folder=tmp_path, env=at(server.url)
    )
    file_id = kept.stdout.strip()
    listed = run("files", "list", folder=tmp_path, env=at(server.url))
    objects = run("files", "list", "--json", folder=tmp_path, env=at(server.url))
    deleted = run("files", "delete", file_id, folder=tmp_path, env=at(server.url))
    again = run("files", "delete", file_id, folder=tmp_path, env=at(server.url))

    assert none.stderr == "There is none. Upload one: antechamber files upload FILE\n"
    assert file_id.startswith("file_")
    head, row = listed.stdout.splitlines()
    assert head.split()[:4] == ["id", "name", "type", "size"]
    assert row.split()[:5] == [file_id, "notes.txt", "text/plain", "22", "B"]
    (told,) = json.loads(objects.stdout)
    assert (told["id"], told["expires_at"] > told["created_at"]) == (file_id, True)
    assert deleted.stdout == f"deleted {file_id}\n"
    assert again.stderr.startswith("error not_found_error: ")
    assert again.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.pdf",), "nowhere.pdf"),
        (("here.txt", "--expires", "soon"), "--expires soon: give 1h to 90d, 24h for instance"),
        (("here.txt", "--expires", ""), "--expires : give 1h to 90d"),
        (("here.txt", "--expires", "59m"), "--expires 59m: give 1h to 90d"),
        (("here.txt", "--expires", "91d"), "--expires 91d: give 1h to 90d"),
        (("here.txt", "--type", "text\n"), "--type text\n: give a media type, text/plain for"),
    ],
)
def test_what_cannot_be_uploaded_is_told_plainly(
    server: RunningServer, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "here.txt").write_text("text")

    refused = run("files", "upload", *arguments, folder=tmp_path, env=at(server.url))

    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.returncode == 2


def test_a_text_of_a_type_that_no_document_takes_is_told_with_what_to_do(
    server: RunningServer, tmp_path: Path
) -> None:
    (tmp_path / "notes.md").write_text("# What there is to know")

    marked = run("files", "upload", "notes.md", folder=tmp_path, env=at(server.url))
    plain = run(
        *("files", "upload", "notes.md", "--type", "text/plain"),
        folder=tmp_path,
        env=at(server.url),
    )
    objects = run("files", "list", "--json", folder=tmp_path, env=at(server.url))

    assert marked.stderr == (
        "It is text/markdown, which no document block takes; "
        "for one: antechamber files upload notes.md --type text/plain\n"
    )
    assert (marked.returncode, plain.stderr) == (0, "")
    kinds = {each["id"]: each["mime_type"] for each in json.loads(objects.stdout)}
    assert kinds[marked.stdout.strip()] == "text/markdown"
    assert kinds[plain.stdout.strip()] == "text/plain"


def test_a_list_that_goes_on_says_so(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    newest = [
        run("files", "upload", "a.txt", folder=tmp_path, env=at(server.url)).stdout.strip()
        for _ in range(3)
    ][::-1]

    two = run("files", "list", "--limit", "2", "--json", folder=tmp_path, env=at(server.url))
    all_of_them = run("files", "list", "--limit", "2000", folder=tmp_path, env=at(server.url))

    assert [each["id"] for each in json.loads(two.stdout)] == newest[:2]
    assert two.stderr == "more: --limit 20\n"
    assert [row.split()[0] for row in all_of_them.stdout.splitlines()[1:4]] == newest
    assert all_of_them.stderr == ""


@pytest.mark.parametrize("file_id", ["", " ", "..", "a/b"])
def test_what_is_no_id_is_told_so(tmp_path: Path, file_id: str) -> None:
    refused = run("files", "delete", file_id, folder=tmp_path, env=at("http://127.0.0.1:9"))

    assert "give the id, file_01…" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.returncode == 2


def test_a_name_that_is_not_utf_8_is_kept_as_far_as_it_can_be_read(
    server: RunningServer, tmp_path: Path
) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    (tmp_path / name).write_text("text")

    kept = run("files", "upload", name, folder=tmp_path, env=at(server.url))
    newest = run("files", "list", "--limit", "1", "--json", folder=tmp_path, env=at(server.url))

    assert kept.returncode == 0, kept.stderr
    assert json.loads(newest.stdout)[0]["filename"] == "caf\ufffd.txt"
