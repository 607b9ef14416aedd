"""Extended thinking: when it is shown, and what happens to it when it comes back."""

import base64
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic

from tests.conformance.bodies import OPUS, WEATHER, assistant, body, tool_result, user
from tests.conformance.manifest import requirement

ADAPTIVE = {"type": "adaptive"}
ENABLED = {"type": "enabled", "budget_tokens": 1024}
PRIMES = body("prime numbers", max_tokens=4000)
ALTERED = (
    "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant "
    "message cannot be modified. These blocks must remain as they were in the original response."
)


@requirement("thinking:shown")
@pytest.mark.parametrize(
    "thinking",
    [ADAPTIVE, ENABLED, {"type": "enabled"}, {**ADAPTIVE, "display": "summarized"}],
    ids=["adaptive", "enabled", "no-budget", "summarized"],
)
def test_a_thought_comes_before_the_text_with_a_signature(
    http: httpx2.Client, thinking: dict[str, Any]
) -> None:
    message = http.post("/v1/messages", json={**PRIMES, "thinking": thinking}).json()

    thought, text = message["content"]
    assert thought["type"] == "thinking"
    assert thought["thinking"].startswith("Suppose there were finitely many.")
    assert thought["signature"]
    assert text["text"] == "Yes, there are infinitely many."
    assert message["usage"]["output_tokens_details"]["thinking_tokens"] > 0


@requirement("thinking:off")
@pytest.mark.parametrize("thinking", [None, {"type": "disabled"}], ids=["absent", "disabled"])
def test_without_thinking_there_is_only_text(
    http: httpx2.Client, thinking: dict[str, Any] | None
) -> None:
    fields = {} if thinking is None else {"thinking": thinking}

    message = http.post("/v1/messages", json={**PRIMES, **fields}).json()

    assert [block["type"] for block in message["content"]] == ["text"]


@requirement("thinking:omitted:progress")
@pytest.mark.parametrize("display", ["omitted", "summarized"])
def test_under_its_beta_the_progress_of_a_thought_is_told(client: Anthropic, display: Any) -> None:
    asked = body("long thought", max_tokens=4000, thinking={**ADAPTIVE, "display": display})
    with client.beta.messages.stream(**asked, betas=["thinking-token-count-2026-05-13"]) as stream:
        deltas = [event.delta for event in stream if event.type == "content_block_delta"]

    told = [delta.estimated_tokens for delta in deltas if delta.type == "thinking_delta"]
    hidden = display == "omitted"
    assert told
    assert all(number == 50 if hidden else number is None for number in told)


@requirement("thinking:omitted")
def test_an_omitted_thought_is_empty_and_signed(client: Anthropic) -> None:
    fields: dict[str, Any] = {**PRIMES, "thinking": {**ADAPTIVE, "display": "omitted"}}
    with client.messages.stream(**fields) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()

    thought = message.content[0]
    assert thought.type == "thinking"
    assert (thought.thinking, bool(thought.signature)) == ("", True)
    assert "thinking" not in kinds


@requirement("thinking:budget:adaptive-effort")
@pytest.mark.parametrize("effort", ["low", "medium", "high", "xhigh", "max"])
def test_effort_goes_with_adaptive_thinking(http: httpx2.Client, effort: str) -> None:
    fields = {"thinking": ADAPTIVE, "output_config": {"effort": effort}}

    answer = http.post("/v1/messages", json={**PRIMES, **fields})

    assert answer.status_code == 200, answer.text


@requirement("thinking:interleaved")
def test_an_interleaved_budget_may_exceed_max_tokens(client: Anthropic) -> None:
    message = client.beta.messages.create(
        model=OPUS,
        max_tokens=1000,
        thinking={"type": "enabled", "budget_tokens": 2000},
        messages=[{"role": "user", "content": "prime numbers"}],
        betas=["interleaved-thinking-2025-05-14"],
    )

    assert [block.type for block in message.content] == ["thinking", "text"]


@requirement("thinking:between-tools")
def test_between_tools_thinks_only_after_results(http: httpx2.Client) -> None:
    message = http.post(
        "/v1/messages", json={**PRIMES, "thinking": {"type": "between_tools"}}
    ).json()

    assert [block["type"] for block in message["content"]] == ["text"]


@requirement("thinking:history:unchanged")
@pytest.mark.parametrize("display", ["summarized", "omitted"])
def test_a_thought_that_comes_back_unchanged_is_accepted(http: httpx2.Client, display: str) -> None:
    asked = _asked({**ADAPTIVE, "display": display})
    content = http.post("/v1/messages", json=asked).json()["content"]

    answer = http.post("/v1/messages", json=_continued(asked, content))

    assert answer.status_code == 200, answer.text
    assert answer.json()["content"][-1]["text"] == "This is what I found: 72°F"


@requirement("thinking:history:altered")
def test_a_thought_under_our_signature_with_other_words_is_refused(http: httpx2.Client) -> None:
    asked = _asked(ADAPTIVE)
    content = http.post("/v1/messages", json=asked).json()["content"]

    content[0]["thinking"] += " And more."
    answer = http.post("/v1/messages", json=_continued(asked, content))

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == ALTERED


@requirement("thinking:history:dropped")
def test_enabled_thinking_needs_the_thought_that_led_to_the_call(http: httpx2.Client) -> None:
    asked = {**_asked(ENABLED), "max_tokens": 4000}
    content = http.post("/v1/messages", json=asked).json()["content"]

    answer = http.post("/v1/messages", json=_continued(asked, content[1:]))

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
        "`tool_use`. When `thinking` is enabled, a final `assistant` message must start with a "
        "thinking block"
    )


@requirement("thinking:history:foreign")
def test_thoughts_of_other_services_are_dropped(http: httpx2.Client) -> None:
    thought = {"type": "thinking", "thinking": "Elsewhere.", "signature": "EqQBCgIYAhIkYWJj"}
    opaque = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix"}
    history = [user("Hello"), assistant([thought, opaque, {"type": "text", "text": "Hi."}])]

    answer = http.post("/v1/messages", json=body(messages=[*history, user("Go on.")]))

    assert answer.status_code == 200, answer.text


@requirement("thinking:redacted")
def test_an_opaque_thought_makes_the_round_trip(http: httpx2.Client) -> None:
    asked = body("opaque thought", thinking=ADAPTIVE)
    content = http.post("/v1/messages", json=asked).json()["content"]

    asked["messages"] += [assistant(content), user("Go on.")]
    answer = http.post("/v1/messages", json=asked)
    data = content[0]["data"]
    content[0]["data"] = f"{data[:-8]}AAAAAAA="
    altered = http.post("/v1/messages", json=asked)

    assert content[0]["type"] == "redacted_thinking"
    # What the script says is inside, under our signature: also strict fidelity takes it back.
    assert b"EroBCkgIBhABGAIiQL8c" in base64.b64decode(data)
    assert answer.status_code == 200, answer.text
    assert altered.status_code == 400


def _asked(thinking: dict[str, Any]) -> dict[str, Any]:
    return body("weather", tools=[WEATHER], thinking=thinking, max_tokens=4000)


def _continued(asked: dict[str, Any], content: list[dict[str, Any]]) -> dict[str, Any]:
    result = tool_result("72°F", content[-1]["id"])
    return {**asked, "messages": [*asked["messages"], assistant(content), user([result])]}
