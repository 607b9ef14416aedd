"""The examples of the README, the quickstart and the guides: run as they stand, on real servers."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from antechamber.settings import load_settings
from tests.servers import RunningServer, running_server

_ROOT = Path(__file__).parent.parent
_PAGES = ("README.md", "docs/quickstart.md", *sorted(
    str(path.relative_to(_ROOT)) for path in (_ROOT / "docs/how-to").glob("*.md")
))  # fmt: skip
_NODE_MODULES = _ROOT / "tests/node/node_modules"
_ADDRESS = "http://127.0.0.1:8787"
_RUN = {"bash", "python", "typescript"}
_DATA = {"toml", "json"}
_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<excuse>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"# (\w+\.(?:py|toml))$")
_PROGRAMS = re.compile(r"^(curl|claude)\b", re.MULTILINE)
_TIMEOUT_S = 240
_SCRIPT = '[[replies]]\ntext = "Hello."\n'
_SCRIPTED = '[[engines]]\nname = "replies"\ntype = "scripted"\nscript = "replies.toml"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    code: str
    excuse: str | None

    @property
    def file(self) -> str | None:
        """The name of the file that the block is; its first line says so."""
        found = _FILE.match(self.code.splitlines()[0])
        return found.group(1) if found else None

    @property
    def is_run(self) -> bool:
        """Whether it is run by itself, and not by another one."""
        return self.language in _RUN and self.file is None and self.excuse is None

    @property
    def programs(self) -> set[str]:
        """What has to be installed for it, beside what the tests themselves need."""
        return {"node"} if self.language == "typescript" else set(_PROGRAMS.findall(self.code))

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def _read(page: str) -> Iterator[Example]:
    text = (_ROOT / page).read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        yield Example(
            page=page,
            line=text.count("\n", 0, block.start("code")) + 1,
            language=block["language"],
            code=block["code"],
            excuse=block["excuse"],
        )


_EXAMPLES = [example for page in _PAGES for example in _read(page)]
_CONFIGURATIONS = [example for example in _EXAMPLES if example.file == "antechamber.toml"]


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The same address with a script behind it."""
    folder = tmp_path_factory.mktemp("scripted")
    with running_server(folder, config=_SCRIPTED, files={"replies.toml": _SCRIPT}) as server:
        yield server
        assert not server.bugs()


@pytest.fixture
def server(request: pytest.FixtureRequest, example: Example) -> RunningServer:
    """What an example talks to.

    Claude Code lets the model think and talk as long as it likes, which the embedded one does.
    """
    name = "scripted" if "claude" in example.programs else "embedded_auto"
    server = request.getfixturevalue(name)
    assert isinstance(server, RunningServer)
    return server


@pytest.mark.timeout(300)  # the embedded model is slow where others compute beside it
@pytest.mark.xdist_group("embedded")
@pytest.mark.parametrize("example", [e for e in _EXAMPLES if e.is_run], ids=str)
def test_an_example_runs_as_it_stands(
    example: Example, server: RunningServer, tmp_path: Path
) -> None:
    environment = _environment(tmp_path)
    _skip_without_programs(example, environment["PATH"])
    for other in _EXAMPLES:
        if other.page == example.page and other.file is not None:
            (tmp_path / other.file).write_text(_aimed(other, server), encoding="utf-8")

    command = _command(example.language, _aimed(example, server), tmp_path)
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert done.stdout.strip(), "an example that shows nothing"
    assert '"type":"error"' not in done.stdout, done.stdout


@pytest.mark.parametrize("example", _CONFIGURATIONS, ids=str)
def test_a_configuration_of_the_guides_is_valid(example: Example, tmp_path: Path) -> None:
    file = tmp_path / "antechamber.toml"
    file.write_text(example.code, encoding="utf-8")

    settings = load_settings(
        config=file, data_dir=tmp_path, environ={"WORKSTATION_KEY": "a-key-of-a-test"}
    )

    assert settings.model_fields_set - {"data_dir", "source"}, "an example that sets nothing"


@pytest.mark.parametrize("example", _EXAMPLES, ids=str)
def test_a_block_is_run_or_data_or_says_why_not(example: Example) -> None:
    if example.language == "toml":
        tomllib.loads(example.code)

    assert example.language in _RUN | _DATA
    assert example.excuse is None or example.language in _RUN


def test_links_between_the_pages_lead_somewhere() -> None:
    papers = [_ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    papers += sorted((_ROOT / "docs").rglob("*.md"))

    broken = [
        f"{paper.relative_to(_ROOT)}: {target}"
        for paper in papers
        for target in _targets(paper)
        if not (paper.parent / target).exists()
    ]

    assert broken == []


def _targets(paper: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", paper.read_text(encoding="utf-8")):
        path = target.partition("#")[0]
        if path and "://" not in target:
            yield path


def _aimed(example: Example, server: RunningServer) -> str:
    return example.code.replace(_ADDRESS, server.url)


def _command(language: str, code: str, folder: Path) -> list[str]:
    if language == "bash":
        return ["bash", "-euo", "pipefail", "-c", code]
    if language == "python":
        (folder / "example.py").write_text(code, encoding="utf-8")
        return [sys.executable, "example.py"]
    # Written so that it is JavaScript as well; Node.js looks for packages beside the file.
    (folder / "example.mjs").write_text(code, encoding="utf-8")
    (folder / "node_modules").symlink_to(_NODE_MODULES)
    return ["node", "example.mjs"]


def _environment(folder: Path) -> dict[str, str]:
    """Return a newcomer's environment: no keys, no settings, a home of its own."""
    ours = ("ANTECHAMBER", "ANTHROPIC", "CLAUDE", "PYTEST")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    programs = (Path(sys.executable).parent, _NODE_MODULES / ".bin", os.environ["PATH"])
    return {
        **kept,
        "PATH": os.pathsep.join(map(str, programs)),
        "HOME": str(folder),
        "ANTECHAMBER_DATA_DIR": str(folder / "data"),
        # The usual port may be somebody's on the machine that runs the tests.
        "ANTECHAMBER_SERVER_PORT": "0",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }


def _skip_without_programs(example: Example, path: str) -> None:
    missing = [name for name in sorted(example.programs) if shutil.which(name, path=path) is None]
    if missing or ("node" in example.programs and not _NODE_MODULES.is_dir()):
        pytest.skip(f"not installed here: {', '.join(missing) or 'the TypeScript SDK'}")
