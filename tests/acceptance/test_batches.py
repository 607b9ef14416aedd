"""Batches and what a platform team sets: prices, budgets, models, limits, workspaces."""

import json
import time
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import pytest
from anthropic import Anthropic
from sqlalchemy import select

from antechamber.operations.administration import keys
from antechamber.store.batches import change_batch
from antechamber.store.database import Database, database_url
from antechamber.store.tables import spending, turns
from antechamber.wire.ids import new_id
from tests.acceptance.made_keys import made_workspace
from tests.engines.messages_api.upstream import error, message, played_upstream, whole
from tests.servers import RunningServer, running_server

_MODEL = "claude-sonnet-5-5"
_OTHER_MODEL = "claude-haiku-4-5"
_CONFIG = f"""
[limits]
tier = "own"

[[tiers]]
name = "own"

[[tiers.classes]]
name = "*"
requests_per_minute = 3

[housekeeping]
every_s = 0.2

[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"

[[prices]]
model = "{_MODEL}"
input = 1
output = 1
"""
_REPLIES = """
[[replies]]
text = "Hello there"
usage = { input_tokens = 1000, output_tokens = 1000 }
"""
_HALF_COST = 1_000_000
"""Half of what 2,000 tokens cost, in nano-dollars."""
_PATIENCE_S = 60.0

# One process has the server.
pytestmark = pytest.mark.xdist_group("batches")


class Door(NamedTuple):
    """A server and its database."""

    server: RunningServer
    database: Database
    closing: ExitStack

    def client(self, **wanted: Any) -> tuple[str, Anthropic]:
        """Return the id of a new key and a client that has it."""
        make = partial(
            keys.create_key,
            wanted=keys.NewKey(name="key", **wanted),
            now=datetime.now(UTC),
            new_id=new_id,
        )
        key, text = self.database.write_now(make)
        client = Anthropic(base_url=self.server.url, api_key=text, max_retries=0)
        return key.id, self.closing.enter_context(client)

    def costs(self, key_id: str) -> list[tuple[str, int | None]]:
        """Return tier and cost of each request of a key."""
        rows = select(turns.c.service_tier, turns.c.cost_nano_usd).where(turns.c.key_id == key_id)
        return [tuple(row) for row in self.database.read_now(lambda it: it.execute(rows).all())]

    def spent(self, key_id: str) -> int:
        """Return what budgets know of a key."""
        row = select(spending.c.cost_nano_usd).where(spending.c.key_id == key_id)
        return self.database.read_now(lambda it: it.execute(row).scalar_one())


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Generator[Door, None, None]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("door")
        files = {"replies.toml": _REPLIES}
        server = stack.enter_context(running_server(folder, config=_CONFIG, files=files))
        database = Database(database_url(None, folder / "data"))
        stack.callback(database.close)
        yield Door(server, database, stack)
        assert not (server.bugs() or server.events("housekeeping_failed"))


def _batch(client: Anthropic, count: int, model: str = _MODEL) -> tuple[str, list[Any]]:
    """Have a batch answered; return its id and its results."""
    params = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    requests: list[Any] = [{"custom_id": f"task-{at}", "params": params} for at in range(count)]
    batch = client.messages.batches.create(requests=requests)
    deadline = time.monotonic() + _PATIENCE_S
    while client.messages.batches.retrieve(batch.id).processing_status != "ended":
        assert time.monotonic() < deadline
    return batch.id, [line.result for line in client.messages.batches.results(batch.id)]


def test_t42_a_batch_costs_half_in_the_ledger_and_in_budgets(door: Door) -> None:
    key_id, client = door.client()

    _batch(client, 5)

    assert door.costs(key_id) == [("batch", _HALF_COST)] * 5
    assert door.spent(key_id) == 5 * _HALF_COST


def test_a_batch_is_not_counted_by_the_limits_of_messages(door: Door) -> None:
    _, client = door.client(workspace_id=made_workspace(door.database))

    _, results = _batch(client, 20)

    assert [result.type for result in results] == ["succeeded"] * 20
    hello: Any = [{"role": "user", "content": "Hi"}]
    answer = client.messages.with_raw_response.create(model=_MODEL, max_tokens=9, messages=hello)
    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "2"


def test_a_batch_is_held_to_the_models_of_its_key(door: Door) -> None:
    key_id, client = door.client(models=[_OTHER_MODEL])

    _, results = _batch(client, 1)

    assert results[0].error.error.type == "permission_error"
    assert door.costs(key_id) == []


