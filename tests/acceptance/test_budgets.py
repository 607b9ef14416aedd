"""Budgets: what a key and its workspace may spend in a month, and the answer beyond it."""

import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import pytest
from anthropic import Anthropic
from sqlalchemy import select, text

from antechamber.operations.administration import keys
from antechamber.store.database import Database, database_url
from antechamber.store.tables import turns
from antechamber.wire.ids import new_id
from tests.acceptance.made_keys import made_key, made_workspace
from tests.postgres import own_database, running_postgres
from tests.servers import RunningServer, running_server

_MODEL = "claude-sonnet-5-5"
_CONFIG = f"""
[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"

[[prices]]
model = "{_MODEL}"
input = 1
output = 1
"""
_AT_ONCE = f"{_CONFIG}\n[usage]\nsynchronous = true\n"
"""The row of a request is in the ledger before its answer has ended."""
_REPLIES = """
[[replies]]
when = "never ends"
text = "one two three four five six seven eight nine ten"
usage = { input_tokens = 1000, output_tokens = 1000 }
hang_after = 5

[[replies]]
when = "breaks off"
text = "one two three four five six seven eight nine ten"
usage = { input_tokens = 1000, output_tokens = 1000 }
fail_after = { events = 5, type = "overloaded_error" }

[[replies]]
text = "Hello there"
usage = { input_tokens = 1000, output_tokens = 1000 }
"""
_INPUT_COST, _COST = 1_000_000, 2_000_000
"""Of the input of one request, and of all of it, in nano-dollars."""
_HELLO: Any = [{"role": "user", "content": "Hello"}]
_PATIENCE_S = 60.0

# One process has the databases and the servers.
pytestmark = pytest.mark.xdist_group("budgets")


class Door(NamedTuple):
    """A server and its database."""

    server: RunningServer
    database: Database
    closing: ExitStack

    def client(self, key: str) -> Anthropic:
        client = Anthropic(base_url=self.server.url, api_key=key, max_retries=0)
        return self.closing.enter_context(client)

    def costs(self, key_id: str) -> list[int]:
        """Return what the ledger says that each request of a key cost."""
        rows = select(turns.c.cost_nano_usd).where(turns.c.key_id == key_id)
        return self.database.read_now(lambda it: list(it.execute(rows).scalars()))


@pytest.fixture(scope="module")
def postgres() -> Generator[str, None, None]:
    with running_postgres() as address:
        yield address


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def door(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Door, None, None]:
    with ExitStack() as stack:
        address = None
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres")
            address = stack.enter_context(own_database(server, "alone"))
        yield _opened(stack, tmp_path_factory.mktemp("door"), _AT_ONCE, address)


@pytest.fixture(scope="module")
def pair(
    postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[Door, Door], None, None]:
    with ExitStack() as stack:
        address = stack.enter_context(own_database(postgres, "shared"))
        # One after the other: the second finds the tables made.
        first, second = (
            _opened(stack, tmp_path_factory.mktemp(name), _CONFIG, address)
            for name in ("first", "second")
        )
        yield first, second


def _opened(stack: ExitStack, folder: Path, config: str, address: str | None = None) -> Door:
    if address is not None:
        config = f'database_url = "{address}"\n{config}'
    files = {"replies.toml": _REPLIES}
    server = stack.enter_context(running_server(folder, config=config, files=files))
    database = Database(database_url(address, folder / "data"))
    stack.callback(database.close)
    return Door(server, database, stack)


def _answered(client: Anthropic) -> bool:
    """Ask once; whether there was an answer, and not the refusal of a spent budget."""
    try:
        client.messages.create(model=_MODEL, max_tokens=100, messages=_HELLO)
    except anthropic.BadRequestError as error:
        assert "API usage limits" in str(error)
        return False
    return True


