"""``messages.create``: what a plain request gets."""

import re

import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam, TextBlock

from tests.conformance.bodies import HAIKU, OPUS, WEATHER, body
from tests.conformance.exchanges import Watch
from tests.conformance.manifest import requirement
from tests.conformance.shapes import MESSAGE_KEYS, USAGE_KEYS


@requirement("messages:create:text", "messages:create:shape")
def test_a_message_has_one_text_block_and_every_key_of_the_document(
    client: Anthropic, watch: Watch
) -> None:
    message = client.messages.create(
        model=OPUS, max_tokens=100, messages=[{"role": "user", "content": "Hello"}]
    )

    assert message.content == [TextBlock(type="text", text='You said: "Hello"', citations=None)]
    assert (message.type, message.role) == ("message", "assistant")
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.stop_details, message.container) == (None, None)
    sent = watch.exchanges[0].received
    assert sent.keys() == MESSAGE_KEYS
    assert sent["usage"].keys() == USAGE_KEYS
    assert sent["usage"]["service_tier"] == "standard"


@requirement("messages:create:async")
async def test_the_asynchronous_client_gets_the_same(async_client: AsyncAnthropic) -> None:
    message = await async_client.messages.create(
        model=OPUS, max_tokens=100, messages=[{"role": "user", "content": "Hello"}]
    )

    assert isinstance(message.content[0], TextBlock)
    assert message.content[0].text == 'You said: "Hello"'


@requirement("messages:ids")
def test_ids_have_the_shapes_that_the_api_gives_them(client: Anthropic) -> None:
    first = client.messages.create(**body("weather", tools=[WEATHER]))
    second = client.messages.create(**body("weather", tools=[WEATHER]))

    for message in (first, second):
        assert re.fullmatch(r"msg_01[1-9A-HJ-NP-Za-km-z]{22}", message.id)
        assert re.fullmatch(r"req_01[1-9A-HJ-NP-Za-km-z]{22}", message._request_id or "")
        assert re.fullmatch(r"toolu_01[1-9A-HJ-NP-Za-km-z]{22}", message.content[-1].id)
    assert first.id != second.id


@requirement("messages:turns:history")
def test_the_whole_history_is_read_and_the_last_turn_answered(client: Anthropic) -> None:
    history: list[MessageParam] = [
        {"role": "user", "content": "Hello, Claude"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Can you describe LLMs to me?"},
    ]

    short = client.messages.create(model=OPUS, max_tokens=100, messages=history[:1])
    long = client.messages.create(model=OPUS, max_tokens=100, messages=history)

    assert _text(long) == 'You said: "Can you describe LLMs to me?"'
    assert long.usage.input_tokens > short.usage.input_tokens


@requirement("messages:turns:merged")
def test_turns_of_the_same_role_in_a_row_are_one_turn(client: Anthropic) -> None:
    message = client.messages.create(
        model=OPUS,
        max_tokens=100,
        messages=[
            {"role": "user", "content": "first half,"},
            {"role": "user", "content": "second half"},
        ],
    )

    assert "first half," in _text(message)
    assert "second half" in _text(message)


@requirement("messages:system:top-level")
@pytest.mark.parametrize(
    "system",
    [
        "You are a translator.",
        [{"type": "text", "text": "You are a translator."}],
        [
            {"type": "text", "text": "You are ", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "a translator."},
        ],
    ],
)
def test_a_system_prompt_is_text_or_blocks(client: Anthropic, system: str) -> None:
    bare = client.messages.create(**body())
    told = client.messages.create(**body(system=system))

    assert told.usage.input_tokens > bare.usage.input_tokens


@requirement("messages:system:inside")
def test_a_system_message_may_stand_inside_the_conversation(client: Anthropic) -> None:
    message = client.messages.create(
        model=OPUS,
        max_tokens=100,
        messages=[
            {"role": "user", "content": "Hello"},
            {"role": "system", "content": "From now on, be brief."},
        ],
    )

    assert _text(message) == 'You said: "Hello"'


@requirement("messages:model:alias")
@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("claude-opus-4-7[1m]", "claude-opus-4-7"),
        ("claude-opus-4", "claude-opus-4-20250514"),
        (HAIKU, HAIKU),
    ],
)
def test_the_answer_names_the_canonical_model(client: Anthropic, asked: str, answered: str) -> None:
    message = client.messages.create(**body(model=asked))

    assert message.model == answered


