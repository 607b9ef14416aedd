import os
import signal
import sys
from pathlib import Path

import pytest

from tests.commands import Command, Process, bare_environment, start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands are programs here")


def _started(folder: Path, *arguments: str, **env: str) -> Process:
    with Path(os.devnull).open("r+") as nothing:
        files = (nothing.fileno(), nothing.fileno(), nothing.fileno())
        return start(arguments, folder=folder, env={**bare_environment(), **env}, files=files)


def test_a_command_is_forked_from_what_has_imported_it(tmp_path: Path) -> None:
    """A module that it cannot import any more would make each of them import all by itself."""
    version, mistake = _started(tmp_path, "--version"), _started(tmp_path, "--verzion")

    assert isinstance(version, Command)
    assert (version.wait(60), mistake.wait(60)) == (0, 2)
    assert version.pid != mistake.pid


def test_a_killed_command_tells_by_which_signal(tmp_path: Path) -> None:
    config = '[[engines]]\nname = "x"\ntype = "scripted"\nscript = "replies.toml"\n'
    (tmp_path / "server.toml").write_text(config)
    (tmp_path / "replies.toml").write_text('[[replies]]\ntext = "Hello"\n')
    options = ("--port", "0", "--config", "server.toml", "--data-dir", "data")
    server = _started(tmp_path, "serve", *options)

    server.kill()

    assert server.wait(60) == -signal.SIGKILL


def test_settings_of_python_itself_need_a_program(tmp_path: Path) -> None:
    program = _started(tmp_path, "--version", PYTHONDEVMODE="1")

    assert not isinstance(program, Command)
    assert program.wait(60) == 0
