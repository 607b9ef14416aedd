"""Upstreams that the live tests share, antechamber before each, and the official clients of it."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic

from antechamber.engines.local.model_files import embedded_model
from tests.conformance.exchanges import Watch, sdk_client
from tests.engines.openai_chat.llama_server import llama_server
from tests.live.upstreams import (
    PARSERS,
    VLLM_MODEL,
    VLLM_NAME,
    Upstream,
    missing_vllm,
    model_with_marks,
    running_vllm,
)
from tests.servers import RunningServer, running_server

CHAT = """
[[engines]]
name = "up"
type = "openai_chat"
base_url = "{url}"
{more}

[[models]]
id = "claude-*"
engines = ["up"]
upstream_model = "{model}"
"""
MESSAGES = """
[[engines]]
name = "up"
type = "messages_api"
base_url = "{url}"

[[models]]
id = "claude-*"
engines = ["up"]
"""
SCRIPTED = """
[[engines]]
name = "replies"
type = "scripted"
script = "replies.toml"
"""
SLOW = [pytest.mark.slow, pytest.mark.timeout(600)]
LIVE = [*SLOW, pytest.mark.xdist_group("live")]
UPSTREAMS = [
    pytest.param("behind_vllm", marks=LIVE, id="vllm"),
    pytest.param("behind_vllm_with_parsers", marks=LIVE, id="vllm-parsers"),
    pytest.param("behind_llama_server", marks=LIVE, id="llama-server"),
    pytest.param("behind_antechamber", marks=LIVE, id="messages-api"),
    pytest.param("behind_door", marks=pytest.mark.xdist_group("door"), id="openai-door"),
]
Folders = pytest.TempPathFactory


def _needs_the_model() -> None:
    if embedded_model() is None:
        pytest.skip("the embedded model is not installed: `make setup` does it")


def _needs_vllm() -> None:
    if (why := missing_vllm()) is not None:
        pytest.skip(why)


@pytest.fixture(scope="session")
def vllm() -> Iterator[str]:
    """The address of a vLLM as it is without options: no parser for calls or thoughts."""
    _needs_vllm()
    with running_vllm(VLLM_MODEL) as url:
        yield url


@pytest.fixture(scope="session")
def vllm_with_parsers(tmp_path_factory: Folders) -> Iterator[str]:
    """The address of a vLLM that reads calls and thoughts from what the model writes."""
    _needs_vllm()
    model = model_with_marks(tmp_path_factory.mktemp("model") / "marked")
    with running_vllm(model, *PARSERS) as url:
        yield url


@pytest.fixture(scope="session")
def behind_vllm(vllm: str) -> Upstream:
    """Known as vLLM by what it says of itself."""
    return Upstream(config=CHAT.format(url=f"{vllm}/v1", model=VLLM_NAME, more=""))


@pytest.fixture(scope="session")
def behind_vllm_with_parsers(vllm_with_parsers: str) -> Upstream:
    """Where tools are the host's own matter."""
    url = f"{vllm_with_parsers}/v1"
    return Upstream(config=CHAT.format(url=url, model=VLLM_NAME, more=""))


@pytest.fixture(scope="session")
def behind_llama_server() -> Iterator[Upstream]:
    """The llama-server of the local engine, spoken to as any other."""
    _needs_the_model()
    model = embedded_model()
    assert model is not None
    with llama_server(model) as llama:
        more = f'api_key = "{llama.key}"'
        yield Upstream(config=CHAT.format(url=f"{llama.url}/v1", model="smollm2", more=more))


@pytest.fixture(scope="session")
def behind_antechamber(tmp_path_factory: Folders) -> Iterator[Upstream]:
    """Another antechamber with the embedded model, by its Messages API."""
    _needs_the_model()
    with running_server(tmp_path_factory.mktemp("first")) as first:
        yield Upstream(config=MESSAGES.format(url=first.url), prompt_too_long="word " * 40_000)
        assert not first.bugs()


@pytest.fixture(scope="session")
def behind_door(tmp_path_factory: Folders) -> Iterator[Upstream]:
    """Another antechamber with the scripted engine, by its chat completions."""
    replies = (Path(__file__).parent / "replies.toml").read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("first")
    with running_server(folder, config=SCRIPTED, files={"replies.toml": replies}) as first:
        yield Upstream(
            config=CHAT.format(url=f"{first.url}/v1", model="claude-sonnet-5-5", more=""),
            is_exact=False,
            continues=False,
        )
        assert not first.bugs()


@contextmanager
def before(upstream: Upstream, folder: Path) -> Generator[RunningServer, None, None]:
    """Start antechamber before ``upstream``; a fault of its own fails the last test."""
    with running_server(folder, config=upstream.config) as server:
        yield server
        assert not server.bugs()


@pytest.fixture(scope="module", params=UPSTREAMS)
def upstream(request: pytest.FixtureRequest) -> Upstream:
    """Each upstream in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: Folders) -> Iterator[RunningServer]:
    """Antechamber before the upstream in turn."""
    with before(upstream, tmp_path_factory.mktemp("front")) as server:
        yield server


@pytest.fixture
def watch() -> Watch:
    """The exchanges of the test's client; every stream's grammar is checked."""
    return Watch()


@pytest.fixture
def client(server: RunningServer, watch: Watch) -> Iterator[Anthropic]:
    """The official client."""
    with sdk_client(server.url, watch, timeout=300.0) as client:
        yield client


@pytest.fixture
def openai_client(server: RunningServer) -> Iterator[Any]:
    """The official client of the other format."""
    openai: Any = pytest.importorskip("openai")
    url = f"{server.url}/v1"
    with openai.OpenAI(base_url=url, api_key="any", max_retries=0, timeout=300.0) as client:
        yield client
