"""What goes wrong before, during and after a stream, as clients see it."""

import time

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.conformance.bodies import OPUS, body
from tests.conformance.conftest import StartServer
from tests.conformance.exchanges import Watch, events_of, plain_client, sdk_client
from tests.conformance.manifest import requirement


@requirement("streaming:error:before-first-event")
@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("fail with 400", anthropic.BadRequestError),
        ("fail with 429", anthropic.RateLimitError),
        ("fail with 529", anthropic.InternalServerError),
    ],
)
def test_an_engine_that_fails_at_once_is_an_http_error_also_when_streaming(
    client: Anthropic, text: str, raised: type[anthropic.APIStatusError]
) -> None:
    with pytest.raises(raised) as caught:
        client.messages.create(**body(text), stream=True)

    assert caught.value.status_code == int(text[-3:])


@requirement("streaming:error:in-stream")
def test_a_fault_in_the_middle_is_the_base_class_with_status_200(client: Anthropic) -> None:
    stream = client.messages.create(**body("break off"), stream=True)

    with pytest.raises(anthropic.APIStatusError) as caught:
        list(stream)

    assert type(caught.value) is anthropic.APIStatusError
    assert caught.value.status_code == 200
    assert caught.value.type == "overloaded_error"
    assert caught.value.body == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": caught.value.response.headers["request-id"],
    }


@requirement("streaming:error:helper")
async def test_the_helper_raises_it_after_the_text_that_came(async_client: AsyncAnthropic) -> None:
    seen: list[str] = []

    with pytest.raises(anthropic.APIStatusError):
        async with async_client.messages.stream(**body("break off")) as stream:
            async for text in stream.text_stream:
                seen.append(text)  # noqa: PERF401 - the loop is to be left by the exception

    assert "".join(seen) == "This senten"


@requirement("streaming:error:cut")
def test_a_script_can_cut_the_connection_in_the_middle_of_a_stream(http: httpx2.Client) -> None:
    received = b""

    with (
        pytest.raises(httpx2.RemoteProtocolError),
        http.stream("POST", "/v1/messages", json=body("cut the connection", stream=True)) as answer,
    ):
        for piece in answer.iter_raw():
            received += piece

    kinds = [event["type"] for event in events_of(received)]
    assert kinds[0] == "message_start"
    assert kinds[-1] == "content_block_delta"


@requirement("streaming:error:cut")
def test_a_script_can_cut_the_connection_before_an_answer_that_is_not_streamed(
    client: Anthropic, http: httpx2.Client
) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        http.post("/v1/messages", json=body("cut the connection"))
    with pytest.raises(anthropic.APIConnectionError):
        client.messages.create(**body("cut the connection"))

    assert http.get("/healthz").status_code == 200


@requirement("streaming:error:not-streamed")
def test_without_streaming_a_fault_in_the_middle_is_the_answer(client: Anthropic) -> None:
    with pytest.raises(anthropic.InternalServerError) as caught:
        client.messages.create(**body("break off"))

    assert caught.value.status_code == 529
    assert isinstance(caught.value, anthropic.OverloadedError)


@requirement("errors:retry")
def test_the_sdk_repeats_what_may_work_the_second_time(start_server: StartServer) -> None:
    replies = """
    [[replies]]
    times = 1
    error = { status = 529, retry_after_s = 1 }
    [[replies]]
    times = 1
    error = { status = 500, retry_after_s = 1 }
    [[replies]]
    text = "Third time lucky."
    """
    server = start_server(replies)
    watch = Watch()

    with sdk_client(server.url, watch, max_retries=2) as client:
        message = client.messages.create(**body())

    assert message.content[0].text == "Third time lucky."  # pyright: ignore[reportAttributeAccessIssue]
    statuses = [each.response.status_code for each in watch.exchanges]
    assert statuses == [529, 500, 200]
    assert watch.exchanges[0].response.headers["retry-after"] == "1"


@requirement("streaming:ping")
def test_silence_is_filled_with_pings(start_server: StartServer) -> None:
    replies = '[[replies]]\ndelay_s = 1.0\ntoken_delay_s = 0.5\ntext = "slow answer"'
    server = start_server(replies, "[server]\nping_s = 0.2\nfirst_event_grace_s = 0.1\n")

    with plain_client(server.url) as http:
        answer = http.post("/v1/messages", json=body(stream=True))

    kinds = [event["type"] for event in events_of(answer.content)]
    before_block = kinds[1 : kinds.index("content_block_start")]
    inside_block = kinds[kinds.index("content_block_start") : kinds.index("content_block_stop")]
    assert kinds[0] == "message_start"
    assert before_block.count("ping") >= 2
    assert "ping" in inside_block
    assert kinds[-1] == "message_stop"


@requirement("streaming:error:after-grace")
def test_an_engine_that_fails_after_the_grace_time_fails_in_the_stream(
    start_server: StartServer,
) -> None:
    replies = "[[replies]]\ndelay_s = 0.5\nerror = { status = 529 }"
    server = start_server(replies, "[server]\nfirst_event_grace_s = 0.1\n")

    with plain_client(server.url) as http:
        answer = http.post("/v1/messages", json=body(stream=True))

    assert answer.status_code == 200
    assert [event["type"] for event in events_of(answer.content)] == ["message_start", "error"]


@requirement("streaming:paced")
def test_each_token_is_sent_when_it_is_there(http: httpx2.Client) -> None:
    arrivals: list[float] = []

    with http.stream("POST", "/v1/messages", json=body("take your time", stream=True)) as answer:
        arrivals += [time.monotonic() for _ in answer.iter_raw()]

    # Ten tokens, 20 ms apart: were they held back, they would come in a lump or two.
    assert len(arrivals) >= 5


@requirement("streaming:client-leaves")
def test_a_client_that_leaves_ends_its_turn_and_others_go_on(start_server: StartServer) -> None:
    server = start_server('[[replies]]\nhang_after = 1\ntext = "nothing more"')

    with plain_client(server.url) as http:
        with http.stream("POST", "/v1/messages", json=body(stream=True)) as answer:
            next(answer.iter_raw())
        counted = http.post(
            "/v1/messages/count_tokens",
            json={"model": OPUS, "messages": body()["messages"]},
        )
    server.terminate()

    assert counted.status_code == 200
    assert server.wait() == 0
    assert [event["ending"] for event in server.events("turn")] == ["left"]
