"""Faults that other servers of this API have had, on the scripted engine: one test for each.

The manifest names the public reports. Every stream here also passes the grammar on its way.
"""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.conformance.bodies import WEATHER, assistant, body, tool_result, tool_use, user
from tests.conformance.conftest import SCRIPTED, StartServer
from tests.conformance.exchanges import events_of, plain_client
from tests.conformance.manifest import FOLDER, requirement
from tests.conformance.test_streams import TURNS, folded
from tests.servers import running_server

THINKING = {"type": "adaptive", "display": "summarized"}
REPLIES = (FOLDER / "pieces.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    folder = tmp_path_factory.mktemp("pieces")
    with (
        running_server(folder, config=SCRIPTED, files={"replies.toml": REPLIES}) as server,
        plain_client(server.url) as client,
    ):
        yield client
        assert not server.bugs()


def streamed(http: httpx2.Client, asked: dict[str, Any]) -> list[dict[str, Any]]:
    answer = http.post("/v1/messages", json={**asked, "stream": True})
    assert answer.status_code == 200, answer.text
    return events_of(answer.content)


@requirement("pitfall:t1")
def test_t1_a_delta_always_fits_the_open_block(pieces: httpx2.Client) -> None:
    events = streamed(pieces, body("every kind", thinking=THINKING, tools=[WEATHER]))

    kinds: list[tuple[str, str]] = []
    block = ""
    for event in events:
        if event["type"] == "content_block_start":
            block = event["content_block"]["type"]
        elif event["type"] == "content_block_delta":
            kinds.append((block, event["delta"]["type"]))
    assert set(kinds) == {
        ("thinking", "thinking_delta"),
        ("thinking", "signature_delta"),
        ("text", "text_delta"),
        ("tool_use", "input_json_delta"),
    }


@requirement("pitfall:t2")
def test_t2_blocks_are_numbered_from_0_without_a_gap(pieces: httpx2.Client) -> None:
    events = streamed(pieces, body("every kind", thinking=THINKING, tools=[WEATHER]))

    starts = [event["index"] for event in events if event["type"] == "content_block_start"]
    stops = [event["index"] for event in events if event["type"] == "content_block_stop"]
    assert starts == stops == [0, 1, 2, 3, 4]


@requirement("pitfall:t3", "pitfall:t14")
@pytest.mark.parametrize(
    "pieces_of",
    ["all in one piece", "most in the last piece", "most in the first piece", "letter by letter"],
)
def test_t3_t14_arguments_are_whole_however_they_come(
    pieces: httpx2.Client, pieces_of: str
) -> None:
    asked = body(pieces_of, tools=[WEATHER])
    whole = pieces.post("/v1/messages", json=asked).json()
    stream = pieces.post("/v1/messages", json={**asked, "stream": True})

    arguments = {"location": "Paris", "unit": "celsius"}
    assert folded(stream.content)["content"][0]["input"] == arguments
    assert whole["content"][0]["input"] == arguments


@requirement("pitfall:t4")
def test_t4_blank_pieces_neither_lose_text_nor_make_empty_deltas(pieces: httpx2.Client) -> None:
    events = streamed(pieces, body("a blank block"))

    texts = [event["delta"]["text"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(texts) == "After nothing."
    assert all(texts)


@requirement("pitfall:t5")
def test_t5_parallel_calls_are_kept_apart(pieces: httpx2.Client) -> None:
    stream = pieces.post("/v1/messages", json=body("three calls", stream=True))

    calls = folded(stream.content)["content"]
    assert [(call["name"], call["input"]) for call in calls] == [
        ("first", {"n": 1}),
        ("second", {"n": 2}),
        ("third", {"n": 3}),
    ]
    assert len({call["id"] for call in calls}) == 3


@requirement("pitfall:t6", "pitfall:t17")
@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS.keys())
def test_t6_t17_a_stream_starts_once_stops_once_and_nothing_follows(
    http: httpx2.Client, turn: dict[str, Any]
) -> None:
    answer = http.post("/v1/messages", json={**turn, "stream": True})

    kinds = [event["type"] for event in events_of(answer.content)]
    assert (kinds.count("message_start"), kinds.count("message_stop")) == (1, 1)
    assert answer.content.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert b"[DONE]" not in answer.content


@requirement("pitfall:t7")
def test_t7_the_start_carries_the_counted_input_and_every_cache_field(http: httpx2.Client) -> None:
    counted = http.post(
        "/v1/messages/count_tokens",
        json={"model": body()["model"], "messages": body()["messages"]},
    ).json()

    usage = streamed(http, body())[0]["message"]["usage"]

    assert usage["input_tokens"] == counted["input_tokens"] > 0
    assert usage["cache_creation_input_tokens"] == usage["cache_read_input_tokens"] == 0
    assert usage["cache_creation"] == {
        "ephemeral_5m_input_tokens": 0,
        "ephemeral_1h_input_tokens": 0,
    }


@requirement("pitfall:t8")
def test_t8_usage_is_cumulative_and_counts_what_was_sent(http: httpx2.Client) -> None:
    events = streamed(http, body("count to ten"))
    whole = http.post("/v1/messages", json=body("count to ten")).json()

    ends = [event["usage"] for event in events if event["type"] == "message_delta"]
    tokens = [event for event in events if event["type"] == "content_block_delta"]
    assert len(ends) == 1
    assert ends[0]["output_tokens"] == len(tokens) == whole["usage"]["output_tokens"] == 10
    assert ends[0]["input_tokens"] == events[0]["message"]["usage"]["input_tokens"]


@requirement("pitfall:t9")
def test_t9_the_first_byte_does_not_wait_for_the_end_of_the_thought(pieces: httpx2.Client) -> None:
    arrivals: list[float] = []
    asked = body("slow thought", thinking=THINKING, stream=True)
    sent_at = time.monotonic()

    with pieces.stream("POST", "/v1/messages", json=asked) as answer:
        arrivals += [time.monotonic() for _ in answer.iter_raw()]

    # Relative, because a busy machine is slow in both: the thought is nearly all of the time.
    assert arrivals[0] - sent_at < (arrivals[-1] - sent_at) / 3


@requirement("pitfall:t10")
def test_t10_events_do_not_come_in_one_lump(pieces: httpx2.Client) -> None:
    arrivals: list[float] = []
    asked = body("slow thought", thinking=THINKING, stream=True)

    with pieces.stream("POST", "/v1/messages", json=asked) as answer:
        arrivals += [time.monotonic() for _ in answer.iter_raw()]

    spread = arrivals[-1] - arrivals[0]
    early = [at for at in arrivals if at - arrivals[0] < spread / 2]
    assert len(arrivals) > 10
    assert len(early) > len(arrivals) / 5


@requirement("pitfall:t11")
@pytest.mark.parametrize(
    "content",
    [
        'type = "text"\ntext = "a b"',
        'type = "thinking"\nthinking = "a b"',
        'type = "tool_use"\nname = "t"\ninput_json = \'{"a": 1}\'',
    ],
    ids=["text", "thinking", "tool_use"],
)
def test_t11_silence_is_filled_with_pings_in_every_phase(
    start_server: StartServer, content: str
) -> None:
    replies = f"[[replies]]\ndelay_s = 0.5\ntoken_delay_s = 0.25\n[[replies.content]]\n{content}"
    server = start_server(replies, "[server]\nping_s = 0.1\nfirst_event_grace_s = 0.05\n")

    with plain_client(server.url) as client:
        events = streamed(client, body(thinking=THINKING))

    kinds = [event["type"] for event in events]
    opened, closed = kinds.index("content_block_start"), kinds.index("content_block_stop")
    assert "ping" in kinds[:opened]
    assert "ping" in kinds[opened:closed]
    assert "ping" not in kinds[kinds.index("message_delta") :]


@requirement("pitfall:t12")
def test_t12_thoughts_never_merge_into_text(pieces: httpx2.Client) -> None:
    asked = body("every kind", thinking=THINKING, tools=[WEATHER])
    stream = pieces.post("/v1/messages", json={**asked, "stream": True})

    content = folded(stream.content)["content"]

    assert [block.get("thinking") or block.get("text") for block in content[:3]] == [
        "First a thought.",
        "Then a word.",
        "Another thought.",
    ]


@requirement("pitfall:t13")
def test_t13_the_start_says_its_type_and_role(http: httpx2.Client) -> None:
    message = streamed(http, body())[0]["message"]

    assert (message["type"], message["role"], message["content"]) == ("message", "assistant", [])


@requirement("pitfall:t15")
@pytest.mark.parametrize(
    "asked", [body("cut call"), body("weather", max_tokens=3)], ids=["engine", "max_tokens"]
)
def test_t15_a_cut_call_keeps_its_json_and_ends_with_max_tokens(
    http: httpx2.Client, asked: dict[str, Any]
) -> None:
    events = streamed(http, asked)
    whole = http.post("/v1/messages", json=asked).json()

    pieces = [
        event["delta"]["partial_json"]
        for event in events
        if event["type"] == "content_block_delta" and "partial_json" in event["delta"]
    ]
    text = "".join(pieces)
    assert text.startswith("{")
    assert not text.endswith("}")
    assert events[-2]["delta"]["stop_reason"] == "max_tokens"
    assert whole["stop_reason"] == "max_tokens"


@requirement("pitfall:t16")
def test_t16_after_a_call_the_reason_is_tool_use_whatever_the_engine_says(
    http: httpx2.Client,
) -> None:
    events = streamed(http, body("wrong reason"))
    whole = http.post("/v1/messages", json=body("wrong reason")).json()

    assert events[-2]["delta"]["stop_reason"] == whole["stop_reason"] == "tool_use"


@requirement("pitfall:t18")
def test_t18_cached_tokens_count_once_and_bad_requests_are_no_500(http: httpx2.Client) -> None:
    events = streamed(http, body("read from cache"))
    whole = http.post("/v1/messages", json=body("read from cache")).json()["usage"]
    refused = http.post("/v1/messages", json=body(messages=[{"role": "user", "content": [{}]}]))

    final = events[-2]["usage"]
    assert (final["input_tokens"], final["cache_read_input_tokens"]) == (12, 2048)
    assert (whole["input_tokens"], whole["cache_read_input_tokens"]) == (12, 2048)
    assert refused.status_code == 400


@requirement("pitfall:t19")
@pytest.mark.parametrize("display", ["summarized", "omitted"])
def test_t19_every_thought_closes_with_one_signature(pieces: httpx2.Client, display: str) -> None:
    thinking = {"type": "adaptive", "display": display}
    events = streamed(pieces, body("every kind", thinking=thinking, tools=[WEATHER]))

    signed = [
        event["index"]
        for event in events
        if event["type"] == "content_block_delta" and event["delta"]["type"] == "signature_delta"
    ]
    assert signed == [0, 2]


@requirement("pitfall:t20")
def test_t20_a_thought_cut_by_the_limit_stays_a_thought(http: httpx2.Client) -> None:
    # Interleaved, the budget is that of a whole turn and leaves no room for an answer.
    thinking = {"type": "enabled", "budget_tokens": 1024}
    asked = body("think long", max_tokens=5, thinking=thinking)
    interleaved = {"anthropic-beta": "interleaved-thinking-2025-05-14"}

    message = http.post("/v1/messages", json=asked, headers=interleaved).json()

    assert [block["type"] for block in message["content"]] == ["thinking"]
    assert message["stop_reason"] == "max_tokens"


@requirement("pitfall:t23")
@pytest.mark.parametrize("flipped", ["thinking", "signature"])
def test_t23_one_changed_byte_of_a_thought_is_refused(http: httpx2.Client, flipped: str) -> None:
    asked = body("weather", tools=[WEATHER], thinking=THINKING)
    content = http.post("/v1/messages", json=asked).json()["content"]
    result = user([tool_result("72°F", content[-1]["id"])])
    asked["messages"] += [assistant(content), result]
    unchanged = http.post("/v1/messages", json=asked)

    middle = len(content[0][flipped]) // 2
    text = content[0][flipped]
    content[0][flipped] = text[:middle] + ("B" if text[middle] == "A" else "A") + text[middle + 1 :]
    changed = http.post("/v1/messages", json=asked)

    assert unchanged.status_code == 200
    assert changed.status_code == 400
    assert changed.json()["error"]["message"].startswith("messages.1.content.0: ")


@requirement("pitfall:t27")
@pytest.mark.parametrize(("budget", "status"), [(1023, 400), (1024, 200)])
def test_t27_the_smallest_budget_is_1024(http: httpx2.Client, budget: int, status: int) -> None:
    asked = body(max_tokens=4000, thinking={"type": "enabled", "budget_tokens": budget})

    answer = http.post("/v1/messages", json=asked)

    assert answer.status_code == status


@requirement("pitfall:t28")
@pytest.mark.parametrize("content", ["", [], None], ids=["empty", "list", "absent"])
def test_t28_a_result_without_content_is_still_a_result(
    http: httpx2.Client, content: object
) -> None:
    result = tool_result() if content is None else tool_result(content)
    if content is None:
        del result["content"]
    asked = body(messages=[user("weather"), assistant([tool_use()]), user([result])])

    answer = http.post("/v1/messages", json=asked)

    assert answer.status_code == 200, answer.text
    assert answer.json()["content"][0]["text"].startswith("This is what I found:")


@requirement("pitfall:t56")
@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/messages", {"POST"}),
        ("/v1/messages/count_tokens", {"POST"}),
        ("/v1/messages/batches", {"GET", "HEAD", "POST"}),
        ("/v1/messages/batches/msgbatch_1", {"GET", "HEAD", "DELETE"}),
        ("/v1/messages/batches/msgbatch_1/cancel", {"POST"}),
        ("/v1/messages/batches/msgbatch_1/results", {"GET", "HEAD"}),
        ("/v1/files", {"GET", "HEAD", "POST"}),
        ("/v1/files/file_1", {"GET", "HEAD", "DELETE"}),
        ("/v1/files/file_1/content", {"GET", "HEAD"}),
        ("/v1/models", {"GET", "HEAD"}),
        ("/v1/models/claude-opus-5", {"GET", "HEAD"}),
    ],
)
def test_every_path_leads_to_its_own_endpoint(
    http: httpx2.Client, path: str, methods: set[str]
) -> None:
    """BerriAI/litellm#37289: a wildcard stood before the files."""
    answer = http.request("PATCH", path)

    assert answer.status_code == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == methods