def _until(condition: Callable[[], bool]) -> None:
    """Ask again and again; each question takes its time."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline


def _refusal(whose: str, at: datetime) -> str:
    first = (at.replace(day=1) + timedelta(days=32)).strftime("%Y-%m-01")
    return (
        f"You have reached your specified {whose}API usage limits. "
        f"You will regain access on {first} at 00:00 UTC."
    )


def test_a_key_spends_its_budget_and_is_then_refused_in_the_hosted_words(door: Door) -> None:
    key_id, key = made_key(door.database, monthly_budget_nano_usd=3 * _COST - 1)
    client = door.client(key)

    answered = [_answered(client) for _ in range(5)]
    asked_at = datetime.now(UTC)
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(model=_MODEL, max_tokens=100, messages=_HELLO)

    # The third one begins within the budget, and nobody knows beforehand what it costs.
    assert answered == [True, True, True, False, False]
    assert refused.value.body == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": _refusal("", asked_at)},
        "request_id": refused.value.request_id,
    }
    assert door.costs(key_id) == [_COST] * 3


def test_a_stream_beyond_the_budget_does_not_begin(door: Door) -> None:
    _, key = made_key(door.database, monthly_budget_nano_usd=_COST)
    client = door.client(key)
    with client.messages.stream(model=_MODEL, max_tokens=100, messages=_HELLO) as stream:
        stream.until_done()

    with (
        pytest.raises(anthropic.BadRequestError, match="specified API usage limits"),
        client.messages.stream(model=_MODEL, max_tokens=100, messages=_HELLO) as stream,
    ):
        stream.until_done()


def test_what_costs_nothing_goes_on_when_the_budget_is_spent(door: Door) -> None:
    _, key = made_key(door.database, monthly_budget_nano_usd=0)
    client = door.client(key)

    counted = client.messages.count_tokens(model=_MODEL, messages=_HELLO)

    assert counted.input_tokens
    assert client.models.list().data
    assert not _answered(client)


def test_the_budget_of_a_key_holds_for_that_key_alone(door: Door) -> None:
    team = made_workspace(door.database)
    _, key = made_key(door.database, workspace_id=team, monthly_budget_nano_usd=_COST)
    _, beside = made_key(door.database, workspace_id=team)
    client, other = door.client(key), door.client(beside)

    answered = [_answered(client), _answered(client)]

    assert answered == [True, False]
    assert _answered(other)


def test_the_budget_of_a_workspace_holds_for_all_its_keys(door: Door) -> None:
    team = made_workspace(door.database, monthly_budget_nano_usd=3 * _COST)
    first, second = (
        door.client(made_key(door.database, workspace_id=team, monthly_budget_nano_usd=budget)[1])
        for budget in (100 * _COST, None)
    )
    elsewhere = door.client(made_key(door.database)[1])

    answered = [_answered(each) for each in (first, second, first, second, first)]
    asked_at = datetime.now(UTC)
    with pytest.raises(anthropic.BadRequestError) as refused:
        second.messages.create(model=_MODEL, max_tokens=100, messages=_HELLO)

    assert answered == [True, True, True, False, False]
    assert _refusal("workspace ", asked_at) in str(refused.value)
    assert _answered(elsewhere)


@pytest.mark.parametrize("words", ["never ends", "breaks off"])
def test_a_stream_that_is_cut_early_is_paid_for(door: Door, words: str) -> None:
    """T40: whether the client left or the engine failed."""
    key_id, key = made_key(door.database, monthly_budget_nano_usd=_INPUT_COST)
    client = door.client(key)
    messages: Any = [{"role": "user", "content": words}]

    with client.messages.stream(model=_MODEL, max_tokens=100, messages=messages) as stream:
        begun = next(each for each in stream if each.type == "content_block_delta")
        if words == "breaks off":
            with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
                stream.until_done()

    _until(lambda: bool(door.costs(key_id)))
    assert begun
    assert door.costs(key_id)[0] >= _INPUT_COST
    assert not _answered(client)


@pytest.mark.parametrize("whose", ["key", "workspace"])
def test_a_rotated_key_finds_a_budget_as_spent_as_it_was(door: Door, whose: str) -> None:
    """Also when it was rotated twice: the secret is another one, the budget is not."""
    budget: dict[str, Any] = {"monthly_budget_nano_usd": _COST}
    team = made_workspace(door.database, **(budget if whose == "workspace" else {}))
    key_id, key = made_key(door.database, workspace_id=team, **(budget if whose == "key" else {}))
    before = _answered(door.client(key))
    _until(lambda: bool(door.costs(key_id)))

    now = datetime.now(UTC)
    rotate = partial(keys.rotate, ends=keys.Ends(), now=now, new_id=new_id)
    once, _ = door.database.write_now(partial(rotate, key_id=key_id))
    _, rotated = door.database.write_now(partial(rotate, key_id=once.id))

    assert before
    assert not _answered(door.client(rotated))


def test_a_budget_is_exact_though_keys_cannot_be_read_again(tmp_path: Path) -> None:
    """What a process spends it knows by itself, without the database."""
    with ExitStack() as stack:
        door = _opened(stack, tmp_path, _AT_ONCE)
        key_id, key = made_key(door.database, monthly_budget_nano_usd=10 * _COST)
        client = door.client(key)
        first = _answered(client)
        door.database.write_now(lambda it: it.execute(text("ALTER TABLE api_keys RENAME TO away")))

        answered = [_answered(client) for _ in range(12)]

        costs = door.costs(key_id)
    assert first
    assert answered == [True] * 9 + [False] * 3
    assert costs == [_COST] * 10


def test_nothing_gets_through_once_the_ledger_has_what_the_budget_allows(
    pair: tuple[Door, Door],
) -> None:
    """The rows are written in groups; what is in the database holds from then on."""
    door, _ = pair
    budget = 20 * _COST
    key_id, key = made_key(door.database, monthly_budget_nano_usd=budget)
    client = door.client(key)

    seen: list[tuple[int, bool]] = []
    while len(seen) < 3 or any(answered for _, answered in seen[-3:]):
        assert len(seen) < 2_000
        seen.append((sum(door.costs(key_id)), _answered(client)))

    assert [spent for spent, answered in seen if answered and spent >= budget] == []
    answers = sum(answered for _, answered in seen)
    _until(lambda: door.costs(key_id) == [_COST] * answers)


def test_a_second_server_refuses_too_and_lets_in_again_when_there_is_more(
    pair: tuple[Door, Door],
) -> None:
    first, second = pair
    key_id, key = made_key(first.database, monthly_budget_nano_usd=10 * _COST)
    spender, other = first.client(key), second.client(key)
    before = _answered(other)

    _until(lambda: not _answered(spender))
    _until(lambda: not _answered(other))
    _until(lambda: sum(first.costs(key_id)) >= 10 * _COST)
    more = {"monthly_budget_nano_usd": 1_000_000 * _COST}
    first.database.write_now(partial(keys.change, key_id=key_id, changes=more))
    _until(lambda: _answered(spender))
    _until(lambda: _answered(other))

    assert before
