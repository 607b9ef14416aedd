"""The Models API: list, pages, aliases, capabilities."""

from datetime import UTC, datetime

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import ModelParam

from tests.conformance.manifest import requirement
from tests.servers import RunningServer

SDK_IDS = [
    value
    for branch in getattr(ModelParam, "__args__", ())
    for value in getattr(branch, "__args__", ())
    if isinstance(value, str)
]


@requirement("models:list")
def test_models_are_listed_newest_first(client: Anthropic) -> None:
    models = list(client.models.list(limit=1000))

    created = [model.created_at for model in models]
    assert len(models) > 15
    assert created == sorted(created, reverse=True)
    assert len({model.id for model in models}) == len(models)
    assert all(model.display_name for model in models)


@requirement("models:list:pages")
def test_the_sdk_walks_through_all_pages(client: Anthropic) -> None:
    whole = [model.id for model in client.models.list(limit=1000)]

    walked = [model.id for model in client.models.list(limit=7)]

    assert walked == whole


@requirement("models:list:async")
async def test_pages_can_be_walked_asynchronously(async_client: AsyncAnthropic) -> None:
    walked = [model.id async for model in async_client.models.list(limit=10)]

    assert len(walked) > 15


@requirement("models:list:cursors")
def test_a_page_names_its_ends_and_whether_there_is_more(http: httpx2.Client) -> None:
    whole = http.get("/v1/models", params={"limit": 1000}).json()
    ids = [model["id"] for model in whole["data"]]

    first = http.get("/v1/models", params={"limit": 3}).json()
    after = http.get("/v1/models", params={"limit": 3, "after_id": ids[2]}).json()
    before = http.get("/v1/models", params={"limit": 3, "before_id": ids[5]}).json()

    assert (whole["has_more"], whole["first_id"], whole["last_id"]) == (False, ids[0], ids[-1])
    assert [model["id"] for model in first["data"]] == ids[:3]
    assert (first["has_more"], first["last_id"]) == (True, ids[2])
    assert [model["id"] for model in after["data"]] == ids[3:6]
    assert [model["id"] for model in before["data"]] == ids[2:5]


@requirement("models:list:default-limit")
def test_a_page_has_twenty_models_by_default(http: httpx2.Client) -> None:
    every_one = {"lifecycle[]": ["active", "deprecated", "retired"]}

    page = http.get("/v1/models", params=every_one).json()

    assert (len(page["data"]), page["has_more"]) == (20, True)


@requirement("models:list:limit-range")
@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("0", "limit: Input should be greater than or equal to 1"),
        ("1001", "limit: Input should be less than or equal to 1000"),
        ("many", "limit: Input should be a valid integer, unable to parse string as an integer"),
    ],
)
def test_a_limit_out_of_range_is_refused(http: httpx2.Client, limit: str, message: str) -> None:
    answer = http.get("/v1/models", params={"limit": limit})

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message


@requirement("models:list:lifecycle")
def test_models_can_be_asked_for_by_lifecycle(client: Anthropic) -> None:
    unasked = list(client.models.list(limit=1000))
    retired = list(client.models.list(limit=1000, lifecycle=["retired"]))

    assert "claude-3-opus-20240229" in {model.id for model in retired}
    assert {model.lifecycle for model in retired} == {"retired"}
    assert "retired" not in {model.lifecycle for model in unasked}


@requirement("models:retrieve", "models:retrieve:alias")
def test_a_model_is_found_by_its_id_and_by_its_alias(client: Anthropic) -> None:
    by_id = client.models.retrieve("claude-sonnet-4-5-20250929")
    by_alias = client.models.retrieve("claude-sonnet-4-5")

    assert by_id == by_alias
    assert by_id.id == "claude-sonnet-4-5-20250929"
    assert by_id.line == "sonnet"
    assert by_id.created_at < datetime.now(UTC)


@requirement("models:capabilities")
def test_capabilities_say_for_each_ability_whether_it_is_there(client: Anthropic) -> None:
    found = client.models.retrieve("claude-opus-5-5").capabilities

    assert found is not None
    assert found.thinking.supported
    assert found.structured_outputs.supported
    assert found.batch.supported
    assert found.citations.supported
    assert not found.server_tools.supported


@requirement("models:beta")
def test_the_beta_shape_has_the_fallbacks_too(client: Anthropic) -> None:
    found = client.beta.models.retrieve(
        "claude-opus-5-5", betas=["server-side-fallback-2026-07-01"]
    )

    assert found.allowed_fallback_models == []


@requirement("models:retrieve:unknown", "models:served:unknown")
def test_an_unknown_model_is_not_found(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as shown:
        client.models.retrieve("gpt-4")
    with pytest.raises(anthropic.NotFoundError) as used:
        client.messages.create(
            model="gpt-4", max_tokens=10, messages=[{"role": "user", "content": "Hello"}]
        )

    for caught in (shown, used):
        assert caught.value.type == "not_found_error"
        assert caught.value.body["error"]["message"] == "model: gpt-4"  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]


@requirement("models:served:sdk-ids")
def test_every_id_of_the_newest_sdk_is_served(client: Anthropic) -> None:
    found = {asked: client.models.retrieve(asked).id for asked in SDK_IDS}

    assert len(SDK_IDS) > 20
    assert all(found.values())


@requirement("models:discovery")
def test_discovery_is_answered_at_once_and_without_a_redirect(scripted: RunningServer) -> None:
    with httpx2.Client(base_url=scripted.url, follow_redirects=False, timeout=3) as client:
        answer = client.get(
            "/v1/models",
            params={"limit": 1000},
            headers={"authorization": "Bearer x", "anthropic-version": "2023-06-01"},
        )

    assert answer.status_code == 200
    assert all("claude" in model["id"] for model in answer.json()["data"])


@requirement("models:lesser")
@pytest.mark.xdist_group("embedded")
def test_a_model_is_shown_as_the_lesser_of_catalogue_and_engine(embedded: RunningServer) -> None:
    with Anthropic(base_url=embedded.url, api_key="x", max_retries=0) as client:
        found = client.models.retrieve("claude-opus-5-5")

    assert found.max_input_tokens is not None
    assert found.max_input_tokens < 1_000_000
    assert found.max_tokens == 128_000
    assert found.capabilities is not None
    # What is in them is read out to it.
    assert found.capabilities.image_input.supported
    assert found.capabilities.pdf_input.supported
    assert not found.capabilities.server_tools.supported
