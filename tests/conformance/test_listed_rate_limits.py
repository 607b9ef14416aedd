"""Rate limits as the Admin API lists them, of the organization and of a workspace."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types.organization import OrganizationRateLimit
from anthropic.types.organization.workspaces import WorkspaceRateLimit

from antechamber.operations.administration import keys, workspaces
from antechamber.operations.callers.key_directory import month_of
from antechamber.store.database import Database, database_url
from antechamber.store.ledger import Spent, add_turns
from antechamber.store.upgrading import upgrade
from antechamber.wire.ids import new_id
from tests.conformance.conftest import SCRIPTED
from tests.conformance.exchanges import sdk_client
from tests.conformance.manifest import requirement
from tests.conformance.shapes import shape_faults
from tests.servers import running_server

_LIMITED = """
[limits]
tier = "start"
promotion = ["tier4"]

[[tiers]]
name = "tier4"
from_usd = 400
count_tokens_per_minute = 70

[[tiers.classes]]
name = "*"
requests_per_minute = 4_000

"""
_START = {
    "requests_per_minute": 1_000,
    "input_tokens_per_minute_cache_aware": 2_000_000,
    "output_tokens_per_minute": 400_000,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An administrator's client of a server with limits, and the server's database."""

    client: Anthropic
    database: Database

    def workspace(self, tier: str | None = None) -> str:
        """Create a workspace."""
        wanted = workspaces.NewWorkspace(name="team", tier=tier)
        make = partial(workspaces.create, wanted=wanted, now=datetime.now(UTC), new_id=new_id)
        return self.database.write_now(make).id

    def limits_of(self, workspace: str, *, inherited: bool) -> list[WorkspaceRateLimit]:
        """Return what is told of a workspace."""
        listing = self.client.organization.workspaces.rate_limits
        return list(listing.list(workspace, include_inherited=inherited))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("limited")
    (folder / "data").mkdir()
    database = Database(database_url(None, folder / "data"))
    upgrade(database)
    admin = keys.NewKey(name="dashboard", kind="admin")
    make = partial(keys.create_key, wanted=admin, now=datetime.now(UTC), new_id=new_id)
    _, text = database.write_now(make)
    files = {"replies.toml": '[[replies]]\ntext = "You may."\n'}
    with (
        running_server(folder, config=_LIMITED + SCRIPTED, files=files) as server,
        sdk_client(server.url, api_key=text) as client,
    ):
        yield Office(client=client, database=database)
        assert not server.bugs()
    database.close()


def _by_model(listed: list[OrganizationRateLimit], model: str) -> OrganizationRateLimit:
    return next(each for each in listed if model in (each.models or ()))


@requirement("administration:rate-limits")
def test_models_that_share_their_limits_are_one_group(office: Office) -> None:
    listed = list(office.client.organization.rate_limits.list())

    together = _by_model(listed, "claude-opus-4-6")
    alone = _by_model(listed, "claude-haiku-4-5")

    assert together.group.type == "model_group"
    assert together.group.display_name == "Claude Opus 4.x"
    assert {"claude-opus-4-8", "claude-opus-4-5"} <= set(together.models or ())
    assert {each.type: each.value for each in together.limits} == _START
    assert alone.group.type == "model_group"
    assert alone.group.display_name == "Claude Haiku 4.5"
    assert len({each.id for each in listed} | {each.group.id for each in listed}) == 2 * len(listed)


@requirement("administration:rate-limits")
def test_an_entry_is_as_published(office: Office) -> None:
    entry = office.client.get("/v1/organizations/rate_limits?limit=1", cast_to=dict[str, Any])[
        "data"
    ][0]
    listing = f"/v1/organizations/workspaces/{office.workspace('tier1')}/rate_limits"
    own = office.client.get(listing, cast_to=dict[str, Any])["data"][0]

    # Told where the first clients read it, too.
    assert entry.pop("group_type") == own.pop("group_type") == "model_group"
    assert shape_faults(OrganizationRateLimit, entry) == []
    assert shape_faults(WorkspaceRateLimit, own) == []
    assert own["rate_limit_id"] == entry["id"]


