"""The Admin API: through the official SDK where it has the resource, else as dashboards ask."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic
from anthropic.types import OrganizationInfo
from anthropic.types.organization import Workspace

from antechamber.operations.administration import keys
from antechamber.store.columns import micros
from antechamber.store.database import Database, database_url
from antechamber.store.ledger import TurnRow, add_turns
from antechamber.store.upgrading import upgrade
from antechamber.wire.ids import new_id
from tests.conformance.bodies import body
from tests.conformance.conftest import SCRIPTED
from tests.conformance.exchanges import VERSION, sdk_client
from tests.conformance.manifest import requirement
from tests.conformance.shapes import shape_faults
from tests.servers import RunningServer, running_server

_PATIENCE_S = 60.0
_DAY = datetime(2026, 11, 1, tzinfo=UTC)
_USAGE, _COST = "/v1/organizations/usage_report/messages", "/v1/organizations/cost_report"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A server, who may administer it, and its database."""

    server: RunningServer
    admin: str
    database: Database

    def key(self, **wanted: Any) -> tuple[keys.KeyRow, str]:
        """Create a key, as the command does."""
        wanted.setdefault("name", "first")
        new = keys.NewKey(**wanted)
        make = partial(keys.create_key, wanted=new, now=datetime.now(UTC), new_id=new_id)
        return self.database.write_now(make)

    def get(self, path: str, **query: Any) -> httpx2.Response:
        """Ask over plain HTTP."""
        headers = {"x-api-key": self.admin, "anthropic-version": VERSION}
        return httpx2.get(self.server.url + path, params=query, headers=headers)

    def lets_in(self, key: str) -> bool:
        """Tell whether a key opens what is for everybody."""
        headers = {"x-api-key": key, "anthropic-version": VERSION}
        return httpx2.get(f"{self.server.url}/v1/models", headers=headers).status_code == 200

    def refusal(self, path: str, **query: Any) -> str:
        """Return the words of a 400."""
        answer = self.get(path, **query)
        assert answer.status_code == 400, answer.text
        return answer.json()["error"]["message"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("administered")
    (folder / "data").mkdir()
    database = Database(database_url(None, folder / "data"))
    upgrade(database)
    admin = keys.NewKey(name="dashboard", kind="admin")
    make = partial(keys.create_key, wanted=admin, now=datetime.now(UTC), new_id=new_id)
    _, text = database.write_now(make)
    files = {"replies.toml": '[[replies]]\ntext = "You may."\n'}
    with running_server(folder, config=SCRIPTED, files=files) as server:
        yield House(server=server, admin=text, database=database)
        assert not server.bugs()
    database.close()


@pytest.fixture
def admin(house: House) -> Iterator[Anthropic]:
    """The official client with the key of the administration."""
    with sdk_client(house.server.url, api_key=house.admin) as client:
        yield client


@requirement("administration:me")
def test_the_organization_is_that_of_the_header(house: House) -> None:
    answer = house.get("/v1/organizations/me")

    assert answer.json()["id"] == answer.headers["anthropic-organization-id"]
    assert shape_faults(OrganizationInfo, answer.json()) == []


@requirement("administration:door")
def test_each_kind_of_key_opens_its_own_doors(house: House) -> None:
    _, key = house.key()

    with sdk_client(house.server.url, api_key=key) as client:
        client.messages.create(**body())
        with pytest.raises(anthropic.AuthenticationError):
            client.organization.retrieve()
    with sdk_client(house.server.url, api_key=house.admin) as client:
        client.organization.retrieve()
        with pytest.raises(anthropic.AuthenticationError):
            client.messages.create(**body())


@requirement("administration:keys")
def test_a_key_is_shown_renamed_and_switched_off(house: House, admin: Anthropic) -> None:
    key, text = house.key(expires_at=datetime(2030, 1, 1, tzinfo=UTC))

    shown = admin.organization.api_keys.retrieve(key.id)
    renamed = admin.organization.api_keys.update(key.id, name="second", status="inactive")
    again = admin.organization.api_keys.update(key.id, name=None, status="archived")

    assert (shown.name, shown.status, shown.partial_key_hint) == ("first", "active", key.hint)
    assert (shown.created_at, shown.expires_at) == (key.created_at, key.expires_at)
    assert (renamed.name, renamed.status) == ("second", "inactive")
    assert (again.name, again.status) == ("second", "archived")
    deadline = time.monotonic() + _PATIENCE_S
    while house.lets_in(text):
        assert time.monotonic() < deadline
    with pytest.raises(anthropic.BadRequestError, match="stays archived"):
        admin.organization.api_keys.update(key.id, status="active")


@requirement("administration:keys")
def test_keys_are_listed_in_pages_of_their_ids(house: House, admin: Anthropic) -> None:
    team = admin.organization.workspaces.create(name="pages").id
    made = [house.key(workspace_id=team, name=str(number))[0].id for number in range(5)]
    listing = admin.organization.api_keys

    first = listing.list(workspace_id=team, limit=2)
    after = listing.list(workspace_id=team, limit=2, after_id=made[3])
    before = listing.list(workspace_id=team, limit=2, before_id=made[1])

    assert [key.id for key in listing.list(workspace_id=team, limit=2)] == made[::-1]
    assert ([key.id for key in first.data], first.has_more) == ([made[4], made[3]], True)
    assert (first.first_id, first.last_id) == (made[4], made[3])
    assert ([key.id for key in after.data], after.has_more) == ([made[2], made[1]], True)
    assert ([key.id for key in before.data], before.has_more) == ([made[3], made[2]], True)
    assert listing.list(workspace_id=team, status="inactive").data == []
    assert listing.list(created_by_user_id="user_01").data == []


@requirement("administration:keys")
def test_keys_may_be_changed_while_their_list_is_walked(house: House, admin: Anthropic) -> None:
    team = admin.organization.workspaces.create(name="walked").id
    made = {house.key(workspace_id=team, name=str(number))[0].id for number in range(5)}
    listing = admin.organization.api_keys

    changed = [
        listing.update(key.id, status="inactive").id
        for key in listing.list(workspace_id=team, status="active", limit=2)
    ]

    assert len(changed) == len(made)
    assert set(changed) == made
    assert listing.list(workspace_id=team, status="active").data == []


@requirement("administration:keys", "administration:door")
def test_keys_of_the_administration_are_not_in_the_list(admin: Anthropic) -> None:
    assert "dashboard" not in {key.name for key in admin.organization.api_keys.list()}


@requirement("administration:workspaces")
def test_a_workspace_is_created_changed_and_archived(house: House, admin: Anthropic) -> None:
    spaces = admin.organization.workspaces
    made = spaces.create(name="team", tags={"owner": "a", "floor": "2"}, display_color="#123456")

    changed = spaces.update(made.id, name="papers", tags={"floor": None, "room": "9"})
    closed = spaces.archive(made.id)

    body = house.get(f"/v1/organizations/workspaces/{made.id}").json()
    assert shape_faults(Workspace, body) == []
    assert (made.name, made.display_color, made.archived_at) == ("team", "#123456", None)
    assert (changed.name, changed.tags) == ("papers", {"owner": "a", "room": "9"})
    assert closed.archived_at is not None
    assert made.id not in {each.id for each in spaces.list()}
    assert made.id in {each.id for each in spaces.list(include_archived=True)}
    assert [each.id for each in spaces.list(ids=[made.id], include_archived=True)] == [made.id]


@requirement("administration:workspaces")
def test_workspaces_may_be_archived_while_their_list_is_walked(admin: Anthropic) -> None:
    spaces = admin.organization.workspaces
    made = [spaces.create(name=f"walked {number}").id for number in range(5)]

    closed = [spaces.archive(each.id).id for each in spaces.list(ids=made, limit=2)]

    assert sorted(closed) == sorted(made)
    assert spaces.list(ids=made).data == []


@requirement("administration:default-workspace")
def test_the_default_workspace_is_null_and_shown_when_it_is_asked_for(
    house: House, admin: Anthropic
) -> None:
    key, _ = house.key()
    spaces = admin.organization.workspaces

    body = house.get(f"/v1/organizations/api_keys/{key.id}").json()
    typed = admin.organization.api_keys.retrieve(key.id)

    assert body["workspace_id"] is None
    assert typed.scope.type == "workspace"
    default = spaces.retrieve(typed.scope.workspace_id)
    assert default.id in {each.id for each in spaces.list(include_default=True)}
    assert default.id not in {each.id for each in spaces.list()}
    with pytest.raises(anthropic.BadRequestError, match="cannot be archived"):
        spaces.archive(default.id)


@requirement("administration:rate-limits")
def test_where_nothing_is_limited_no_limit_is_listed(admin: Anthropic) -> None:
    team = admin.organization.workspaces.create(name="free").id

    assert list(admin.organization.rate_limits.list()) == []
    listing = admin.organization.workspaces.rate_limits
    assert list(listing.list(team, include_inherited=True)) == []


def _row(at: datetime, **other: Any) -> TurnRow:
    usual: dict[str, Any] = {
        "request_id": new_id("req_"),
        "started_at": micros(at),
        "workspace_id": "default",
        "key_id": "apikey_1",
        "model": "claude-opus-5-5",
        "engine": "replies",
        "upstream_model": "claude-opus-5-5",
        "ending": "ended",
        "streams": False,
        "service_tier": "standard",
        "inference_geo": None,
        "speed": None,
        "input_tokens": 100,
        "cache_write_5m_tokens": 1,
        "cache_write_1h_tokens": 2,
        "cache_read_tokens": 3,
        "output_tokens": 10,
        "thinking_tokens": 4,
        "first_event_ms": None,
        "total_ms": 6,
        "cost_nano_usd": 12_345_678,
    }
    return TurnRow(**(usual | other))


_KINDS = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")


def _costs(*nano_usd: int) -> dict[str, int]:
    kinds = zip(_KINDS, nano_usd, strict=True)
    return {"cost_nano_usd": sum(nano_usd)} | {f"{kind}_cost_nano_usd": it for kind, it in kinds}


@pytest.fixture(scope="module")
def used(house: House) -> None:
    """Three requests on the first of November, of two workspaces, and one two days later."""
    costs = _costs(10_000_000, 1_000_000, 900_000, 45_678, 400_000, 20_000_000)
    rows = [
        _row(_DAY, input_tokens=100, web_searches=2, **costs),
        _row(_DAY + timedelta(hours=1), service_tier="batch"),
        _row(_DAY, workspace_id="wrkspc_1", key_id=None, model="claude-haiku-4-5-20251001"),
        _row(_DAY + timedelta(days=2)),
    ]
    house.database.write_now(partial(add_turns, rows=rows, spent=[]))


@requirement("administration:usage")
@pytest.mark.usefixtures("used")
def test_the_usage_report_has_a_bucket_for_each_day(house: House) -> None:
    query = {"starting_at": "2026-11-01T07:00:00Z", "ending_at": "2026-11-05T00:00:00Z"}

    first = house.get(_USAGE, **query, limit=3).json()
    second = house.get(_USAGE, **query, limit=3, page=first["next_page"]).json()

    assert [bucket["starting_at"] for bucket in first["data"]] == [
        f"2026-11-0{day}T00:00:00Z" for day in (1, 2, 3)
    ]
    assert [len(bucket["results"]) for bucket in first["data"]] == [1, 0, 1]
    assert first["data"][0]["results"][0] == {
        "uncached_input_tokens": 300,
        "cache_read_input_tokens": 9,
        "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 6},
        "output_tokens": 30,
        "server_tool_use": {"web_search_requests": 2},
        **dict.fromkeys(("model", "api_key_id", "workspace_id", "account_id")),
        **dict.fromkeys(("service_account_id", "service_tier", "context_window", "inference_geo")),
    }
    assert first["has_more"]
    assert (second["has_more"], second["next_page"]) == (False, None)
    assert [bucket["ending_at"] for bucket in second["data"]] == ["2026-11-05T00:00:00Z"]


@requirement("administration:usage", "administration:default-workspace")
@pytest.mark.usefixtures("used")
def test_the_usage_report_is_grouped_and_filtered(house: House) -> None:
    query = {"starting_at": "2026-11-01T00:00:00Z", "limit": 1}

    grouped = house.get(_USAGE, **query, **{"group_by[]": ["workspace_id", "model"]}).json()
    batch = house.get(_USAGE, **query, **{"service_tiers[]": "batch", "group_by[]": "speed"}).json()
    elsewhere = house.get(_USAGE, **query, **{"workspace_ids[]": "wrkspc_2"}).json()

    found = grouped["data"][0]["results"]
    assert {(each["workspace_id"], each["model"]): each["output_tokens"] for each in found} == {
        (None, "claude-opus-5-5"): 20,
        ("wrkspc_1", "claude-haiku-4-5-20251001"): 10,
    }
    assert [each["output_tokens"] for each in batch["data"][0]["results"]] == [10]
    assert batch["data"][0]["results"][0]["speed"] == "standard"
    assert elsewhere["data"][0]["results"] == []


@requirement("administration:usage")
def test_what_is_used_now_is_that_of_its_key_and_workspace(house: House, admin: Anthropic) -> None:
    team = admin.organization.workspaces.create(name="busy").id
    key, text = house.key(workspace_id=team)
    today = datetime.now(UTC).date().isoformat()
    query = {"starting_at": today, "api_key_ids[]": key.id, "group_by[]": "workspace_id"}

    with sdk_client(house.server.url, api_key=text) as client:
        answer = client.messages.create(**body())

    deadline = time.monotonic() + _PATIENCE_S
    while not (found := house.get(_USAGE, **query).json()["data"][0]["results"]):
        assert time.monotonic() < deadline
    assert [(each["workspace_id"], each["output_tokens"]) for each in found] == [
        (team, answer.usage.output_tokens)
    ]


@requirement("administration:cost")
@pytest.mark.usefixtures("used")
def test_the_cost_report_is_in_cents(house: House) -> None:
    query = {"starting_at": "2026-11-01T00:00:00Z", "limit": 2}

    plain = house.get(_COST, **query).json()["data"]
    described = house.get(_COST, **query, **{"group_by[]": ["workspace_id", "description"]}).json()

    assert [len(bucket["results"]) for bucket in plain] == [1, 0]
    assert plain[0]["results"][0] == {
        "amount": "5.7037034",
        "currency": "USD",
        **dict.fromkeys(("cost_type", "token_type", "model", "service_tier", "context_window")),
        **dict.fromkeys(("inference_geo", "description", "workspace_id")),
    }
    told = described["data"][0]["results"]
    assert next(each for each in told if each["token_type"] == "uncached_input_tokens") == {
        "amount": "1",
        "currency": "USD",
        "cost_type": "tokens",
        "token_type": "uncached_input_tokens",
        "model": "claude-opus-5-5",
        "service_tier": "standard",
        "context_window": "0-200k",
        "inference_geo": "not_available",
        "description": "Claude Opus 5.5 Usage - Input Tokens",
        "workspace_id": None,
    }
    tier = ("claude-opus-5-5", "standard")
    assert {
        (each["model"], each["service_tier"], each["token_type"]): each["amount"] for each in told
    } == {
        (*tier, "uncached_input_tokens"): "1",
        (*tier, "cache_creation.ephemeral_5m_input_tokens"): "0.1",
        (*tier, "cache_creation.ephemeral_1h_input_tokens"): "0.09",
        (*tier, "cache_read_input_tokens"): "0.0045678",
        (*tier, "output_tokens"): "0.04",
        (*tier, None): "2",
        # Written down when only the whole was known.
        ("claude-opus-5-5", "batch", None): "1.2345678",
        ("claude-haiku-4-5-20251001", "standard", None): "1.2345678",
    }
    assert {each["description"] for each in told if each["token_type"] is None} == {
        "Claude Opus 5.5 Usage",
        "Claude Haiku 4.5 Usage",
        "Web Search Usage",
    }
    assert [each["description"] for each in told if each["cost_type"] == "web_search"] == [
        "Web Search Usage"
    ]
    assert sum(Decimal(each["amount"]) for each in told) == Decimal(
        plain[0]["results"][0]["amount"]
    )


@requirement("administration:usage")
@pytest.mark.usefixtures("used")
def test_use_is_told_apart_by_context_window_and_accounts_have_none(house: House) -> None:
    query = {"starting_at": "2026-11-01T00:00:00Z", "limit": 1}

    grouped = house.get(_USAGE, **query, **{"group_by[]": "context_window"}).json()
    long = house.get(_USAGE, **query, **{"context_window[]": "200k-1M"}).json()
    nobody = house.get(_USAGE, **query, **{"account_ids[]": "user_01"}).json()

    assert [(each["context_window"], each["output_tokens"]) for each in _results(grouped)] == [
        ("0-200k", 30)
    ]
    assert _results(long) == _results(nobody) == []


def _results(report: dict[str, Any]) -> list[dict[str, Any]]:
    return report["data"][0]["results"]


@requirement("administration:cost", "administration:usage")
def test_what_is_asked_now_costs_what_its_tokens_cost(house: House, admin: Anthropic) -> None:
    team = admin.organization.workspaces.create(name="priced").id
    _, text = house.key(workspace_id=team)
    today = datetime.now(UTC).date().isoformat()
    query = {"starting_at": today, "group_by[]": ["workspace_id", "description"]}

    with sdk_client(house.server.url, api_key=text) as client:
        usage = client.messages.create(**body(model="claude-sonnet-4-6")).usage

    deadline = time.monotonic() + _PATIENCE_S
    while not (found := [it for it in _results(_cost_report(house, query)) if _is_of(team, it)]):
        assert time.monotonic() < deadline
    assert [(each["token_type"], Decimal(each["amount"])) for each in found] == [
        ("uncached_input_tokens", usage.input_tokens * Decimal("0.0003")),
        ("output_tokens", usage.output_tokens * Decimal("0.0015")),
    ]


def _cost_report(house: House, query: dict[str, Any]) -> dict[str, Any]:
    return house.get(_COST, **query).json()


def _is_of(team: str, result: dict[str, Any]) -> bool:
    return result["workspace_id"] == team


@requirement("administration:shapes")
@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        (_USAGE, {}, "starting_at: Field required"),
        (_USAGE, {"starting_at": "soon"}, "starting_at: Input should be a valid datetime"),
        (_USAGE, {"starting_at": "1066-10-14"}, "starting_at: Input should be a time from 1970"),
        (_USAGE, {"starting_at": "2026-11-01", "bucket_width": "1w"}, "bucket_width: Input should"),
        (_USAGE, {"starting_at": "2026-11-01", "limit": 32}, "limit: Input should be less than"),
        (_USAGE, {"starting_at": "2026-11-01", "limit": 0}, "limit: Input should be greater than"),
        (_USAGE, {"starting_at": "2026-11-01", "group_by[]": "colour"}, "group_by.0: Input should"),
        (_USAGE, {"starting_at": "2026-11-01", "speeds[]": "slow"}, "speeds.0: Input should be"),
        (
            _USAGE,
            {"starting_at": "2026-11-01", "context_window[]": "1M"},
            "context_window.0: Input should be '0-200k' or '200k-1M'",
        ),
        (
            _USAGE,
            {"starting_at": "2026-11-01", "colours[]": "red"},
            "colours: Extra inputs are not",
        ),
        (_USAGE, {"starting_at": "2026-11-01", "page": "2"}, "page: Input should be the next_page"),
        (
            _USAGE,
            {"starting_at": "2026-11-02", "ending_at": "2026-11-01"},
            "ending_at: Input should be after starting_at",
        ),
        (_COST, {"starting_at": "2026-11-01", "bucket_width": "1h"}, "bucket_width: Input should"),
        ("/v1/organizations/api_keys", {"limit": "x"}, "limit: Input should be a valid integer"),
        ("/v1/organizations/api_keys", {"status": "lost"}, "status: Input should be 'active'"),
        ("/v1/organizations/api_keys", {"after_id": "apikey_x"}, "after_id: apikey_x is not in"),
        (
            "/v1/organizations/workspaces",
            {"after_id": "a", "before_id": "b"},
            "after_id and before_id cannot both be specified",
        ),
    ],
)
def test_a_query_that_cannot_be_is_told_by_its_path(
    house: House, path: str, query: dict[str, Any], message: str
) -> None:
    assert house.refusal(path, **query).startswith(message)


