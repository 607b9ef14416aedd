import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.command_line import run

# Each takes a good part of a second to import, and none of them is needed to print a help text.
HEAVY = (
    *("pydantic", "rich", "anthropic", "aiohttp", "uvicorn", "huggingface_hub", "xllamacpp"),
    *("sqlalchemy", "alembic"),
)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["serve"],
        ["chat"],
        ["batches"],
        ["batches", "submit"],
        ["batches", "watch"],
        ["batches", "results"],
        ["batches", "list"],
        ["batches", "cancel"],
        ["files"],
        ["files", "upload"],
        ["files", "list"],
        ["files", "delete"],
        ["doctor"],
        ["models"],
        ["models", "add"],
        ["models", "list"],
        ["models", "remove"],
        ["keys"],
        ["keys", "create"],
        ["keys", "list"],
        ["keys", "set"],
        ["keys", "disable"],
        ["keys", "enable"],
        ["keys", "revoke"],
        ["keys", "rotate"],
        ["workspaces"],
        ["workspaces", "create"],
        ["workspaces", "list"],
        ["workspaces", "set"],
        ["workspaces", "archive"],
        ["usage"],
        ["db"],
        ["db", "status"],
        ["db", "upgrade"],
    ],
)
def test_every_command_explains_itself(tmp_path: Path, arguments: list[str]) -> None:
    shown = run(*arguments, "--help", folder=tmp_path)

    assert shown.returncode == 0
    assert shown.stdout.startswith(" ".join(["Usage: antechamber", *arguments]).rstrip())
    _, _, shown_examples = shown.stdout.partition("Examples:\n")
    assert " ".join(["antechamber", *arguments]) in shown_examples
    assert "\x1b[" not in shown.stdout


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys, contextlib, antechamber.cli\n"
        "sys.argv = ['antechamber', '--help']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(None):\n"
        "    antechamber.cli.main()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )

    shown = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.strip() == "[]"


def test_the_version_is_said(tmp_path: Path) -> None:
    shown = run("--version", folder=tmp_path)

    assert shown.stdout.startswith("antechamber 0.")


def test_an_unknown_option_is_refused_with_status_2(tmp_path: Path) -> None:
    shown = run("serve", "--prot", "1", folder=tmp_path)

    assert "No such option" in shown.stderr
    assert shown.returncode == 2