@requirement("administration:rate-limits")
def test_what_is_read_from_the_cache_counts_where_the_name_of_the_limit_says_so(
    office: Office,
) -> None:
    [haiku] = office.client.organization.rate_limits.list(model="claude-3-5-haiku-20241022")

    assert {each.type for each in haiku.limits} == {
        "requests_per_minute",
        "input_tokens_per_minute",
        "output_tokens_per_minute",
    }


@requirement("administration:rate-limits")
@pytest.mark.parametrize(
    ("group_type", "limits"),
    [
        ("token_count", {"requests_per_minute": 2_000}),
        ("batch", {"requests_per_minute": 1_000, "enqueued_batch_requests": 200_000}),
        ("files", {"requests_per_minute": 500}),
    ],
)
def test_what_asks_no_model_is_limited_in_groups_of_its_own(
    office: Office, group_type: Literal["token_count", "batch", "files"], limits: dict[str, int]
) -> None:
    [group] = office.client.organization.rate_limits.list(group_type=group_type)

    assert group.group.type == group_type
    assert group.models is None
    assert {each.type: each.value for each in group.limits} == limits
    assert list(office.client.organization.rate_limits.list(group_type="skills")) == []


@requirement("administration:rate-limits")
def test_the_pages_of_the_list_follow_each_other(office: Office) -> None:
    listing = office.client.organization.rate_limits

    whole = listing.list()
    first = listing.list(limit=2)

    assert whole.next_page is None
    assert len(first.data) == 2
    assert [each.id for each in first] == [each.id for each in whole.data]


@requirement("administration:rate-limits")
def test_a_workspace_tells_what_it_has_of_its_own_and_on_request_the_rest(office: Office) -> None:
    plain, poor = office.workspace(), office.workspace("tier1")

    inherited = office.limits_of(plain, inherited=True)
    own = office.limits_of(poor, inherited=False)

    assert office.limits_of(plain, inherited=False) == []
    assert {value.source.type for each in inherited for value in each.limits} == {"organization"}
    assert {value.source.type for each in own for value in each.limits} == {"workspace"}
    opus = next(each for each in own if "claude-opus-4-6" in (each.models or ()))
    assert {each.type: (each.value, each.org_limit) for each in opus.limits} == {
        "requests_per_minute": (50, 1_000),
        "input_tokens_per_minute_cache_aware": (50_000, 2_000_000),
        "output_tokens_per_minute": (10_000, 400_000),
    }


@requirement("administration:rate-limits")
def test_what_a_workspace_has_reached_by_its_spending_is_its_own(office: Office) -> None:
    rich = office.workspace()
    spent = Spent(
        workspace_id=rich,
        key_id="",
        month=month_of(datetime.now(UTC)),
        cost_nano_usd=400 * 10**9,
    )
    office.database.write_now(partial(add_turns, rows=[], spent=[spent]))

    own = office.limits_of(rich, inherited=False)

    assert {(value.type, value.value) for each in own for value in each.limits} == {
        ("requests_per_minute", 4_000),
        ("requests_per_minute", 70),
    }


@requirement("administration:rate-limits", "administration:not-found")
def test_what_has_no_limits_is_not_found(office: Office) -> None:
    organization = office.client.organization

    with pytest.raises(anthropic.NotFoundError):
        organization.rate_limits.list(model="nobody")
    with pytest.raises(anthropic.NotFoundError):
        organization.workspaces.rate_limits.list("wrkspc_none")


@requirement("administration:rate-limits", "administration:shapes")
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: Input should be greater than or equal to 1"),
        ("group_type=colour", "group_type: Input should be 'batch'"),
        ("page=2", "page: Input should be the next_page of a list"),
    ],
)
def test_a_list_of_limits_that_cannot_be_is_told_by_its_path(
    office: Office, query: str, message: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=message):
        office.client.get(f"/v1/organizations/rate_limits?{query}", cast_to=dict[str, Any])
