"""An upstream of the same API behind the server: nothing on the way changes what passes."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic

from tests.conformance.bodies import (
    HAIKU,
    OPUS,
    SONNET,
    WEATHER,
    assistant,
    body,
    tool_result,
    tool_use,
    user,
    without,
)
from tests.conformance.exchanges import events_of, sdk_client
from tests.conformance.manifest import requirement
from tests.engines.messages_api.upstream import (
    Answer,
    PlayedUpstream,
    error,
    events,
    hangs,
    message,
    played_upstream,
    sse,
    streamed,
    whole,
)
from tests.servers import RunningServer, running_server

RELAY = """
[[engines]]
name = "up"
type = "messages_api"
base_url = "{url}"
api_key = "sk-of-the-server"
retries = 0
first_byte_timeout_s = 1.0

[[engines]]
name = "strict"
type = "messages_api"
base_url = "{url}"
unknown_fields = "refuse"
retries = 0

[[engines]]
name = "own"
type = "scripted"
script = "own.toml"

[[models]]
id = "claude-*"
engines = ["up"]
[[models]]
id = "claude-haiku-5-5"
engines = ["strict"]
[[models]]
id = "house-model"
engines = ["up"]
upstream_model = "claude-sonnet-5-5"
[[models]]
id = "own-model"
engines = ["own", "up"]
upstream_model = "claude-opus-5-5"
"""
OWN = """
[[replies]]
when = "not you"
error = { status = 529 }
[[replies]]
content = [{ type = "thinking", thinking = "Hm.", always = true }, { type = "text", text = "Yes." }]
"""
CACHED: Any = {"type": "ephemeral", "ttl": "1h"}
FOREIGN: Any = {"type": "thinking", "thinking": "Hm, 世界.", "signature": "EqQBCkYIBRgCKkDfake"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture(scope="module")
def http(
    upstream: PlayedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """Plain HTTP, to a server before the played upstream; its answers have other models' names."""
    config = RELAY.replace("{url}", upstream.url)
    folder = tmp_path_factory.mktemp("relay")
    with (
        running_server(folder, config=config, files={"own.toml": OWN}) as server,
        httpx2.Client(base_url=server.url, headers=HEADERS, timeout=20) as client,
    ):
        yield client
        assert not server.bugs()


@pytest.fixture(scope="module")
def hosted_relay(
    upstream: PlayedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx2.Client]:
    """The same under hosted fidelity."""
    config = 'fidelity = "hosted"\n' + RELAY.replace("{url}", upstream.url)
    folder = tmp_path_factory.mktemp("hosted-relay")
    with (
        running_server(folder, config=config, files={"own.toml": OWN}) as server,
        httpx2.Client(base_url=server.url, headers=HEADERS, timeout=20) as client,
    ):
        yield client
        assert not server.bugs()


