"""Real vLLM behind antechamber: what it alone has, counts, caches and what it is left to do."""

import re
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.conformance.bodies import (
    OPUS,
    WEATHER,
    assistant,
    tool_result,
    tool_use,
    user,
    without,
)
from tests.conformance.exchanges import Watch, events_of, sdk_client
from tests.live.asking import ask, body, changed, read
from tests.live.conftest import CHAT, LIVE, Folders, before
from tests.live.upstreams import (
    PARSERS,
    VLLM_NAME,
    VLLM_WINDOW,
    Upstream,
    missing_vllm,
    model_with_marks,
    running_vllm,
)
from tests.servers import RunningServer

pytestmark = [*LIVE, pytest.mark.skipif(missing_vllm() is not None, reason=str(missing_vllm()))]

RUNNING = re.compile(r"^vllm:num_requests_running\{.*\} (\S+)$", re.MULTILINE)
WHEN_LEFT_S = 2.0
STORY = body("Tell me a very long story about a ship and its crew.", max_tokens=3_000)
STORY["extra_body"] = {"temperature": 1.0}
THINKING: Any = {"type": "adaptive", "display": "summarized"}
ALOUD = {"model": OPUS, "thinking": THINKING, "extra_body": None, "max_tokens": 60}
LOOP = [user("The weather?"), assistant([tool_use(location="Paris")]), user([tool_result()])]
CHOICES = [{"type": "auto"}, {"type": "any"}]
COUNTED: dict[str, dict[str, Any]] = {
    "system-blocks": body(system=[{"type": "text", "text": "Be brief."}]),
    "same-role": body(messages=[user("Hello"), user("there")]),
    "system-inside": body(messages=[user("Hello"), {"role": "system", "content": "Be brief."}]),
    "prefill": body(messages=[user("Hello"), assistant("My answer is (")]),
    "named": body(tools=[WEATHER], tool_choice={"type": "tool", "name": "get_weather"}),
    "none": body(tools=[WEATHER], tool_choice={"type": "none"}),
    "loop": body(tools=[WEATHER], messages=LOOP),
    "thinking": body(**ALOUD),
}


@pytest.fixture(scope="module")
def plain(behind_vllm: Upstream, tmp_path_factory: Folders) -> Iterator[RunningServer]:
    """Before a vLLM that parses nothing."""
    with before(behind_vllm, tmp_path_factory.mktemp("front")) as server:
        yield server


@pytest.fixture(scope="module")
def parsing(
    behind_vllm_with_parsers: Upstream, tmp_path_factory: Folders
) -> Iterator[RunningServer]:
    """Before a vLLM that parses calls and thoughts."""
    with before(behind_vllm_with_parsers, tmp_path_factory.mktemp("front")) as server:
        yield server


@pytest.fixture
def client(plain: RunningServer, watch: Watch) -> Iterator[Anthropic]:
    with sdk_client(plain.url, watch, timeout=300.0) as client:
        yield client


@pytest.fixture
def parsing_client(parsing: RunningServer, watch: Watch) -> Iterator[Anthropic]:
    with sdk_client(parsing.url, watch, timeout=300.0) as client:
        yield client


def running(vllm: str) -> float:
    """Return how many requests vLLM is at work on."""
    with urllib.request.urlopen(f"{vllm}/metrics", timeout=10) as answer:  # noqa: S310 - loopback
        found = RUNNING.search(answer.read().decode())
    assert found
    return float(found[1])


def is_idle_soon(vllm: str) -> bool:
    deadline = time.monotonic() + WHEN_LEFT_S
    while time.monotonic() < deadline:
        if running(vllm) == 0:
            return True
        time.sleep(0.05)
    return False


def test_the_answer_names_the_engine_and_its_model(client: Anthropic) -> None:
    answer = client.messages.with_raw_response.create(**body(max_tokens=1))

    assert answer.headers["antechamber-served-by"] == "up/smollm2"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_prompt_that_was_read_before_is_counted_as_cached(
    client: Anthropic, stream: bool
) -> None:
    system = f"This is told to {uuid.uuid4()}. " * 20
    fields = body(max_tokens=2, system=system)

    first = ask(client, fields, stream=stream)
    second = ask(client, fields, stream=stream)

    assert first.usage.cache_read_input_tokens < 64
    assert second.usage.cache_read_input_tokens > 200
    assert read(first) == read(second)


@pytest.mark.parametrize("fields", COUNTED.values(), ids=COUNTED.keys())
def test_every_form_of_a_prompt_is_counted_exactly(
    client: Anthropic, fields: dict[str, Any]
) -> None:
    message = client.messages.create(**changed(fields, max_tokens=1))

    counted = client.messages.count_tokens(**without(fields, "max_tokens", "extra_body"))

    assert counted.input_tokens == read(message) > 0


@pytest.mark.parametrize("fields", COUNTED.values(), ids=COUNTED.keys())
def test_every_form_is_counted_exactly_where_vllm_has_parsers(
    parsing_client: Anthropic, fields: dict[str, Any]
) -> None:
    message = parsing_client.messages.create(**changed(fields, max_tokens=1))

    counted = parsing_client.messages.count_tokens(**without(fields, "max_tokens", "extra_body"))

    assert counted.input_tokens == read(message) > 0


