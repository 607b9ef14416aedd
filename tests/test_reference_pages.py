"""The support table and the list of errors, held against the shapes, the sources and a server."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import httpx2
import pytest
from anthropic.types import AnthropicBetaParam
from pydantic import BaseModel

from antechamber.wire import blocks, messages, tools
from tests.servers import RunningServer, running_server

_ROOT = Path(__file__).parent.parent
_SUPPORT = _ROOT / "docs/reference/support.md"
_ERRORS = _ROOT / "docs/reference/errors.md"
_MODEL = "claude-sonnet-5-5"
_CODE = re.compile(r"``\s?(.+?)\s?``(?!`)|`([^`]+)`")
_SCRIPT = '[[replies]]\ntext = "Hello."\n'
_CONFIG = '[[engines]]\nname = "replies"\ntype = "scripted"\nscript = "replies.toml"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the support table: names, what becomes of them, and the text of a refusal."""

    section: str
    names: tuple[str, ...]
    state: str
    text: str | None


@cache
def _rows() -> tuple[Row, ...]:
    rows: list[Row] = []
    section = ""
    for line in _SUPPORT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            spans = _spans(cells[2]) if len(cells) > 2 else []
            rows.append(
                Row(
                    section=section,
                    names=tuple(_spans(cells[0])),
                    state=cells[1] if len(cells) > 2 else "",
                    text=spans[0] if spans else None,
                )
            )
    return tuple(rows)


def _spans(cell: str) -> list[str]:
    return [double or single for double, single in _CODE.findall(cell)]


def _named(section: str) -> set[str]:
    """Return the names of a section, without the values that some of them stand with."""
    names = (name for row in _rows() if row.section == section for name in row.names)
    return {name.partition(":")[0] for name in names}


def _models_in(union: object) -> Iterator[type[BaseModel]]:
    """Yield the models of a union, its annotations and nested unions taken off."""
    if isinstance(union, type) and issubclass(union, BaseModel):
        yield union
    for argument in get_args(union):
        yield from _models_in(argument)


def _tags(union: object) -> set[str]:
    return {
        tag
        for model in _models_in(union)
        for literal in (get_type_hints(model)["type"],)
        for each in (literal, *get_args(literal))
        for tag in get_args(each)
        if isinstance(tag, str)
    }


def test_every_parameter_is_in_the_table() -> None:
    fields = {*messages.MessageRequest.model_fields, *messages.CountTokensRequest.model_fields}

    assert fields - _named("Parameters") == set()


def test_the_parameters_of_count_tokens_are_marked() -> None:
    marked = re.findall(r"^\| `(\w+)[^|]*⁺ \|", _SUPPORT.read_text(encoding="utf-8"), re.MULTILINE)

    assert set(marked) == set(messages.CountTokensRequest.model_fields)


def test_every_block_is_in_the_table() -> None:
    tags = _tags(blocks.ContentBlock) | _tags(blocks.SystemContentBlock)
    tags |= _tags(blocks.ToolResultContentBlock)

    assert tags - _named("Content blocks") == set()


def test_every_tool_and_every_field_of_one_is_in_the_table() -> None:
    names = _named("Tools")

    assert _tags(tools.Tool) - names == set()
    assert set(tools.CustomTool.model_fields) - names == {"type"}


def test_every_beta_of_the_sdk_is_in_the_table() -> None:
    values = {value for part in get_args(AnthropicBetaParam) for value in get_args(part)}

    assert values - _named("Betas") == set()


def test_every_route_is_in_the_table() -> None:
    source = (_ROOT / "src/antechamber/http/app.py").read_text(encoding="utf-8")
    routes = {path.replace(":path}", "}") for path in re.findall(r'Route\("([^"]+)"', source)}

    assert routes
    assert routes - {name.rpartition(" ")[2] for name in _named("Endpoints")} == set()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("scripted")
    with running_server(folder, config=_CONFIG, files={"replies.toml": _SCRIPT}) as server:
        yield server
        assert not server.bugs()


_PARAMETERS: Mapping[str, object] = {
    'speed: "fast"': "fast",
    'container: "container_1"': "container_1",
    "mcp_servers": [{"type": "url", "name": "files", "url": "https://mcp.example.com"}],
    "compaction": {"type": "summarize"},
    "fallbacks": "default",
    "fallback_credit_token": "token",
    'billing_policy: "user_profile"': {"type": "billing_policy", "bill_to": "user_profile"},
    "user_profile_id": "profile",
    "thread": {"type": "create"},
    "any other": 1,
}


def _refused(section: str) -> list[Row]:
    return [row for row in _rows() if row.section == section and row.state == "refused"]


@pytest.mark.parametrize("row", _refused("Parameters"), ids=lambda row: row.names[0])
def test_a_refused_parameter_is_refused_in_these_words(row: Row, server: RunningServer) -> None:
    name = row.names[0]
    body = _message() | {name.partition(":")[0]: _PARAMETERS[name]}

    assert _fits(row.text, _refusal(server, body))


