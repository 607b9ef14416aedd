"""Checks on the shape of the code that no linter has."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "antechamber"
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50
LONG_ON_PURPOSE: dict[str, str] = {}  # module -> why; an empty dict is the goal


def test_modules_and_functions_stay_readable() -> None:
    """A module fits in one sitting, a function on one screen."""
    too_long = []
    for path in sorted(SRC.rglob("*.py")):
        name, text = str(path.relative_to(SRC)), path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MAX_MODULE_LINES and name not in LONG_ON_PURPOSE:
            too_long.append(f"{name}: {lines} lines")
        too_long += [f"{name}:{long_function}" for long_function in _long_functions(text)]

    assert not too_long, "\n".join(too_long)


def test_every_room_opens_with_one_sentence() -> None:
    """A folder is a role; its charter is the docstring of its ``__init__``."""
    rooms = [path for path in SRC.rglob("*") if path.is_dir() and any(path.glob("*.py"))]

    silent = [str(room.relative_to(SRC)) for room in rooms if not _docstring_of(room)]

    assert rooms
    assert not silent


def test_every_room_stands_in_the_layers() -> None:
    """A new top-level name is placed in the import walls by the commit that makes it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    placed = {name.strip(" ()") for layer in layers for name in layer.split("|")}

    rooms = {path.stem for path in SRC.iterdir() if path.suffix == ".py" or _has_python(path)}

    assert rooms - {"__init__"} <= placed


def test_architecture_fits_on_two_pages() -> None:
    lines = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").count("\n")

    assert lines <= 120


def test_no_machine_path_stands_in_the_repository() -> None:
    """What names one machine's folders breaks on every other."""
    machine_path = re.compile(r"(?<![\w.])/(?:roo[t]|User[s]|wor[k]|workspac[e])/[\w.]")

    leaks = [
        f"{name}:{number}"
        for name, text in _published_texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if machine_path.search(line)
    ]

    assert not leaks, "\n".join(leaks)


def test_no_lock_or_requirement_file_names_an_index() -> None:
    """Where packages come from is the installer's own configuration."""
    locks = [
        (name, text)
        for name, text in _published_texts()
        if name.startswith("requirements/") or Path(name).name.endswith("-lock.json")
    ]
    marks = ("index-url", "find-links", "trusted-host", '"resolved"', "://", "file:")

    named = [f"{name}: {mark}" for name, text in locks for mark in marks if mark in text]

    assert len(locks) > 1
    assert not named, "\n".join(named)


def test_every_requirement_is_pinned_with_hashes() -> None:
    requirements = [
        f"{path.name}: {requirement}"
        for path in sorted((ROOT / "requirements").glob("*.txt"))
        # A requirement and its hashes are one logical line, joined by backslashes.
        for requirement in path.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    ]

    unpinned = [line for line in requirements if "==" not in line or "--hash=sha256:" not in line]

    assert requirements
    assert not unpinned, "\n".join(unpinned)


def test_every_runtime_dependency_is_pinned() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)["project"]["dependencies"]
    text = (ROOT / "requirements" / "base.txt").read_text(encoding="utf-8")
    pinned = {line.split("==")[0] for line in text.splitlines() if "==" in line}

    names = {re.split(r"\[|>=", requirement)[0] for requirement in declared}
    assert names <= pinned


def _long_functions(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{node.lineno} {node.name}: {lines} lines"


def _docstring_of(room: Path) -> str | None:
    charter = room / "__init__.py"
    if not charter.exists():
        return None
    return ast.get_docstring(ast.parse(charter.read_text(encoding="utf-8")))


def _has_python(path: Path) -> bool:
    return path.is_dir() and any(path.rglob("*.py"))


def _published_texts() -> Iterator[tuple[str, str]]:
    """Every text file that a clone would hold, with its path from the root."""
    for name in _published_names():
        path = ROOT / name
        if path.is_file() and path.suffix != ".svg":
            yield name, path.read_text(encoding="utf-8", errors="replace")


def _published_names() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("git tells which files a clone holds, and this is no work tree of git")
    return [name for name in listing.stdout.decode().split("\0") if name]
