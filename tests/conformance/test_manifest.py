"""The manifest of requirements and the suite, held against each other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.manifest import FOLDER, requirements

_ID = re.compile(r"^[a-z0-9_.-]+(:[a-z0-9_.-]+)+$")


def test_every_requirement_is_tested_or_says_why_not() -> None:
    tested = {name for _, names in _tests() for name in names}

    untested = [
        each.id for each in requirements().values() if each.id not in tested and not each.deferred
    ]
    done = [each.id for each in requirements().values() if each.id in tested and each.deferred]

    assert not untested, "\n".join(untested)
    assert not done, "deferred and tested:\n" + "\n".join(done)


def test_every_test_names_requirements_of_the_manifest() -> None:
    unlinked = [test for test, names in _tests() if not names]
    unknown = [
        f"{test}: {name}"
        for test, names in _tests()
        for name in names
        if name not in requirements()
    ]

    assert not unlinked, "\n".join(unlinked)
    assert not unknown, "\n".join(unknown)


def test_a_requirement_is_a_sentence_with_a_source() -> None:
    for each in requirements().values():
        assert _ID.match(each.id), each.id
        assert each.behavior.endswith("."), each.id
        assert each.source, each.id


def test_a_reason_for_deferral_names_a_page_that_exists() -> None:
    for each in requirements().values():
        if each.deferred is not None:
            page = each.deferred.rpartition(": ")[2]
            assert (FOLDER.parents[1] / page).is_file(), each.id


def _tests() -> Iterator[tuple[str, list[str]]]:
    """Yield every test of the suite with the ids that its decorator names; this file has none."""
    for path in sorted(FOLDER.glob("test_*.py")):
        if path != Path(__file__):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                if is_function and node.name.startswith("test_"):
                    yield f"{path.name}:{node.name}", list(_ids(node))


def _ids(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Name(id="requirement"), args=arguments):
                yield from (str(each.value) for each in arguments if isinstance(each, ast.Constant))
            case _:
                pass