@pytest.mark.parametrize(
    ("row", "tool_type"),
    [(row, name) for row in _refused("Tools") for name in row.names],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refused_tool_is_refused_in_these_words(
    row: Row, tool_type: str, server: RunningServer
) -> None:
    assert _fits(row.text, _refusal(server, _message() | {"tools": [_tool(tool_type)]}))


_BLOCKS: Mapping[str, Mapping[str, object]] = {
    "image": {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
    },
    "document": {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
    },
    "image, document": {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    "container_upload": {"type": "container_upload", "file_id": "file_1"},
    "compaction": {"type": "compaction", "content": "A summary.", "signature": "abc"},
}


def _is_block(row: Row, state: str) -> bool:
    return row.section == "Content blocks" and row.state == state


@pytest.mark.parametrize(
    "row", [r for r in _rows() if _is_block(r, "refused")], ids=lambda row: row.names[0]
)
def test_a_refused_block_is_refused_in_these_words(row: Row, server: RunningServer) -> None:
    body = _message(_BLOCKS[", ".join(row.names)])

    assert _fits(row.text, _refusal(server, body))


@pytest.mark.xdist_group("embedded")
@pytest.mark.parametrize(
    "row", [r for r in _rows() if _is_block(r, "local: refused")], ids=lambda row: row.names[0]
)
def test_what_a_local_model_cannot_read_is_refused_in_these_words(
    row: Row, embedded_auto: RunningServer
) -> None:
    assert _fits(row.text, _refusal(embedded_auto, _message(_BLOCKS[row.names[0]])))


@pytest.mark.xdist_group("embedded")
def test_toolsets_are_refused_by_a_local_model_and_played_by_a_script(
    embedded_auto: RunningServer, server: RunningServer
) -> None:
    row = next(r for r in _rows() if r.section == "Tools" and r.state == "local: refused")

    for tool_type in row.names:
        body = _message() | {"tools": [_tool(tool_type)]}
        assert _fits(row.text, _refusal(embedded_auto, body))
        assert _post(server, body).status_code == 200


_SERVED_TOOLS = sorted(
    name
    for row in _rows()
    if row.section == "Tools" and row.state == "yes"
    for name in row.names
    if name in _tags(tools.Tool)
)


@pytest.mark.parametrize("tool_type", _SERVED_TOOLS)
def test_a_served_tool_is_served(tool_type: str, server: RunningServer) -> None:
    answer = _post(server, _message() | {"tools": [_tool(tool_type)]})

    assert answer.status_code == 200, answer.text


def test_refused_endpoints_are_not_found(server: RunningServer) -> None:
    paths = [name for row in _refused("Endpoints") for name in row.names]

    answers = {path: httpx2.post(server.url + path, headers=_HEADERS).status_code for path in paths}

    assert set(answers.values()) == {404}


_FAULTS_OF_CALLERS = {
    "InvalidRequest",
    "Unauthenticated",
    "NotFound",
    "MethodNotAllowed",
    "RequestTooLarge",
    "Overloaded",
    "EngineTimedOut",
}
"""What a caller can do something about; other faults of engines share a row."""


def test_every_text_of_the_servers_is_on_the_page_of_errors() -> None:
    spans = [span for line in _lines(_ERRORS) for span in _spans(line)]

    missing = [text for text in sorted(_raised_texts()) if not any(_says(s, text) for s in spans)]

    assert missing == []


def _lines(page: Path) -> list[str]:
    return [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]


def _says(span: str, text: str) -> bool:
    """Tell whether the fixed parts of ``text`` stand in ``span`` in their order."""
    at = 0
    for part in text.split("…"):
        found = span.find(part.strip(), at)
        if found < 0:
            return False
        at = found + len(part.strip())
    return True


def _raised_texts() -> set[str]:
    """Return the texts that the sources raise, ``…`` for whatever is put into them."""
    found: set[str] = set()
    for path in (_ROOT / "src/antechamber").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found.update(_raised_in(function))
    # Some have nothing fixed: the path and the words come from elsewhere.
    return {text for text in found if re.search(r"[a-z]{3}", text)}


def _raised_in(function: ast.AST) -> Iterator[str]:
    texts: dict[str, str] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts[node.targets[0].id] = _template(node.value, texts)
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[text, *_]) if name in _FAULTS_OF_CALLERS:
                yield _template(text, texts)
            case _:
                pass


def _template(node: ast.expr, texts: Mapping[str, str]) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_template(part, texts) for part in parts)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _template(left, texts) + _template(right, texts)
        case ast.Name(id=name):
            return texts.get(name, "…")
        case _:
            return "…"


_HEADERS = {"anthropic-version": "2023-06-01"}


def _message(block: Mapping[str, object] | None = None) -> dict[str, object]:
    content = [{"type": "text", "text": "Hello"}, *([block] if block else [])]
    return {
        "model": _MODEL,
        "max_tokens": 10,
        "messages": [{"role": "user", "content": content}],
    }


def _post(server: RunningServer, body: object) -> httpx2.Response:
    return httpx2.post(f"{server.url}/v1/messages", json=body, headers=_HEADERS)


def _refusal(server: RunningServer, body: object) -> str:
    answer = _post(server, body)

    assert answer.status_code in (400, 404), answer.text
    return cast("dict[str, Any]", answer.json())["error"]["message"]


def _fits(text: str | None, message: str) -> bool:
    assert text is not None
    pattern = re.escape(text).replace("…", ".+").replace("MODEL", re.escape(_MODEL))
    return re.fullmatch(re.sub(r"\bN\b", r"\\d+", pattern), message) is not None


def _tool(tool_type: str) -> dict[str, object]:
    """Return the smallest declaration of a type: its fixed name, and what it cannot do without."""
    model = next(each for each in _models_in(tools.Tool) if tool_type in _tags(each))
    needed: dict[str, object] = {
        "input_schema": {"type": "object"},
        "display_width_px": 100,
        "display_height_px": 100,
        "model": _MODEL,
        "mcp_server_name": "files",
    }
    declared = {name: needed[name] for name in needed if name in model.model_fields}
    if "name" in model.model_fields:
        fixed = get_args(model.model_fields["name"].annotation)
        declared["name"] = fixed[0] if fixed else "look_up"
    return {"type": tool_type, **declared}
