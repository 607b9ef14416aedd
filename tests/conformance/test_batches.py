"""Message Batches, through the official SDK and over plain HTTP."""

import gzip
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from sqlalchemy import Connection

from antechamber.store.batches import BatchRow, Finished, NewItem, add_batch, finish_items
from antechamber.store.database import Database, database_url
from antechamber.wire.batches import succeeded
from tests.conformance.conftest import StartServer
from tests.conformance.exchanges import plain_client, sdk_client
from tests.conformance.manifest import requirement

_MODEL = "claude-sonnet-5-5"
_PATIENCE_S = 60.0
_LARGE_BYTES = 512 * 1024
_REPLIES = """
[[replies]]
when = "slow"
text = "At last."
delay_s = 1.5

[[replies]]
text = "At once."
"""


def _params(text: str = "Hello", **other: Any) -> Any:
    return {
        "model": _MODEL,
        "max_tokens": 50,
        "messages": [{"role": "user", "content": text}],
        **other,
    }


def _requests(count: int) -> list[Any]:
    return [{"custom_id": f"task-{number}", "params": _params()} for number in range(count)]


def _ended(client: Anthropic, batch_id: str) -> MessageBatch:
    """Ask until the batch has ended."""
    deadline = time.monotonic() + _PATIENCE_S
    while (batch := client.messages.batches.retrieve(batch_id)).processing_status != "ended":
        assert time.monotonic() < deadline, batch
    return batch


def _results(client: Anthropic, batch_id: str) -> dict[str, MessageBatchIndividualResponse]:
    lines = list(client.messages.batches.results(batch_id))
    results = {line.custom_id: line for line in lines}
    assert len(results) == len(lines)
    return results


def _finished(client: Anthropic, batch_id: str) -> int:
    """Return how many requests have a result already, which the counts tell at the end only."""
    answer = client.messages.batches.with_raw_response.retrieve(batch_id)
    return int(answer.headers["antechamber-finished-requests"])


def _answered(client: Anthropic, requests: Sequence[Any]) -> dict[str, Any]:
    """Return the results of a batch of ``requests``, by their ids."""
    batch = client.messages.batches.create(requests=requests)
    _ended(client, batch.id)
    found = _results(client, batch.id)
    return {custom_id: each.result for custom_id, each in found.items()}


@requirement("batches:lifecycle")
def test_a_batch_ends_with_one_result_for_each_request(client: Anthropic) -> None:
    created = client.messages.batches.create(requests=_requests(30))

    ended = _ended(client, created.id)
    results = _results(client, created.id)

    assert results.keys() == {f"task-{number}" for number in range(30)}
    assert all(each.result.type == "succeeded" for each in results.values())
    assert (ended.request_counts.succeeded, ended.request_counts.processing) == (30, 0)
    assert ended.ended_at is not None
    assert (ended.expires_at - ended.created_at).total_seconds() == 24 * 3600


@requirement("batches:lifecycle")
async def test_the_beta_door_and_the_asynchronous_client_do_the_same(
    async_client: AsyncAnthropic,
) -> None:
    batches = async_client.beta.messages.batches
    created = await batches.create(requests=_requests(1))

    while (await batches.retrieve(created.id)).processing_status != "ended":
        pass
    results = [line async for line in await batches.results(created.id)]

    assert [line.result.type for line in results] == ["succeeded"]


@requirement("batches:shape")
def test_before_the_end_every_request_counts_as_processing(start_server: StartServer) -> None:
    server = start_server(_REPLIES)
    requests: list[Any] = [*_requests(2), {"custom_id": "last", "params": _params("slow")}]
    with sdk_client(server.url) as client:
        created = client.messages.batches.create(requests=requests)
        while _finished(client, created.id) < 2:
            pass

        running = client.messages.batches.retrieve(created.id)

    for batch in (created, running):
        assert batch.processing_status == "in_progress"
        assert batch.request_counts.model_dump() == {
            "processing": 3,
            "succeeded": 0,
            "errored": 0,
            "canceled": 0,
            "expired": 0,
        }
        assert (batch.results_url, batch.ended_at, batch.archived_at) == (None, None, None)


_ITEM: Any = {"custom_id": "a", "params": {}}


