"""The engine on a real llama-server with the embedded model, whose template knows no tools."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from antechamber.catalogue.facts import ModelFacts
from antechamber.dialects.openai_chat.estimate import estimate
from antechamber.engines.local.model_files import embedded_model
from antechamber.engines.openai_chat.engine import OpenAIChatEngine
from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.runtime.clock import SystemClock
from antechamber.wire.errors import InvalidRequest
from tests.engines.openai_chat.llama_server import WINDOW, Llama, llama_server
from tests.engines.openai_chat.playing import order, take
from tests.unit.dialects.openai_chat.scenes import (
    client_sees,
    ending,
    request,
    said,
    usage,
    written,
)
from tests.unit.dialects.raw_prompt.scenes import assistant, call, result, system, tool, user

pytestmark = [
    pytest.mark.skipif(embedded_model() is None, reason="the embedded model is not installed"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("embedded"),
]

SCHEMA = {
    "type": "object",
    "properties": {"city": {"enum": ["Oslo", "Rome"]}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = tool("weather", description="Tell the weather.", input_schema=SCHEMA)
PAGE = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
SOURCE = Path(__file__).read_text(encoding="utf-8")
FOREIGN = [
    "Grüße",
    "Straße",
    "世界",
    "今天天气很好",
    "привет",
    "🌍",
    "été",
    "señor",
    "日本語",
    "Ελλάδα",
]
SURE = {"temperature": 0.0}


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    model = embedded_model()
    assert model is not None
    with llama_server(Path(model)) as running:
        yield running


@pytest.fixture
async def engine(llama: Llama) -> AsyncIterator[OpenAIChatEngine]:
    client = UpstreamClient(
        "gpu",
        llama.url,
        headers={"authorization": f"Bearer {llama.key}"},
        timeouts=Timeouts(idle_s=120.0),
    )
    engine = OpenAIChatEngine("gpu", client, SystemClock())
    await engine.ready()
    yield engine
    await engine.aclose()


async def test_the_host_is_known_with_its_window_and_its_template(
    engine: OpenAIChatEngine,
) -> None:
    assert engine._looking.known is not None
    quirks = engine._looking.known.quirks
    assert (quirks.host, quirks.tools_in_text) == ("llamacpp", True)
    assert engine.limits.window_tokens == WINDOW


async def test_a_turn_streams_and_ends_at_its_limit(engine: OpenAIChatEngine) -> None:
    events = await take(engine, order(request("Tell me a long story.", **SURE), max_tokens=12))

    assert [kind for kind, _ in said(events)] == ["text"]
    assert ending(events).stop_reason == "max_tokens"
    assert usage(events).output_tokens == 12
    client_sees(events)


@pytest.mark.parametrize(
    "asked",
    [
        request("Hello"),
        request("Hello", system="You are a translator. Grüße, 世界 🌍"),
        request("Hello", "My answer is ("),
        request("Hello", tools=[WEATHER]),
        request(
            "Weather?",
            assistant(call("toolu_1", "weather", city="Oslo")),
            user(result("toolu_1", "rain")),
            tools=[WEATHER],
        ),
        request("Hello", tools=[WEATHER], tool_choice={"type": "any"}),
        request("Hello", tools=[WEATHER], tool_choice={"type": "none"}),
    ],
    ids=["text", "system", "prefill", "tools", "loop", "forced", "forbidden"],
)
async def test_t38_t39_the_count_is_what_the_host_reads(
    engine: OpenAIChatEngine, asked: Any
) -> None:
    prepared = await engine.prepare(order(asked, max_tokens=1))
    counted = usage([event async for event in prepared.events()])

    assert counted.input_tokens is not None
    told = counted.input_tokens + (counted.cache_read_input_tokens or 0)
    assert prepared.input_tokens == told


async def test_a_prompt_that_was_read_before_is_read_from_the_cache(
    engine: OpenAIChatEngine,
) -> None:
    asked = order(request("Count to three, please. " * 10), max_tokens=2)

    await take(engine, asked)
    counted = usage(await take(engine, asked))

    assert (counted.cache_read_input_tokens or 0) > 50
    assert (counted.input_tokens or 0) < 50


async def test_a_begun_answer_is_continued_and_not_repeated(engine: OpenAIChatEngine) -> None:
    asked = request("Say hello.", "My answer is: h", **SURE)

    events = await take(engine, order(asked, max_tokens=5))

    ((_, text),) = said(events)
    assert "My answer" not in text


@pytest.mark.parametrize(
    "choice", [{"type": "any"}, {"type": "tool", "name": "weather"}], ids=["any", "tool"]
)
async def test_a_forced_call_always_comes(engine: OpenAIChatEngine, choice: dict[str, Any]) -> None:
    tools = [WEATHER, tool("clock")] if choice["type"] == "tool" else [WEATHER]
    asked = request("What is the weather in Rome?", tools=tools, tool_choice=choice, **SURE)

    events = await take(engine, order(asked, max_tokens=300))

    ((name, given),) = said(events)
    assert name == "weather"
    jsonschema_rs.validate(SCHEMA, json.loads(given))
    assert client_sees(events)[-2]["delta"]["stop_reason"] == "tool_use"


async def test_t52_an_answer_in_json_is_valid(engine: OpenAIChatEngine) -> None:
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    asked = request("A city, please.", output_config=form, **SURE)

    events = await take(engine, order(asked, max_tokens=300))

    ((_, text),) = said(events)
    jsonschema_rs.validate(SCHEMA, json.loads(text))
    assert ending(events).stop_reason == "end_turn"


async def test_a_stop_sequence_is_met_and_told(engine: OpenAIChatEngine) -> None:
    form = {"format": {"type": "json_schema", "schema": SCHEMA}}
    asked = request("A city.", output_config=form, stop_sequences=["never", "city"], **SURE)

    events = await take(engine, order(asked, max_tokens=300))

    assert (ending(events).stop_reason, ending(events).stop_sequence) == ("stop_sequence", "city")
    assert not said(events)[0][1].endswith("city")


async def test_t60_a_prompt_that_does_not_fit_is_refused_with_its_numbers(
    engine: OpenAIChatEngine,
) -> None:
    with pytest.raises(
        InvalidRequest, match=rf"^prompt is too long: \d+ tokens > {WINDOW} maximum$"
    ):
        await take(engine, order(request("word " * WINDOW)))


async def test_an_output_that_fills_the_window_ends_for_that_reason(
    engine: OpenAIChatEngine,
) -> None:
    asked = request("Tell me a story. " * 190, **SURE)

    prepared = await engine.prepare(order(asked, max_tokens=4 * WINDOW))
    room = WINDOW - prepared.input_tokens
    events = [event async for event in prepared.events()]

    assert 0 < room < 200
    assert usage(events).output_tokens == room
    assert ending(events).stop_reason == "model_context_window_exceeded"


async def test_t30_the_prompt_of_a_turn_begins_that_of_the_next(
    engine: OpenAIChatEngine, llama: Llama
) -> None:
    first = [user("Hello."), system("Speak German.")]
    then = [*first, assistant("Hallo."), user("Wer bist du?"), system("Be brief.")]
    prompts: list[str] = []
    for conversation in (first, then):
        turn = await engine.prepare(order(request(*conversation, system="Be kind.")))
        told = {"messages": turn.asked.body["messages"]}
        prompts.append(llama.post("/apply-template", told)["prompt"])

    assert prompts[1].startswith(prompts[0] + "Hallo.")
    assert prompts[0].index("Hello.") < prompts[0].index("Speak German.")


def _pieces(*separators: str) -> st.SearchStrategy[str]:
    """Usual text: words of prose, of code and of other languages, and numbers."""
    piece = st.one_of(
        st.sampled_from(sorted({*PAGE.split(), *SOURCE.split()})),
        st.sampled_from(FOREIGN),
        st.integers().map(str),
        st.floats(allow_nan=False, allow_infinity=False).map(str),
    )
    return st.tuples(st.lists(piece, max_size=40), st.sampled_from(separators)).map(
        lambda made: made[1].join(made[0])
    )


def _cut(text: str) -> st.SearchStrategy[str]:
    places = st.integers(0, len(text))
    return st.tuples(places, places).map(lambda ends: text[min(ends) : max(ends)][:1_000])


TEXTS = st.one_of(_pieces(" ", "\n", ", ", ' = "', "\n    "), _cut(PAGE), _cut(SOURCE))


@given(
    said_before=st.lists(st.tuples(TEXTS, TEXTS), max_size=2),
    asked=TEXTS,
    prompt=st.one_of(st.none(), TEXTS),
    tools=st.booleans(),
)
@example(said_before=[], asked="Hello there", prompt=None, tools=False)
@example(said_before=[], asked="", prompt=None, tools=False)
@settings(max_examples=150, deadline=None)
def test_t39_an_estimate_is_never_below_what_a_tokenizer_counts(
    llama: Llama, said_before: list[tuple[str, str]], asked: str, prompt: str | None, tools: bool
) -> None:
    fields: dict[str, object] = {"tools": [WEATHER]} if tools else {}
    if prompt is not None:
        fields["system"] = prompt
    turns = [text for pair in said_before for text in pair]
    # The template of this model leaves tools out, unless they are told in words.
    ways = replace(HOSTS["generic"], tools_in_text=tools)
    body = written(request(*(text or "." for text in (*turns, asked)), **fields), ways).body

    rendered = llama.post("/apply-template", {"messages": body["messages"]})["prompt"]
    told = {"content": rendered, "add_special": True, "parse_special": True}
    assert estimate(body, ModelFacts.unlisted("model").image_tier) >= len(
        llama.post("/tokenize", told)["tokens"]
    )