@pytest.mark.parametrize("choice", CHOICES, ids=["auto", "any"])
def test_the_first_prompt_with_tools_is_counted_exactly(
    behind_vllm: Upstream, tmp_path: Path, choice: Any
) -> None:
    check_the_first_count(behind_vllm, tmp_path, choice)


@pytest.mark.parametrize(
    ("knows_tools", "options"), [(True, ()), (False, PARSERS)], ids=["no-parser", "no-template"]
)
def test_the_first_count_is_exact_whatever_vllm_lacks(
    tmp_path: Path, knows_tools: bool, options: tuple[str, ...]
) -> None:
    model = model_with_marks(tmp_path / "model", knows_tools=knows_tools)

    with running_vllm(model, *options) as url:
        upstream = Upstream(config=CHAT.format(url=f"{url}/v1", model=VLLM_NAME, more=""))
        for number, choice in enumerate(CHOICES):
            check_the_first_count(upstream, tmp_path / str(number), choice)


def check_the_first_count(upstream: Upstream, folder: Path, choice: Any) -> None:
    fields = body(tools=[WEATHER], tool_choice=choice)
    folder.mkdir(exist_ok=True)

    with before(upstream, folder) as server, sdk_client(server.url) as client:
        plain = client.messages.count_tokens(**without(body(), "max_tokens", "extra_body"))
        counted = client.messages.count_tokens(**without(fields, "max_tokens", "extra_body"))
        message = client.messages.create(**changed(fields, max_tokens=1))

    assert counted.input_tokens == read(message) > plain.input_tokens + 50


def test_the_stream_begins_with_the_count(client: Anthropic, watch: Watch) -> None:
    counted = client.messages.count_tokens(**without(body(), "max_tokens", "extra_body"))

    ask(client, body(max_tokens=2), stream=True)

    events = events_of(bytes(watch.exchanges[-1].body))
    assert read_of(events[0]["message"]["usage"]) == counted.input_tokens


def read_of(usage: dict[str, int]) -> int:
    cached = usage["cache_read_input_tokens"] + usage["cache_creation_input_tokens"]
    return usage["input_tokens"] + cached


def test_an_output_limit_above_the_window_is_no_error(client: Anthropic) -> None:
    fields = body("word " * (VLLM_WINDOW - 60), max_tokens=32_000)

    message = client.messages.create(**fields)

    assert message.stop_reason in ("model_context_window_exceeded", "end_turn")
    assert read(message) + message.usage.output_tokens <= VLLM_WINDOW


def test_a_begun_answer_is_continued_with_what_follows(client: Anthropic) -> None:
    turns = [user("Which city is the capital of France?"), assistant("The capital of France is")]

    message = ask(client, body(messages=turns, max_tokens=6), stream=True)

    assert message.content[0].text.startswith(" Paris")


def test_a_client_that_leaves_a_stream_frees_vllm(client: Anthropic, vllm: str) -> None:
    with client.messages.stream(**STORY) as stream:
        next(iter(stream.text_stream))
        assert running(vllm) == 1

    assert is_idle_soon(vllm)


def test_a_client_that_gives_up_waiting_frees_vllm(plain: RunningServer, vllm: str) -> None:
    with (
        Anthropic(base_url=plain.url, api_key="any", max_retries=0, timeout=1.0) as client,
        suppress(anthropic.APITimeoutError),
    ):
        client.messages.create(**STORY)

    assert is_idle_soon(vllm)


# ---- with parsers ------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_thought_comes_before_the_answer(parsing_client: Anthropic, stream: bool) -> None:
    message = ask(parsing_client, body("How much is 2 + 2?", **ALOUD), stream=stream)

    first, *others = message.content
    assert (first.type, bool(first.thinking), bool(first.signature)) == ("thinking", True, True)
    assert {block.type for block in others} <= {"text"}


def test_a_thought_goes_back_and_the_conversation_goes_on(parsing_client: Anthropic) -> None:
    asked = user("How much is 2 + 2?")
    first = parsing_client.messages.create(**changed(body(**ALOUD), messages=[asked]))

    turns = [asked, assistant([block.model_dump() for block in first.content]), user("And 3 + 3?")]
    second = parsing_client.messages.create(**changed(body(**ALOUD), messages=turns))

    assert second.content[0].type == "thinking"


def test_nothing_is_thought_where_that_is_not_asked_for(parsing_client: Anthropic) -> None:
    message = parsing_client.messages.create(**body("How much is 2 + 2?", max_tokens=30))

    assert {block.type for block in message.content} == {"text"}


def test_a_call_and_its_result_go_through_the_parser(parsing_client: Anthropic) -> None:
    asked = user("The weather in Paris?")
    fields = body(messages=[asked], max_tokens=200, tools=[WEATHER], tool_choice={"type": "any"})
    called = parsing_client.messages.create(**fields)
    calls = [block for block in called.content if block.type == "tool_use"]

    results = user([tool_result("18 degrees", call.id) for call in calls])
    turns = [asked, assistant([call.model_dump() for call in calls]), results]
    message = parsing_client.messages.create(**body(messages=turns, max_tokens=20, tools=[WEATHER]))

    assert calls
    assert message.stop_reason in ("end_turn", "max_tokens", "tool_use")
    assert read(message) > read(called)