@requirement("messages:max_tokens:cut")
def test_max_tokens_cuts_the_answer(client: Anthropic) -> None:
    message = client.messages.create(**body("count to ten", max_tokens=3))

    assert message.stop_reason == "max_tokens"
    assert _text(message) == "one two three"
    assert message.usage.output_tokens == 3


@requirement("messages:max_tokens:zero")
def test_zero_max_tokens_reads_the_prompt_and_says_nothing(client: Anthropic) -> None:
    message = client.messages.create(**body(max_tokens=0))

    assert (message.content, message.stop_reason) == ([], "max_tokens")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens == 0


@requirement("messages:stop_sequences")
def test_the_stop_sequence_that_fired_is_named_and_not_in_the_text(client: Anthropic) -> None:
    message = client.messages.create(**body("count to ten", stop_sequences=["never", " five"]))

    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", " five")
    assert _text(message) == "one two three four"


@requirement("messages:stop_reason:refusal")
def test_a_refusal_comes_with_its_details_and_no_content(client: Anthropic) -> None:
    message = client.messages.create(**body("declined"))

    assert (message.stop_reason, message.content) == ("refusal", [])
    assert message.stop_details is not None
    assert message.stop_details.category == "cyber"


@requirement("messages:accepted:no-effect")
@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": {"user_id": "user-1"}},
        {"service_tier": "auto"},
        {"service_tier": "standard_only"},
        {"cache_control": {"type": "ephemeral"}},
        {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"inference_geo": "us"},
        {"speed": "standard"},
        {"output_config": {"effort": "max"}},
        {"tools": [{**WEATHER, "cache_control": {"type": "ephemeral"}}]},
        {"tools": [{**WEATHER, "input_examples": [{"location": "Paris"}], "strict": False}]},
        {"tools": [WEATHER, {**WEATHER, "name": "later", "defer_loading": True}]},
    ],
    ids="-".join,
)
def test_what_has_no_effect_yet_is_accepted(client: Anthropic, fields: dict[str, object]) -> None:
    message = client.messages.create(**body(**fields))

    assert message.stop_reason == "end_turn"
    assert message.usage.service_tier == "standard"
    assert message.usage.cache_read_input_tokens == message.usage.cache_creation_input_tokens == 0


@requirement("messages:context_management:idle")
def test_context_edits_that_do_not_fire_are_reported_as_none_applied(client: Anthropic) -> None:
    message = client.beta.messages.create(
        **body(
            context_management={"edits": [{"type": "clear_tool_uses_20250919"}]},
            betas=["context-management-2025-06-27"],
        )
    )

    assert message.context_management is not None
    assert message.context_management.applied_edits == []


@requirement("messages:echo")
def test_content_can_be_sent_back_as_it_came(client: Anthropic) -> None:
    asked = body("weather", tools=[WEATHER], thinking={"type": "adaptive"})
    first = client.messages.create(**asked)
    call = first.content[-1]
    assert call.type == "tool_use"
    result: MessageParam = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "72°F"}],
    }

    asked["messages"] += [{"role": "assistant", "content": first.content}, result]
    second = client.messages.create(**asked)

    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert _text(second) == "This is what I found: 72°F"


@requirement("messages:usage:scripted-cache")
def test_cache_counters_of_the_engine_reach_the_client(client: Anthropic) -> None:
    usage = client.messages.create(**body("read from cache")).usage

    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (12, 2048, 9)


def _text(message: object) -> str:
    return "".join(block.text for block in getattr(message, "content", []) if block.type == "text")