@requirement("batches:envelope")
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "requests: Field required"),
        ([], "Input should be a valid dictionary"),
        ({"requests": {}}, "requests: Input should be a valid list"),
        ({"requests": []}, "requests: List should have at least 1 item after validation, not 0"),
        (
            {"requests": [_ITEM] * 100_001},
            "requests: List should have at most 100000 items after validation, not 100001",
        ),
        ({"requests": [_ITEM], "priority": 1}, "priority: Extra inputs are not permitted"),
        ({"requests": ["a"]}, "requests.0: Input should be a valid dictionary"),
        ({"requests": [{"params": {}}]}, "requests.0.custom_id: Field required"),
        ({"requests": [{"custom_id": "a"}]}, "requests.0.params: Field required"),
        (
            {"requests": [{"custom_id": "a", "params": []}]},
            "requests.0.params: Input should be a valid dictionary",
        ),
        (
            {"requests": [{**_ITEM, "model": "x"}]},
            "requests.0.model: Extra inputs are not permitted",
        ),
        (
            {"requests": [_ITEM, {**_ITEM, "custom_id": "a b"}]},
            "requests.1.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        ),
        (
            {"requests": [{**_ITEM, "custom_id": "a" * 65}]},
            "requests.0.custom_id: String should have at most 64 characters",
        ),
        (
            {"requests": [_ITEM, {**_ITEM, "custom_id": "b"}, _ITEM]},
            "requests.2.custom_id: Value must be unique in the batch, and requests.0 has it too",
        ),
    ],
)
def test_what_is_wrong_with_the_batch_itself_is_told_at_once(
    http: httpx2.Client, asked: Any, message: str
) -> None:
    answer = http.post("/v1/messages/batches", json=asked)

    assert answer.status_code == 400
    assert answer.json()["error"] == {"type": "invalid_request_error", "message": message}


@requirement("batches:envelope")
def test_a_body_that_is_no_json_makes_no_batch(http: httpx2.Client) -> None:
    answer = http.post("/v1/messages/batches", content=b'{"requests": [')

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("The request body is not valid JSON")


@requirement("batches:envelope")
def test_a_body_that_is_too_large_is_refused_while_it_comes(start_server: StartServer) -> None:
    server = start_server(_REPLIES, "[batches]\nmax_body_bytes = 4096\n")
    with plain_client(server.url) as http:
        answer = http.post("/v1/messages/batches", content=iter([b"x" * 1024] * 5))

    assert answer.status_code == 413
    assert not list((server.folder / "data").glob("tmp*"))


@requirement("batches:params")
def test_wrong_parameters_are_the_result_of_their_request_alone(client: Anthropic) -> None:
    results = _answered(
        client,
        [
            {"custom_id": "good", "params": _params()},
            {"custom_id": "shape", "params": {**_params(), "max_tokens": "many"}},
            {"custom_id": "rule", "params": _params("   ")},
            {"custom_id": "model", "params": _params(model="nobody-knows-it")},
        ],
    )

    assert results["good"].type == "succeeded"
    told = {
        name: (result.error.error.type, result.error.error.message)
        for name, result in results.items()
        if result.type == "errored"
    }
    assert told == {
        "shape": ("invalid_request_error", "max_tokens: Input should be a valid integer"),
        "rule": (
            "invalid_request_error",
            "messages: text content blocks must contain non-whitespace text",
        ),
        "model": ("not_found_error", "model: nobody-knows-it"),
    }


@requirement("batches:refused-params")
def test_parameters_that_a_batch_cannot_have_are_errors(client: Anthropic) -> None:
    refused = {
        "stream": {"stream": True},
        "speed": {"speed": "fast"},
        "fallbacks": {"fallbacks": []},
        "thread": {"thread": {"type": "new"}},
        "max_tokens": {"max_tokens": 0},
    }
    requests: list[Any] = [
        {"custom_id": name, "params": {**_params(), **extra}} for name, extra in refused.items()
    ]
    requests.append({"custom_id": "not-streamed", "params": _params(stream=False)})

    results = _answered(client, requests)

    assert results.pop("not-streamed").type == "succeeded"
    assert all(result.error.error.type == "invalid_request_error" for result in results.values())
    assert {name: result.error.error.message for name, result in results.items()} == {
        **{name: f"{name}: This parameter is not supported in batches" for name in refused},
        "max_tokens": "max_tokens: Input should be greater than or equal to 1",
    }


