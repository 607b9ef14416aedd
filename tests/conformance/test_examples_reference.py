"""The examples of the Python reference, in its order; its placeholders are the newest models."""

import random
import time
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import MessageParam
from anthropic.types.beta import BetaMessageParam

from tests.conformance.bodies import HAIKU, OPUS, SONNET, body
from tests.conformance.conftest import StartServer
from tests.conformance.exchanges import sdk_client
from tests.conformance.manifest import requirement
from tests.servers import RunningServer


class ConversationManager:
    """The reference's own class: the history is sent whole with each message."""

    def __init__(self, client: Anthropic, model: str, system: Any = None) -> None:
        self.client = client
        self.model = model
        self.system = system
        self.messages: list[MessageParam] = []

    def send(self, user_message: str, **kwargs: Any) -> str:
        self.messages.append({"role": "user", "content": user_message})
        response = self.client.messages.create(
            model=self.model,
            max_tokens=kwargs.pop("max_tokens", 1024),
            system=self.system,
            messages=self.messages,
            **kwargs,
        )
        assert response.content[0].type == "text"
        assistant_message = response.content[0].text
        self.messages.append({"role": "assistant", "content": assistant_message})
        return assistant_message


def call_with_retry(
    client: Anthropic,
    max_retries: int = 5,
    base_delay: float = 1.0,
    max_delay: float = 60.0,
    **kwargs: Any,
) -> anthropic.types.Message:
    """The reference's own retry loop."""
    last_exception: Exception = AssertionError("no attempt was made")
    for attempt in range(max_retries):
        try:
            return client.messages.create(**kwargs)
        except anthropic.RateLimitError as e:
            last_exception = e
        except anthropic.APIStatusError as e:
            if e.status_code < 500:
                raise
            last_exception = e
        jitter = random.uniform(0, base_delay)  # noqa: S311 - no secret
        time.sleep(min(base_delay * (2**attempt) + jitter, max_delay))
    raise last_exception


def described(error: Exception) -> str:  # noqa: PLR0911 - one for each class
    """The reference's chain of ``except`` clauses, as a function of the exception."""
    try:
        raise error
    except anthropic.BadRequestError as e:
        return f"Bad request: {e.message}"
    except anthropic.AuthenticationError:
        return "Invalid API key"
    except anthropic.PermissionDeniedError:
        return "API key lacks required permissions"
    except anthropic.NotFoundError:
        return "Invalid model or endpoint"
    except anthropic.RateLimitError as e:
        return f"Rate limited. Retry after {int(e.response.headers.get('retry-after', '60'))}s."
    except anthropic.APIStatusError as e:
        return f"Server error ({e.status_code})." if e.status_code >= 500 else e.message
    except anthropic.APIConnectionError:
        return "Network error. Check internet connection."


