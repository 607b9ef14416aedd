"""Servers that the suite shares, one of each kind in a test process, and clients of them."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.conformance.exchanges import Watch, async_sdk_client, plain_client, sdk_client
from tests.conformance.manifest import FOLDER
from tests.servers import RunningServer, running_server

SCRIPTED = """
[[engines]]
name = "replies"
type = "scripted"
script = "replies.toml"
"""

EMBEDDED = """
[[engines]]
name = "embedded"
type = "local"
completer = "{completer}"
"""

StartServer = Callable[..., RunningServer]


def _scripted_server(folder: Path, *, config: str = "") -> Iterator[RunningServer]:
    """Serve the replies that the suite shares; a fault of the server's own fails the last test."""
    replies = (FOLDER / "replies.toml").read_text(encoding="utf-8")
    with running_server(folder, config=config + SCRIPTED, files={"replies.toml": replies}) as it:
        yield it
        assert not it.bugs()


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Every id of the catalogue on the scripted engine, as a server is without settings."""
    yield from _scripted_server(tmp_path_factory.mktemp("scripted"))


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The same under ``fidelity = "hosted"``."""
    folder = tmp_path_factory.mktemp("hosted")
    yield from _scripted_server(folder, config='fidelity = "hosted"\n')


@pytest.fixture(scope="session")
def embedded_llamacpp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The embedded model on llama.cpp."""
    config = EMBEDDED.format(completer="llamacpp")
    with running_server(tmp_path_factory.mktemp("embedded"), config=config) as server:
        yield server
        assert not server.bugs()


@pytest.fixture(
    params=["auto", pytest.param("llamacpp", marks=pytest.mark.slow)],
    ids=lambda completer: f"completer-{completer}",
)
def embedded(request: pytest.FixtureRequest) -> RunningServer:
    """The embedded model on each completer; mark its tests for the group "embedded"."""
    return request.getfixturevalue(f"embedded_{request.param}")


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers for one test, each with replies and settings of its own."""
    with ExitStack() as stopping:

        def start(replies: str, config: str = "") -> RunningServer:
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            return stopping.enter_context(
                running_server(folder, config=config + SCRIPTED, files={"replies.toml": replies})
            )

        yield start


@pytest.fixture
def watch() -> Watch:
    """The exchanges of the test's clients."""
    return Watch()


@pytest.fixture
def client(scripted: RunningServer, watch: Watch) -> Iterator[Anthropic]:
    """The official client, of the scripted server."""
    with sdk_client(scripted.url, watch) as client:
        yield client


@pytest.fixture
async def async_client(scripted: RunningServer, watch: Watch) -> AsyncIterator[AsyncAnthropic]:
    """The official asynchronous client, of the scripted server."""
    async with async_sdk_client(scripted.url, watch) as client:
        yield client


@pytest.fixture
def hosted_client(hosted: RunningServer) -> Iterator[Anthropic]:
    """The official client, of the server with hosted fidelity."""
    with sdk_client(hosted.url) as client:
        yield client


@pytest.fixture
def http(scripted: RunningServer, watch: Watch) -> Iterator[httpx2.Client]:
    """Plain HTTP, to the scripted server."""
    with plain_client(scripted.url, watch) as client:
        yield client


@pytest.fixture
def hosted_http(hosted: RunningServer) -> Iterator[httpx2.Client]:
    """Plain HTTP, to the server with hosted fidelity."""
    with plain_client(hosted.url) as client:
        yield client


@pytest.fixture(
    params=[
        "scripted",
        pytest.param(
            "embedded",
            # Answers of a model that small may go on until its window is full.
            marks=[pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("embedded")],
        ),
    ]
)
def example_server(request: pytest.FixtureRequest) -> RunningServer:
    """A server on each engine, for examples that have to run on both."""
    return request.getfixturevalue("embedded_auto" if request.param == "embedded" else "scripted")


@pytest.fixture
def example_client(example_server: RunningServer, watch: Watch) -> Iterator[Anthropic]:
    """The official client of the example's server."""
    with sdk_client(example_server.url, watch, timeout=540.0) as client:
        yield client


@pytest.fixture
def is_scripted(example_server: RunningServer) -> bool:
    """Whether the words of the answer are known beforehand."""
    return "replies" in {path.stem for path in example_server.folder.iterdir()}
