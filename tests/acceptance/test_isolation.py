"""What one workspace does, no other one sees: its cache, its limits, its usage, its models."""

from collections.abc import Generator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import Message

from antechamber.store.database import Database, database_url
from antechamber.store.ledger import Span, sums
from tests.acceptance.made_keys import made_key, made_workspace
from tests.servers import RunningServer, running_server

_CONFIG = """
[usage]
synchronous = true

[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"

[[tiers]]
name = "two"
classes = [{ name = "*", requests_per_minute = 2 }]
"""
_MODEL = "claude-sonnet-5-5"
_LONG = "What is marked here stays in the cache for five minutes. " * 200


class Team(NamedTuple):
    """A workspace and a client with its key."""

    workspace_id: str
    client: Anthropic

    def ask(self, text: str = "Hello", **more: Any) -> Message:
        messages: Any = [{"role": "user", "content": text}]
        return self.client.messages.create(model=_MODEL, max_tokens=10, messages=messages, **more)


class House(NamedTuple):
    """A server and its database."""

    server: RunningServer
    database: Database
    closing: ExitStack

    def team(self, *, tier: str | None = None, budget: int | None = None) -> Team:
        made = made_workspace(self.database, tier=tier, monthly_budget_nano_usd=budget)
        _, text = made_key(self.database, workspace_id=made)
        client = Anthropic(base_url=self.server.url, api_key=text, max_retries=0)
        return Team(made, self.closing.enter_context(client))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Generator[House, None, None]:
    folder: Path = tmp_path_factory.mktemp("house")
    files = {"replies.toml": '[[replies]]\ntext = "Hello there"\n'}
    with running_server(folder, config=_CONFIG, files=files) as server, ExitStack() as stack:
        database = Database(database_url(None, folder / "data"))
        stack.callback(database.close)
        yield House(server, database, stack)


def test_a_prefix_is_read_by_the_workspace_that_wrote_it_alone(house: House) -> None:
    one, other = house.team(), house.team()
    system: Any = [{"type": "text", "text": _LONG, "cache_control": {"type": "ephemeral"}}]

    written = one.ask(system=system).usage
    foreign = other.ask(system=system).usage
    read = one.ask(system=system).usage

    assert written.cache_creation_input_tokens
    assert foreign.cache_read_input_tokens == 0
    assert foreign.cache_creation_input_tokens == written.cache_creation_input_tokens
    assert read.cache_read_input_tokens == written.cache_creation_input_tokens


def test_a_message_of_another_workspace_is_not_found_by_the_diagnosis(house: House) -> None:
    one, other = house.team(), house.team()
    body: Any = {"diagnostics": {"previous_message_id": None}}
    first = one.ask(extra_body=body)
    body = {"diagnostics": {"previous_message_id": first.id}}

    own, foreign = one.ask(extra_body=body), other.ask(extra_body=body)

    reasons = [answer.to_dict()["diagnostics"] for answer in (own, foreign)]
    assert reasons == [
        {"cache_miss_reason": None},
        {"cache_miss_reason": {"type": "previous_message_not_found"}},
    ]


def test_a_limit_that_one_workspace_has_used_up_does_not_hold_another(house: House) -> None:
    one, other = house.team(tier="two"), house.team(tier="two")
    for _ in range(2):
        one.ask()

    with pytest.raises(anthropic.RateLimitError):
        one.ask()
    answer = other.ask()

    assert answer.content


def test_a_budget_that_one_workspace_has_spent_does_not_hold_another(house: House) -> None:
    one, other = house.team(budget=0), house.team()

    with pytest.raises(anthropic.BadRequestError, match="specified workspace API usage limits"):
        one.ask()
    answer = other.ask()

    assert answer.content


def test_what_one_workspace_uses_is_in_its_own_usage(house: House) -> None:
    one, other = house.team(), house.team()
    for _ in range(3):
        one.ask()
    other.ask()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    span = Span(starting_at=today, ending_at=datetime.now(UTC))

    found = {
        team.workspace_id: house.database.read_now(
            partial(sums, span=span, only={"workspace_id": [team.workspace_id]})
        )[0].requests
        for team in (one, other)
    }

    assert found == {one.workspace_id: 3, other.workspace_id: 1}