@requirement("examples:reference:clients")
async def test_clients_from_the_environment_and_with_a_key(
    scripted: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", scripted.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "your-api-key")
    asked: Any = {"model": OPUS, "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}

    with anthropic.Anthropic() as client, anthropic.Anthropic(api_key="your-api-key") as explicit:
        answers = [client.messages.create(**asked), explicit.messages.create(**asked)]
    async with anthropic.AsyncAnthropic() as async_client:
        answers.append(await async_client.messages.create(**asked))

    assert [answer.stop_reason for answer in answers] == ["end_turn"] * 3


@requirement("examples:reference:basic")
def test_basic_message_request(example_client: Anthropic) -> None:
    response = example_client.messages.create(
        model=OPUS,
        max_tokens=1024,
        messages=[{"role": "user", "content": "What is the capital of France?"}],
    )

    assert response.content[0].type == "text"
    assert response.content[0].text


@requirement("examples:reference:system")
def test_system_prompt(example_client: Anthropic) -> None:
    response = example_client.messages.create(
        model=OPUS,
        max_tokens=1024,
        system="You are a helpful coding assistant. Always provide examples in Python.",
        messages=[{"role": "user", "content": "How do I read a JSON file?"}],
    )

    assert response.content


@requirement(
    "examples:reference:caching:automatic",
    "examples:reference:caching:manual",
    "examples:reference:caching:ttl",
)
@pytest.mark.parametrize(
    "fields",
    [
        {
            "cache_control": {"type": "ephemeral"},
            "system": "You are an expert on this large document...",
        },
        {
            "system": [
                {
                    "type": "text",
                    "text": "You are an expert on this large document...",
                    "cache_control": {"type": "ephemeral"},
                }
            ]
        },
        {
            "system": [
                {
                    "type": "text",
                    "text": "You are an expert on this large document...",
                    "cache_control": {"type": "ephemeral", "ttl": "1h"},
                }
            ]
        },
    ],
    ids=["automatic", "manual", "ttl"],
)
def test_prompt_caching(example_client: Anthropic, fields: Any) -> None:
    response = example_client.messages.create(
        model=OPUS,
        max_tokens=1024,
        messages=[{"role": "user", "content": "Summarize the key points"}],
        **fields,
    )

    assert response.content
    assert response.usage.cache_read_input_tokens == 0


@requirement("examples:reference:caching:large")
def test_a_large_document_is_taken(client: Anthropic) -> None:
    response = client.messages.create(
        model=OPUS,
        max_tokens=1024,
        cache_control={"type": "ephemeral"},
        system="All work and no play makes Jack a dull boy. " * 1_200,
        messages=[{"role": "user", "content": "Summarize the key points"}],
    )

    assert response.usage.cache_creation_input_tokens
    assert response.usage.cache_creation_input_tokens > 10_000


@requirement("examples:reference:caching:counted")
def test_the_second_request_reads_what_the_first_one_wrote(client: Anthropic) -> None:
    first, second = (
        client.messages.create(
            model=OPUS,
            max_tokens=1024,
            cache_control={"type": "ephemeral"},
            system="A context of its own for the second request. " * 1_200,
            messages=[{"role": "user", "content": "Summarize the key points"}],
        ).usage
        for _ in range(2)
    )

    assert first.cache_creation_input_tokens
    assert not first.cache_read_input_tokens
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens


@requirement("examples:reference:thinking")
def test_adaptive_thinking_with_effort(example_client: Anthropic) -> None:
    response = example_client.messages.create(
        model=OPUS,
        max_tokens=16000,
        thinking={"type": "adaptive"},
        output_config={"effort": "high"},
        messages=[{"role": "user", "content": "Solve this step by step: prime numbers..."}],
    )

    shown = [
        block.thinking if block.type == "thinking" else getattr(block, "text", "")
        for block in response.content
    ]
    assert len(shown) == 2
    assert all(shown)


@requirement("examples:reference:thinking:efforts")
@pytest.mark.parametrize("effort", ["low", "medium", "high", "max"])
def test_every_effort_is_taken(client: Anthropic, effort: Any) -> None:
    response = client.messages.create(
        model="claude-opus-4-6",
        max_tokens=4000,
        thinking={"type": "adaptive"},
        output_config={"effort": effort},
        messages=[{"role": "user", "content": "prime numbers"}],
    )

    assert response.content[0].type == "thinking"


@requirement("examples:reference:errors")
@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "Bad request: "),
        (401, "Invalid API key"),
        (403, "API key lacks required permissions"),
        (404, "Invalid model or endpoint"),
        (429, "Rate limited. Retry after 7s."),
        (500, "Server error (500)."),
        (529, "Server error (529)."),
    ],
)
def test_the_chain_of_exceptions_tells_errors_apart(
    client: Anthropic, status: int, text: str
) -> None:
    with pytest.raises(anthropic.APIError) as caught:
        client.messages.create(
            model=OPUS,
            max_tokens=10,
            messages=[{"role": "user", "content": f"fail with {status}"}],
        )

    assert described(caught.value).startswith(text)


@requirement("examples:reference:errors")
def test_the_chain_of_exceptions_ends_with_the_network() -> None:
    with (
        Anthropic(base_url="http://127.0.0.1:9", api_key="x", max_retries=0) as client,
        pytest.raises(anthropic.APIError) as caught,
    ):
        client.messages.create(
            model=OPUS, max_tokens=10, messages=[{"role": "user", "content": "Hello"}]
        )

    assert described(caught.value) == "Network error. Check internet connection."