@pytest.fixture(scope="module")
def chain(
    scripted: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server whose upstream is another one, with the replies that the suite shares."""
    config = f"""
    [[engines]]
    name = "next"
    type = "messages_api"
    base_url = "{scripted.url}"
    retries = 0
    """
    with running_server(tmp_path_factory.mktemp("chain"), config=config) as it:
        yield it
        assert not it.bugs()


HEADERS = {"x-api-key": "sk-of-the-client", "anthropic-version": "2023-06-01"}


@pytest.fixture
def chained(chain: RunningServer) -> Iterator[Anthropic]:
    """The official client of the server before the other one; every stream is checked."""
    with sdk_client(chain.url) as client:
        yield client


@pytest.fixture
def plainly_chained(chain: RunningServer) -> Iterator[Anthropic]:
    """The same without the checks: the ids in an upstream's errors are the upstream's."""
    with Anthropic(base_url=chain.url, api_key="sk-ant-test", max_retries=0) as client:
        yield client


# ---- the official client -------------------------------------------------------------------------


@requirement("relay:sdk")
def test_a_message_is_created_and_streamed(chained: Anthropic) -> None:
    created = chained.messages.create(**body("count to ten"))
    with chained.messages.stream(**body("count to ten")) as stream:
        text = stream.get_final_text()
        final = stream.get_final_message()

    assert created.content[0].type == "text"
    assert created.content[0].text == text == "one two three four five six seven eight nine ten"
    assert created.model == final.model == OPUS
    assert final.usage.output_tokens == created.usage.output_tokens > 0


@requirement("relay:sdk")
def test_every_character_passes(chained: Anthropic) -> None:
    with chained.messages.stream(**body("many languages")) as stream:
        assert stream.get_final_text() == "Grüße, 世界 🌍 line\u2028separator\n\n終わり"


@requirement("relay:sdk")
def test_tools_go_round(chained: Anthropic) -> None:
    first = chained.messages.create(**body("weather", tools=[WEATHER]))
    call = first.content[-1]
    assert call.type == "tool_use"
    second = chained.messages.create(
        model=OPUS,
        max_tokens=1000,
        tools=[WEATHER],
        messages=[
            {"role": "user", "content": "weather"},
            {"role": "assistant", "content": first.content},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "15 °C"}],
            },
        ],
    )

    assert first.stop_reason == "tool_use"
    assert second.content[0].type == "text"
    assert "15 °C" in second.content[0].text


@requirement("relay:sdk")
def test_thoughts_come_back_to_the_upstream_that_signed_them(plainly_chained: Anthropic) -> None:
    asked: Any = body("prime numbers", thinking={"type": "adaptive", "display": "summarized"})
    first = plainly_chained.messages.create(**asked)
    assert [block.type for block in first.content] == ["thinking", "text"]

    history = [*asked["messages"], {"role": "assistant", "content": first.content}]
    asked["messages"] = [*history, user("Why?")]
    second = plainly_chained.messages.create(**asked)
    thought = first.content[0].model_copy(update={"thinking": "Something else."})
    asked["messages"] = [*history[:1], {"role": "assistant", "content": [thought]}, user("Why?")]
    with pytest.raises(anthropic.BadRequestError):
        plainly_chained.messages.create(**asked)

    assert second.stop_reason == "end_turn"


@requirement("relay:sdk")
@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("fail with 400", anthropic.BadRequestError),
        ("fail with 429", anthropic.RateLimitError),
        ("fail with 529", anthropic.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_are_those_of_the_upstream(
    plainly_chained: Anthropic, text: str, raised: type[anthropic.APIStatusError], stream: bool
) -> None:
    with pytest.raises(raised) as caught:
        plainly_chained.messages.create(**body(text), stream=stream)

    assert caught.value.status_code == int(text[-3:])
    upstream_id = caught.value.response.headers["antechamber-upstream-request-id"]
    told: Any = caught.value.body
    assert told["request_id"] == upstream_id


@requirement("relay:sdk")
def test_a_fault_in_the_stream_is_the_base_class(chained: Anthropic) -> None:
    stream = chained.messages.create(**body("break off"), stream=True)

    with pytest.raises(anthropic.APIStatusError) as caught:
        list(stream)

    assert caught.value.type == "overloaded_error"


@requirement("pitfall:t37")
@pytest.mark.parametrize("model", [OPUS, SONNET, HAIKU, "claude-3-haiku-20240307"])
def test_t37_the_upstream_counts_what_it_will_report(chained: Anthropic, model: str) -> None:
    asked = body("count to ten", model=model, tools=[WEATHER], system="Be brief.")
    created = chained.messages.create(**asked)
    del asked["max_tokens"]

    assert chained.messages.count_tokens(**asked).input_tokens == created.usage.input_tokens > 0


@requirement("relay:first-version")
def test_events_without_names_pass_and_end_well(chain: RunningServer) -> None:
    with httpx2.Client(base_url=chain.url, timeout=20) as client:
        headers = {"x-api-key": "x", "anthropic-version": "2023-01-01"}
        asked = body("count to ten", stream=True)
        got = client.post("/v1/messages", json=asked, headers=headers)

    assert got.status_code == 200
    assert b"event:" not in got.content
    assert got.content.endswith(b'data: {"type":"message_stop"}\n\ndata: [DONE]\n\n')
    assert b'"error"' not in got.content


# ---- bytes ---------------------------------------------------------------------------------------


def odd(stream: bool) -> bytes:
    """Return a body as no library of ours would write it."""
    return (
        b'{ "model" :"claude-opus-5-5","max_tokens": 100,\n\t"stream":%b , "metadata":{"user_id":'
        b'"\\u00fcser"},"messages":[{"role":"user",'
        b'"content":"Gr\\u00fc\\u00dfe \xe4\xb8\x96\\/"} ]}\r\n'
    ) % (b"true" if stream else b"false")


@requirement("relay:bytes:request")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages?beta=true"])
def test_a_request_arrives_to_the_byte(
    upstream: PlayedUpstream, http: httpx2.Client, stream: bool, path: str
) -> None:
    upstream.plays(streamed() if stream else whole())

    got = http.post(path, content=odd(stream), headers={"content-type": "application/json"})

    assert got.status_code == 200
    assert upstream.last.body == odd(stream)
    assert "antechamber-adjusted" not in got.headers


@requirement("relay:bytes:request")
def test_an_alias_of_a_model_is_not_written_anew(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    upstream.plays(whole())

    http.post("/v1/messages", json=body(model="claude-sonnet-4-5"))

    assert upstream.last.json()["model"] == "claude-sonnet-4-5"


@requirement("relay:bytes:answer")
@pytest.mark.parametrize("line", [b"\n", b"\r\n"])
def test_a_stream_arrives_to_the_byte(
    upstream: PlayedUpstream, http: httpx2.Client, line: bytes
) -> None:
    odd_ones = [b": hello\n\n", sse("of_tomorrow", data={"\u2028": "世界"})]
    sent = b"".join(
        [*odd_ones[:1], *events("Grüße|\u2028|world")[:-1], odd_ones[1], *events()[-1:]]
    )
    sent = sent.replace(b"\n", line)
    upstream.plays(streamed([sent[:57], sent[57:301], sent[301:]], pause_s=0.01))

    got = http.post("/v1/messages", json=body(stream=True))

    assert got.content == sent
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"


@requirement("relay:bytes:answer")
def test_a_whole_answer_arrives_to_the_byte(upstream: PlayedUpstream, http: httpx2.Client) -> None:
    sent = json.dumps(message("Grüße", of_tomorrow={"a": 1.0}), indent=3).encode() + b"\n"
    upstream.plays(whole(body=sent))

    assert http.post("/v1/messages", json=body()).content == sent


@requirement("pitfall:t21")
def test_t21_earlier_answers_arrive_as_they_are(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    upstream.plays(whole())
    thoughts = [FOREIGN, tool_use("toolu_1"), {"type": "text", "text": "or"}, FOREIGN]
    asked = body(
        messages=[
            user("Hi"),
            assistant([FOREIGN, {"type": "redacted_thinking", "data": "opaque"}, *thoughts]),
            user([tool_result(tool_id="toolu_1")]),
        ],
        tools=[WEATHER],
        thinking={"type": "adaptive"},
    )
    written = json.dumps(asked, ensure_ascii=False, indent=1).encode()

    got = http.post("/v1/messages", content=written)

    assert got.status_code == 200, got.text
    assert upstream.last.body == written


@requirement("pitfall:t22")
def test_t22_a_switch_to_an_upstream_takes_our_thoughts_along(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    """The engine of this server answers first, and then the upstream has to take over."""
    upstream.plays(streamed())
    first = http.post("/v1/messages", json=body("Hi", model="own-model")).json()
    thought, text = first["content"]
    assert thought["type"] == "thinking"
    history = [user("Hi"), assistant([thought, text]), user("So?"), assistant([FOREIGN, text])]
    asked = {"model": "own-model", "messages": [*history, user("not you")]}

    got = http.post("/v1/messages", json=body(**asked))

    assert got.status_code == 200
    assert got.headers["antechamber-served-by"] == "up/claude-opus-5-5"
    sent = json.loads(upstream.last.body)["messages"]
    assert [[block["type"] for block in each["content"]] for each in sent] == [
        *(["text"], ["text"], ["text"], ["thinking", "text"], ["text"])
    ]
    assert sent[3]["content"][0] == FOREIGN


@requirement("pitfall:t22")
@pytest.mark.parametrize("only_thoughts", [False, True])
def test_t22_an_upstream_gets_no_thought_that_was_signed_here(
    upstream: PlayedUpstream, http: httpx2.Client, only_thoughts: bool
) -> None:
    upstream.plays(whole())
    first = http.post("/v1/messages", json=body("Hi", model="own-model")).json()
    thought, text = first["content"]
    turn = assistant([thought] if only_thoughts else [thought, text])

    got = http.post("/v1/messages", json=body(messages=[user("Hi"), turn, user("So?")]))

    assert got.status_code == 200
    kept = [] if only_thoughts else [assistant([text])]
    assert upstream.last.json()["messages"] == [user("Hi"), *kept, user("So?")]


@requirement("pitfall:t32")
@pytest.mark.parametrize("stream", [False, True])
def test_t32_cache_breakpoints_arrive_in_all_four_places(
    upstream: PlayedUpstream, http: httpx2.Client, stream: bool
) -> None:
    upstream.plays(streamed() if stream else whole())
    short: Any = {"type": "ephemeral"}
    asked = body(
        [{"type": "text", "text": "Hi", "cache_control": short}],
        system=[{"type": "text", "text": "Be brief.", "cache_control": CACHED}],
        tools=[{**WEATHER, "cache_control": CACHED}],
        cache_control=short,
        stream=stream,
    )

    got = http.post("/v1/messages", json=asked)

    assert got.status_code == 200, got.text
    assert upstream.last.json() == asked


# ---- headers -------------------------------------------------------------------------------------


@requirement("relay:headers")
def test_the_head_goes_on_without_the_clients_key(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    upstream.plays(whole())
    headers = {
        "anthropic-beta": "z-2025-01-01, a-2025-02-02",
        "anthropic-version": "2023-06-01",
        "authorization": "Bearer sk-of-the-client",
        "cookie": "session=of-the-client",
        "x-claude-code-session-id": "session-1",
        "x-forwarded-for": "10.0.0.1",
    }

    http.post("/v1/messages", json=body(), headers=headers)

    last = upstream.last
    assert last.header("anthropic-version") == "2023-06-01"
    assert [part.strip() for part in (last.header("anthropic-beta") or "").split(",")] == [
        "z-2025-01-01",
        "a-2025-02-02",
    ]
    assert last.header("x-claude-code-session-id") == "session-1"
    assert last.header("x-api-key") == "sk-of-the-server"
    assert "of-the-client" not in str(last.headers)
    assert last.header("x-forwarded-for") is None
    assert last.header("host") == upstream.url.removeprefix("http://")


@requirement("relay:headers-back")
@pytest.mark.parametrize("stream", [False, True])
def test_limits_and_ids_come_back(
    upstream: PlayedUpstream, http: httpx2.Client, stream: bool
) -> None:
    told = {
        "request-id": "req_of_the_upstream",
        "anthropic-ratelimit-tokens-remaining": "1234",
        "anthropic-organization-id": "of-the-upstream",
        "set-cookie": "a=b",
        "server": "cloud",
    }
    upstream.plays(streamed(headers=told) if stream else whole(headers=told))

    got = http.post("/v1/messages", json=body(stream=stream))

    assert got.headers["antechamber-upstream-request-id"] == "req_of_the_upstream"
    assert got.headers["request-id"] != "req_of_the_upstream"
    assert got.headers["anthropic-ratelimit-tokens-remaining"] == "1234"
    assert got.headers["antechamber-served-by"] == f"up/{OPUS}"
    assert got.headers["anthropic-organization-id"] != "of-the-upstream"
    assert "set-cookie" not in got.headers


# ---- what is changed -----------------------------------------------------------------------------


@requirement("relay:model-name")
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_keeps_the_name_that_was_asked_for(
    upstream: PlayedUpstream, http: httpx2.Client, stream: bool
) -> None:
    sent = b"".join(events(model=SONNET)) if stream else json.dumps(message(model=SONNET)).encode()
    upstream.plays(streamed([sent]) if stream else whole(body=sent))
    written = odd(stream).replace(b"claude-opus-5-5", b"house-model")

    got = http.post("/v1/messages", content=written)

    assert upstream.last.json() == {**json.loads(written), "model": SONNET}
    assert got.headers["antechamber-served-by"] == f"up/{SONNET}"
    named = events_of(got.content)[0]["message"] if stream else got.json()
    begun: Any = {"content": [], "stop_reason": None} if stream else {}
    assert named == {**message(model="house-model"), **begun}


@requirement("relay:model-name")
def test_a_count_has_no_model_to_rename(upstream: PlayedUpstream, http: httpx2.Client) -> None:
    upstream.plays(whole(body=b'{"input_tokens": 7}'))

    got = http.post(
        "/v1/messages/count_tokens", json={"model": "house-model", "messages": [user("Hi")]}
    )

    assert got.content == b'{"input_tokens": 7}'
    assert upstream.last.path == "/v1/messages/count_tokens"
    assert upstream.last.json()["model"] == SONNET


@requirement("relay:unknown-fields")
def test_unknown_fields_pass_unless_the_engine_refuses_them(
    upstream: PlayedUpstream, http: httpx2.Client, hosted_relay: httpx2.Client
) -> None:
    upstream.plays(whole())
    asked = body([{"type": "text", "text": "Hi", "mood": "good"}], of_tomorrow={"a": [1]})

    passed = http.post("/v1/messages", json=asked)
    sent = upstream.last.json()
    to_count = without(asked, "max_tokens")
    upstream.plays(whole(200, {"input_tokens": 7}))
    counted = http.post("/v1/messages/count_tokens", json=to_count)
    sent_to_count = upstream.last.json()
    refused = http.post("/v1/messages", json={**asked, "model": HAIKU})
    hosted = hosted_relay.post("/v1/messages", json=asked)

    assert (passed.status_code, sent) == (200, asked)
    assert (counted.status_code, sent_to_count) == (200, to_count)
    assert (refused.status_code, hosted.status_code) == (400, 400)
    assert "Extra inputs are not permitted" in refused.json()["error"]["message"]


@requirement("relay:unknown-fields")
def test_what_is_no_json_in_an_unknown_field_is_the_callers_fault(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    upstream.plays(whole())
    written = odd(False).replace(b"{ ", b'{"of_tomorrow":NaN,"temperature":0.5,')

    got = http.post("/v1/messages", content=written)

    assert got.status_code == 400
    assert got.json()["error"]["type"] == "invalid_request_error"


@requirement("relay:adjusted")
def test_what_the_model_refuses_is_rewritten_and_named(
    upstream: PlayedUpstream, http: httpx2.Client, hosted_relay: httpx2.Client
) -> None:
    upstream.plays(whole())
    thinking = {"type": "enabled", "budget_tokens": 1_024}
    asked = body("Hi", max_tokens=2_000, temperature=1.0, thinking=thinking)

    got = http.post("/v1/messages", json=asked)
    sent = upstream.last.json()
    hosted = hosted_relay.post("/v1/messages", json=asked)

    assert got.headers["antechamber-adjusted"] == "output_config, temperature, thinking"
    assert sent == {
        **body("Hi", max_tokens=2_000),
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low"},
    }
    assert hosted.status_code == 400


@requirement("relay:adjusted")
def test_the_model_behind_the_name_decides(upstream: PlayedUpstream, http: httpx2.Client) -> None:
    upstream.plays(streamed())

    got = http.post("/v1/messages", json=body(model="house-model", top_k=5, stream=True))

    assert got.headers["antechamber-adjusted"] == "top_k"
    assert upstream.last.json() == body(model=SONNET, stream=True)


# ---- errors --------------------------------------------------------------------------------------


@requirement("pitfall:t58")
@pytest.mark.parametrize("told", [b"", sse("error", error={"type": "overloaded_error"})])
def test_t58_an_error_after_the_start_is_an_event(
    upstream: PlayedUpstream, http: httpx2.Client, told: bytes
) -> None:
    pieces = [*events()[:4], *([told] if told else [])]
    upstream.plays(streamed(pieces, pause_s=0.01, then="reset"))

    got = http.post("/v1/messages", json=body(stream=True))

    found = events_of(got.content)
    assert got.status_code == 200
    assert got.content.startswith(b"".join(pieces))
    assert [event["type"] for event in found].count("error") == 1
    assert found[-1]["type"] == "error"
    assert len([event for event in found if event["type"] == "message_start"]) == 1


@requirement("pitfall:t59")
@pytest.mark.parametrize("page", [b"<html>Bad Gateway</html>", b"", b'{"id":"msg_', b"[]"])
@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("stream", [False, True])
def test_t59_garbage_is_an_error_that_names_the_upstream(
    upstream: PlayedUpstream, http: httpx2.Client, page: bytes, status: int, stream: bool
) -> None:
    upstream.plays(whole(status, page, {"content-type": "text/html"}))

    got = http.post("/v1/messages", json=body(stream=stream))

    assert got.status_code == 500
    told = got.json()["error"]
    assert told["type"] == "api_error"
    assert told["message"].startswith("up ")


@requirement("pitfall:t63")
@pytest.mark.parametrize(
    ("answer", "stream"),
    [(hangs(), False), (hangs(), True), (streamed([b":\n\n"] * 100, pause_s=0.1), True)],
)
def test_t63_an_upstream_that_is_late_is_a_504(
    upstream: PlayedUpstream, http: httpx2.Client, answer: Answer, stream: bool
) -> None:
    upstream.plays(answer)

    got = http.post("/v1/messages", json=body(stream=stream))

    assert got.status_code == 504
    assert got.json()["error"]["type"] == "timeout_error"


@requirement("pitfall:t64")
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (400, "policy_blocked"),
        (402, "billing_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (529, "overloaded_error"),
    ],
)
@pytest.mark.parametrize("should_retry", ["true", "false"])
def test_t64_errors_come_back_unmodified(
    upstream: PlayedUpstream, http: httpx2.Client, status: int, kind: str, should_retry: str
) -> None:
    sent = error(kind, "prompt is too long: 210000 tokens > 200000 maximum").replace(b",", b" ,")
    upstream.plays(whole(status, sent, {"x-should-retry": should_retry}))

    for stream in (False, True):
        got = http.post("/v1/messages", json=body(stream=stream))
        assert (got.status_code, got.content) == (status, sent)
        assert got.headers["x-should-retry"] == should_retry