@requirement("batches:list")
def test_batches_are_listed_in_pages_from_the_newest_on(start_server: StartServer) -> None:
    server = start_server(_REPLIES)
    with sdk_client(server.url) as client:
        batches = client.messages.batches
        ids = [batches.create(requests=_requests(1)).id for _ in range(7)][::-1]

        walked = [batch.id for batch in batches.list(limit=3)]
        first = batches.list(limit=3)
        after = batches.list(limit=3, after_id=ids[4])
        before = batches.list(limit=3, before_id=ids[4])

    assert walked == ids
    assert ([each.id for each in first.data], first.has_more) == (ids[:3], True)
    assert ([each.id for each in after.data], after.has_more) == (ids[5:], False)
    assert ([each.id for each in before.data], before.has_more) == (ids[1:4], True)
    assert (first.first_id, first.last_id) == (ids[0], ids[2])


@requirement("batches:list")
def test_who_deletes_what_is_listed_gets_through_the_list(start_server: StartServer) -> None:
    server = start_server(_REPLIES)
    with sdk_client(server.url) as client:
        batches = client.messages.batches
        for _ in range(5):
            _ended(client, batches.create(requests=_requests(1)).id)

        deleted = [batches.delete(batch.id).id for batch in batches.list(limit=2)]

        assert len(deleted) == 5
        assert batches.list().data == []


@requirement("batches:list")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": 0}, "limit: Input should be greater than or equal to 1"),
        ({"limit": 1001}, "limit: Input should be less than or equal to 1000"),
        ({"after_id": "msgbatch_x"}, "after_id: msgbatch_x is not in this list"),
        (
            {"after_id": "a", "before_id": "b"},
            "after_id and before_id cannot both be specified",
        ),
    ],
)
def test_a_wrong_query_is_told(http: httpx2.Client, query: Any, message: str) -> None:
    answer = http.get("/v1/messages/batches", params=query)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message


@requirement("batches:cancel")
def test_a_canceled_batch_ends_and_what_runs_finishes(start_server: StartServer) -> None:
    server = start_server(_REPLIES, "[batches]\nconcurrency = 1\n")
    requests: list[Any] = [
        {"custom_id": f"task-{at}", "params": _params("slow")} for at in range(20)
    ]
    with sdk_client(server.url) as client:
        batch = client.messages.batches.create(requests=requests)
        while _finished(client, batch.id) == 0:
            pass

        canceling = client.messages.batches.cancel(batch.id)
        again = client.messages.batches.cancel(batch.id)
        ended = _ended(client, batch.id)
        results = _results(client, batch.id)
        with pytest.raises(anthropic.BadRequestError, match="already ended"):
            client.messages.batches.cancel(batch.id)

    assert canceling.processing_status == again.processing_status == "canceling"
    assert canceling.cancel_initiated_at == again.cancel_initiated_at is not None
    assert canceling.request_counts.processing == 20
    assert ended.request_counts.canceled > 0
    assert ended.request_counts.succeeded + ended.request_counts.canceled == 20
    told = [each.result.type for each in results.values()]
    assert told.count("canceled") == ended.request_counts.canceled


@requirement("batches:delete")
def test_a_batch_is_deleted_after_its_end_only(start_server: StartServer) -> None:
    server = start_server(_REPLIES)
    with sdk_client(server.url) as client:
        slow: list[Any] = [{"custom_id": "a", "params": _params("slow")}]
        batch = client.messages.batches.create(requests=slow)
        with pytest.raises(anthropic.BadRequestError, match="has not ended"):
            client.messages.batches.delete(batch.id)
        _ended(client, batch.id)

        deleted = client.messages.batches.delete(batch.id)

        assert deleted.model_dump() == {"id": batch.id, "type": "message_batch_deleted"}
        assert client.messages.batches.list().data == []
        with pytest.raises(anthropic.NotFoundError):
            client.messages.batches.retrieve(batch.id)


@requirement("batches:delete")
def test_results_that_are_deleted_while_they_are_read_do_not_look_whole(
    start_server: StartServer,
) -> None:
    server = start_server(_REPLIES)
    batch_id = _with_large_results(server.folder / "data", 40)
    with plain_client(server.url) as http:
        read = 0
        with (
            pytest.raises(httpx2.RemoteProtocolError, match="incomplete chunked read"),
            http.stream("GET", f"/v1/messages/batches/{batch_id}/results") as answer,
        ):
            for portion in answer.iter_bytes():
                if not read:
                    http.delete(f"/v1/messages/batches/{batch_id}").raise_for_status()
                read += len(portion)

    assert 0 < read < 40 * _LARGE_BYTES