@requirement("examples:reference:conversation")
@pytest.mark.parametrize("system", [None, "You are a helpful assistant."])
def test_a_conversation_keeps_its_history(
    example_client: Anthropic, is_scripted: bool, system: str | None
) -> None:
    conversation = ConversationManager(client=example_client, model=OPUS, system=system)

    first = conversation.send("My name is Alice.")
    second = conversation.send("What's my name?")

    assert first
    assert second
    assert len(conversation.messages) == 4
    if is_scripted:
        assert second == 'You said: "What\'s my name?"'


@requirement("examples:reference:first-user")
def test_the_first_message_must_be_the_users(client: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(
            model=OPUS, max_tokens=10, messages=[{"role": "assistant", "content": "Hello"}]
        )


@requirement("examples:reference:compaction")
def test_a_conversation_that_would_be_compacted_when_it_is_long(example_client: Anthropic) -> None:
    messages: list[BetaMessageParam] = []

    def chat(user_message: str) -> str:
        messages.append({"role": "user", "content": user_message})
        response = example_client.beta.messages.create(
            betas=["compact-2026-01-12"],
            model=OPUS,
            # The reference has 4096, which three answers of the small model could fill its window
            # with; the first of them would then be too long to be sent again.
            max_tokens=1024,
            messages=messages,
            context_management={"edits": [{"type": "compact_20260112"}]},
        )
        messages.append({"role": "assistant", "content": response.content})
        return next(block.text for block in response.content if block.type == "text")

    assert chat("Help me build a Python web scraper")
    assert chat("Add support for JavaScript-rendered pages")
    assert chat("Now add rate limiting and error handling")


@requirement("examples:reference:stop-reasons")
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"content": "Hello"}, "end_turn"),
        ({"content": "count to ten", "max_tokens": 3}, "max_tokens"),
        ({"content": "count to ten", "stop_sequences": ["four"]}, "stop_sequence"),
        ({"content": "weather"}, "tool_use"),
        ({"content": "paused"}, "pause_turn"),
        ({"content": "declined"}, "refusal"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_stop_reason_of_the_table(client: Anthropic, fields: Any, reason: str) -> None:
    response = client.messages.create(**body(**{"max_tokens": 100, **fields}))

    assert response.stop_reason == reason


@requirement("examples:reference:models")
@pytest.mark.parametrize(
    ("model", "max_tokens", "question"),
    [
        (OPUS, 1024, "Explain quantum computing"),
        (SONNET, 1024, "Summarize this document"),
        (HAIKU, 256, "Classify this as positive or negative"),
    ],
)
def test_each_line_of_models_answers(
    example_client: Anthropic, model: Any, max_tokens: int, question: str
) -> None:
    response = example_client.messages.create(
        model=model, max_tokens=max_tokens, messages=[{"role": "user", "content": question}]
    )

    assert response.model == model
    assert response.usage.output_tokens <= max_tokens


@requirement("examples:reference:count")
def test_tokens_are_counted_before_the_request(example_client: Anthropic) -> None:
    asked: Any = {
        "model": OPUS,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "system": "You are a helpful assistant.",
    }

    count_response = example_client.messages.count_tokens(**asked)
    estimated_input_cost = count_response.input_tokens * 0.000005
    message = example_client.messages.create(**asked, max_tokens=64)

    assert estimated_input_cost > 0
    assert message.usage.input_tokens == count_response.input_tokens


@requirement("examples:reference:retry")
def test_the_retry_loop_gets_through(start_server: StartServer) -> None:
    faults = "".join(
        f"[[replies]]\ntimes = 1\nerror = {{ status = {status} }}\n" for status in (429, 529, 500)
    )
    server = start_server(f'{faults}[[replies]]\ntext = "At last."')

    with sdk_client(server.url) as client:
        response = call_with_retry(
            client,
            base_delay=0.01,
            model=OPUS,
            max_tokens=10,
            messages=[{"role": "user", "content": "Hello"}],
        )

    assert response.content[0].type == "text"
    assert response.content[0].text == "At last."