@requirement("administration:shapes")
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "name: String should have at least 1 character"),
        ({"name": "a", "tags": {"anthropic-x": "y"}}, "tags: Keys may not begin with 'anthropic'"),
        ({"name": "a", "display_color": "red"}, "display_color: String should match pattern"),
        ({"name": "a", "external_key_id": "key"}, "external_key_id: Input should be null"),
        (
            {"name": "a", "data_residency": {"default_inference_geo": "us"}},
            "data_residency.default_inference_geo: Input should be 'global'",
        ),
        ({"name": "a", "size": 1}, "size: Extra inputs are not permitted"),
    ],
)
def test_a_workspace_that_cannot_be_is_told_by_its_path(
    admin: Anthropic, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        admin.post("/v1/organizations/workspaces", body=wrong, cast_to=object)

    assert message in str(caught.value)


@requirement("administration:not-found")
def test_ids_that_nobody_has_are_not_found(admin: Anthropic) -> None:
    organization = admin.organization
    for ask in (
        lambda: organization.api_keys.retrieve("apikey_none"),
        lambda: organization.api_keys.update("apikey_none", name="x"),
        lambda: organization.workspaces.retrieve("wrkspc_none"),
        lambda: organization.workspaces.update("wrkspc_none", name="x"),
        lambda: organization.workspaces.archive("wrkspc_none"),
    ):
        with pytest.raises(anthropic.NotFoundError):
            ask()