def _with_large_results(data: Path, count: int) -> str:
    now = datetime.now(UTC)
    batch = BatchRow(
        id="msgbatch_large",
        workspace_id="default",
        key_id=None,
        surroundings=b"{}",
        status="in_progress",
        item_count=count,
        created_at=now,
        expires_at=now + timedelta(days=1),
        queued_at=now,
    )
    result = succeeded(b'{"text":"%b"}' % (b"x" * _LARGE_BYTES))
    finished = [Finished(at, "succeeded", result) for at in range(count)]

    def make(connection: Connection) -> None:
        add_batch(connection, batch, [NewItem(f"task-{at}", b"{}") for at in range(count)])
        finish_items(connection, batch.id, finished, now=now)

    database = Database(database_url(None, data))
    try:
        database.write_now(make)
    finally:
        database.close()
    return batch.id


@requirement("batches:results-early")
def test_results_before_the_end_are_refused_by_the_sdk_and_by_the_server(
    start_server: StartServer,
) -> None:
    server = start_server(_REPLIES)
    with sdk_client(server.url) as client, plain_client(server.url) as http:
        slow: list[Any] = [{"custom_id": "a", "params": _params("slow")}]
        batch = client.messages.batches.create(requests=slow)

        with pytest.raises(anthropic.AnthropicError, match="No `results_url` for the given batch"):
            client.messages.batches.results(batch.id)
        answer = http.get(f"/v1/messages/batches/{batch.id}/results")

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@requirement("batches:results-url")
def test_the_address_of_the_results_is_where_the_client_asked(
    client: Anthropic, http: httpx2.Client
) -> None:
    batch = client.messages.batches.create(requests=_requests(1))
    ended = _ended(client, batch.id)
    path = f"/v1/messages/batches/{batch.id}"

    here = http.get(ended.results_url or "")
    behind_tls = http.get(path, headers={"x-forwarded-proto": "https", "host": "localhost"})

    assert ended.results_url == f"{str(http.base_url).rstrip('/')}{path}/results"
    assert here.headers["content-type"] == "application/x-jsonl"
    assert [line["custom_id"] for line in map(json.loads, here.text.splitlines())] == ["task-0"]
    assert behind_tls.json()["results_url"] == f"https://localhost{path}/results"


@requirement("batches:not-found")
@pytest.mark.parametrize(
    ("method", "below"), [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")]
)
def test_a_batch_that_nobody_has_is_not_found(http: httpx2.Client, method: str, below: str) -> None:
    answer = http.request(method, f"/v1/messages/batches/msgbatch_none{below}")

    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "type": "not_found_error",
        "message": "Message batch `msgbatch_none` not found.",
    }


@requirement("batches:price")
def test_the_usage_of_an_answer_is_of_the_tier_batch(client: Anthropic) -> None:
    params = _params(service_tier="standard_only")

    results = _answered(client, [{"custom_id": "a", "params": params}])

    assert results["a"].message.usage.service_tier == "batch"


@requirement("batches:passing-faults")
def test_an_overloaded_model_is_asked_again(start_server: StartServer) -> None:
    overloaded = """
[[replies]]
times = 2
error = { status = 529 }

[[replies]]
text = "There you are."
"""
    server = start_server(overloaded)
    with sdk_client(server.url) as client:
        results = _answered(client, _requests(1))

    assert results["task-0"].message.content[0].text == "There you are."


@requirement("batches:encoding")
def test_a_compressed_batch_is_read(http: httpx2.Client) -> None:
    body = gzip.compress(json.dumps({"requests": _requests(3)}).encode())
    kinds = {"content-encoding": "gzip", "content-type": "application/json"}

    answer = http.post("/v1/messages/batches", content=body, headers=kinds)
    broken = http.post("/v1/messages/batches", content=body[:-4], headers=kinds)

    assert answer.json()["request_counts"]["processing"] == 3
    assert broken.status_code == 400
    assert broken.json()["error"]["details"] == {"error_code": "request_body_encoding_invalid"}