def test_a_batch_ends_at_the_budget_of_its_key(door: Door) -> None:
    _, client = door.client(monthly_budget_nano_usd=_HALF_COST)
    _, results = _batch(client, 1)

    while results[0].type == "succeeded":
        # What was spent is known seconds later.
        _, results = _batch(client, 1)

    assert "API usage limits" in results[0].error.error.message


def test_a_budget_that_is_used_up_in_the_midst_of_a_batch_ends_it(door: Door) -> None:
    key_id, client = door.client(monthly_budget_nano_usd=20 * _HALF_COST)

    _, results = _batch(client, 300)

    answered = sum(result.type == "succeeded" for result in results)
    # Beyond the budget go only those that run already.
    assert 20 <= answered <= 40
    assert door.spent(key_id) == answered * _HALF_COST


def test_a_batch_is_of_its_workspace_alone(door: Door) -> None:
    _, ours = door.client(workspace_id=made_workspace(door.database))
    _, theirs = door.client(workspace_id=made_workspace(door.database))

    batch_id, _ = _batch(ours, 1)

    assert [batch.id for batch in ours.messages.batches.list()] == [batch_id]
    assert theirs.messages.batches.list().data == []
    for ask in (theirs.messages.batches.retrieve, theirs.messages.batches.delete):
        with pytest.raises(anthropic.NotFoundError):
            ask(batch_id)
    with pytest.raises(anthropic.BadRequestError):
        theirs.messages.batches.list(after_id=batch_id)


def test_results_go_when_their_time_is_over(door: Door) -> None:
    _, client = door.client(workspace_id=made_workspace(door.database))
    batch_id, _ = _batch(client, 2)
    long_ago = {"created_at": datetime.now(UTC) - timedelta(days=30)}

    door.database.write_now(partial(change_batch, batch_id=batch_id, changes=long_ago))
    while not door.server.events("housekeeping"):
        client.messages.batches.retrieve(batch_id)
    batch = client.messages.batches.retrieve(batch_id)

    assert (batch.results_url, batch.request_counts.succeeded) == (None, 2)
    with pytest.raises(anthropic.NotFoundError, match="no longer available"):
        client.get(f"/v1/messages/batches/{batch_id}/results", cast_to=object)
    assert [each["batches_archived"] for each in door.server.events("housekeeping")] == [1]


def test_an_upstream_of_the_same_api_answers_batches_too(tmp_path: Path) -> None:
    config = """
[batches]
concurrency = 1

[[engines]]
name = "up"
type = "messages_api"
base_url = "{url}"
api_key = "x"
retries = 0
"""
    with played_upstream() as upstream, ExitStack() as stack:
        upstream.plays(
            whole(529, json.loads(error("overloaded_error"))),
            whole(400, _printed(json.loads(error("invalid_request_error", "No such tool")))),
            whole(200, _printed(message("Hello from afar"))),
        )
        folder = tmp_path / "server"
        server = stack.enter_context(running_server(folder, config=config.format(url=upstream.url)))
        client = stack.enter_context(Anthropic(base_url=server.url, api_key="any"))

        _, results = _batch(client, 3)

    refused = [result.error.error for result in results if result.type == "errored"]
    answers = [result.message for result in results if result.type == "succeeded"]
    assert [(each.type, each.message) for each in refused] == [
        ("invalid_request_error", "No such tool")
    ]
    assert [answer.content[0].text for answer in answers] == ["Hello from afar"] * 2
    assert [result.error.request_id for result in results if result.type == "errored"] == [None]
    assert {answer.usage.service_tier for answer in answers} == {"batch"}
    assert {answer.usage.cache_read_input_tokens for answer in answers} == {2_048}
    assert _tiers(folder / "data") == {("ended", "batch"): 2, ("status 400", "batch"): 1}


def _printed(value: object) -> bytes:
    """Return JSON as some gateways write it, over several lines; a result has to be on one."""
    return json.dumps(value, indent=2).replace("\n", "\r\n").encode()


def _tiers(data: Path) -> Counter[tuple[str, str]]:
    """Return how often the ledger has which ending and tier, but for tries that came to nothing."""
    database = Database(database_url(None, data))
    rows = select(turns.c.ending, turns.c.service_tier).where(turns.c.ending != "status 529")
    try:
        found = database.read_now(lambda it: it.execute(rows).all())
    finally:
        database.close()
    return Counter((ending, tier) for ending, tier in found)
