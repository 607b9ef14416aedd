"""What lenient fidelity lets pass and hosted fidelity refuses as the hosted API does."""

from typing import Any

import httpx2
import pytest
from anthropic import Anthropic

from tests.conformance.bodies import OPUS, WEATHER, assistant, body, user
from tests.conformance.manifest import requirement

OLD, MIDDLE = "claude-sonnet-4-5-20250929", "claude-opus-4-6"
NEW_VERSION = {"anthropic-version": "2026-10-21"}
DEPRECATED = "`temperature` is deprecated for this model."
ENABLED = {"type": "enabled", "budget_tokens": 1024}
CONSULT = (
    "Please consult our documentation at "
    "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
)
NO_PREFILL = (
    "This model does not support assistant message prefill. The conversation must end with a user "
    "message."
)
NO_SYSTEM_ROLE = (
    'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
    'not "system" as an input message role.'
)
NOT_ENABLED = (
    '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
    '"output_config.effort" to control thinking behavior.'
)
NOT_DISABLED = (
    '"thinking.type.disabled" is not supported for this model. Thinking defaults to adaptive mode '
    'when not specified; use "thinking.type.enabled" with "budget_tokens" for extended thinking.'
)
EDIT = {"edits": [{"type": "clear_tool_uses_20250919"}]}
SMALL_COMPACTION = {
    "edits": [{"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 20_000}}]
}

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "temperature": (body(temperature=0.7), DEPRECATED),
    "top_p": (body(top_p=0.9), "`top_p` is deprecated for this model."),
    "top_k": (body(top_k=40), "`top_k` is deprecated for this model."),
    "temperature-and-top_p": (
        body(model=OLD, temperature=0.7, top_p=0.9),
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
    ),
    "temperature-while-thinking": (
        body(model=OLD, temperature=0.5, max_tokens=4000, thinking=ENABLED),
        "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. "
        + CONSULT,
    ),
    "enabled": (body(max_tokens=4000, thinking=ENABLED), NOT_ENABLED),
    "adaptive": (
        body(model=OLD, thinking={"type": "adaptive"}),
        "adaptive thinking is not supported on this model",
    ),
    "disabled": (body(model="claude-fable-5", thinking={"type": "disabled"}), NOT_DISABLED),
    "disabled-with-effort": (
        body(
            model="claude-opus-5",
            thinking={"type": "disabled"},
            output_config={"effort": "xhigh"},
        ),
        NOT_DISABLED,
    ),
    "budget-left-out": (
        body(model=OLD, thinking={"type": "enabled"}),
        "thinking.enabled.budget_tokens: Field required",
    ),
    "prefill": (
        body(messages=[user("Hi"), assistant("The answer is (")]),
        NO_PREFILL,
    ),
    "effort": (
        body(model="claude-haiku-4-5", output_config={"effort": "low"}),
        "This model does not support the effort parameter.",
    ),
    "priority": (
        body(service_tier="priority"),
        "service_tier: Input should be 'auto' or 'standard_only'",
    ),
    "beta-without-header": (
        body(context_management=EDIT),
        "context_management: Extra inputs are not permitted",
    ),
    "system-null": (
        {**body(), "system": None},
        "system: Input should be a valid list",
    ),
    "system-role": (
        body(model=OLD, messages=[user("Hi"), {"role": "system", "content": "Be brief."}]),
        NO_SYSTEM_ROLE,
    ),
}


@requirement(
    "fidelity:lenient:accepts",
    "fidelity:hosted:sampling",
    "fidelity:hosted:thinking",
    "fidelity:hosted:prefill",
    "fidelity:hosted:effort",
    "fidelity:hosted:service-tier",
    "fidelity:hosted:betas",
    "fidelity:hosted:system",
)
@pytest.mark.parametrize(("asked", "message"), CASES.values(), ids=CASES.keys())
def test_lenient_takes_what_hosted_refuses_in_its_words(
    http: httpx2.Client, hosted_http: httpx2.Client, asked: dict[str, Any], message: str
) -> None:
    lenient = http.post("/v1/messages", json=asked)
    hosted = hosted_http.post("/v1/messages", json=asked)

    assert lenient.status_code == 200, lenient.text
    assert hosted.status_code == 400, hosted.text
    assert hosted.json()["error"]["message"] == message


@requirement("fidelity:lenient:every-model")
def test_every_thinking_type_and_effort_is_taken_on_every_model(
    http: httpx2.Client, client: Anthropic
) -> None:
    states: Any = ["active", "deprecated", "retired"]
    for model in client.models.list(limit=1000, lifecycle=states):
        for kind in ("enabled", "adaptive", "disabled", "between_tools"):
            asked = body(model=model.id, thinking={"type": kind}, output_config={"effort": "max"})
            answer = http.post("/v1/messages", json=asked)
            assert answer.status_code == 200, (model.id, kind, answer.text)


@requirement("fidelity:hosted:version-2026-10-21")
@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_the_newest_version_has_no_sampling_parameters_under_hosted(
    http: httpx2.Client, hosted_http: httpx2.Client, name: str
) -> None:
    # The default value too; under the older version only others are refused.
    asked = body(model=OLD, **{name: 1})

    older = hosted_http.post("/v1/messages", json=asked)
    newer = hosted_http.post("/v1/messages", json=asked, headers=NEW_VERSION)
    lenient = http.post("/v1/messages", json=asked, headers=NEW_VERSION)

    assert (older.status_code, newer.status_code, lenient.status_code) == (200, 400, 200)
    assert newer.json()["error"]["message"] == f"`{name}` is deprecated for this model."


@requirement("fidelity:hosted:version-2025-12-01")
def test_a_version_that_was_never_published_is_read_as_another_when_lenient(
    http: httpx2.Client, hosted_http: httpx2.Client
) -> None:
    headers = {"anthropic-version": "2025-12-01"}

    lenient = http.post("/v1/messages", json=body(), headers=headers)
    hosted = hosted_http.post("/v1/messages", json=body(), headers=headers)

    assert lenient.status_code == 200
    assert hosted.json()["error"]["message"] == (
        'anthropic-version: "2025-12-01" is not a valid version'
    )


@requirement("fidelity:hosted:retired")
@pytest.mark.parametrize("model", ["claude-3-opus-20240229", "claude-3-7-sonnet-latest"])
def test_a_retired_model_is_served_when_lenient_and_not_found_when_hosted(
    http: httpx2.Client, hosted_http: httpx2.Client, model: str
) -> None:
    lenient = http.post("/v1/messages", json=body(model=model))
    hosted = hosted_http.post("/v1/messages", json=body(model=model))
    listed = hosted_http.get("/v1/models", params={"limit": 1000}).json()["data"]

    assert lenient.status_code == 200
    assert hosted.status_code == 404
    assert hosted.json()["error"] == {"type": "not_found_error", "message": f"model: {model}"}
    assert "retired" not in {shown["lifecycle"] for shown in listed}


@requirement("fidelity:hosted:suffix")
def test_the_suffix_of_the_long_window_is_unknown_when_hosted(
    http: httpx2.Client, hosted_http: httpx2.Client
) -> None:
    lenient = http.post("/v1/messages", json=body(model="claude-opus-5[1m]"))
    hosted = hosted_http.post("/v1/messages", json=body(model="claude-opus-5[1m]"))

    assert lenient.json()["model"] == "claude-opus-5"
    assert hosted.status_code == 404


@requirement("fidelity:hosted:thinking-default")
@pytest.mark.parametrize(
    ("model", "lenient_blocks", "hosted_blocks"),
    [
        (OPUS, ["text"], ["thinking", "text"]),
        ("claude-opus-5", ["text"], ["thinking", "text"]),
        (MIDDLE, ["text"], ["text"]),
        (OLD, ["text"], ["text"]),
    ],
)
def test_absent_thinking_is_off_when_lenient_and_the_models_own_when_hosted(
    http: httpx2.Client,
    hosted_http: httpx2.Client,
    model: str,
    lenient_blocks: list[str],
    hosted_blocks: list[str],
) -> None:
    asked = body("prime numbers", model=model)

    lenient = http.post("/v1/messages", json=asked).json()
    hosted = hosted_http.post("/v1/messages", json=asked).json()

    assert [block["type"] for block in lenient["content"]] == lenient_blocks
    assert [block["type"] for block in hosted["content"]] == hosted_blocks


@requirement("fidelity:hosted:display-default")
@pytest.mark.parametrize(("model", "shown"), [(OPUS, False), (MIDDLE, True)])
def test_a_thought_is_shown_when_lenient_and_by_model_when_hosted(
    http: httpx2.Client, hosted_http: httpx2.Client, model: str, shown: bool
) -> None:
    asked = body("prime numbers", model=model, thinking={"type": "adaptive"})

    lenient = http.post("/v1/messages", json=asked).json()
    hosted = hosted_http.post("/v1/messages", json=asked).json()

    assert lenient["content"][0]["thinking"]
    assert bool(hosted["content"][0]["thinking"]) is shown
    assert hosted["content"][0]["signature"]


@requirement("fidelity:hosted:compaction-trigger")
def test_a_compaction_trigger_may_be_small_when_lenient(
    http: httpx2.Client, hosted_http: httpx2.Client
) -> None:
    asked = body(context_management=SMALL_COMPACTION)
    headers = {"anthropic-beta": "compact-2026-01-12"}

    lenient = http.post("/v1/messages", json=asked, headers=headers)
    hosted = hosted_http.post("/v1/messages", json=asked, headers=headers)

    assert lenient.status_code == 200, lenient.text
    assert hosted.status_code == 400
    assert hosted.json()["error"]["message"].endswith(
        "Input should be greater than or equal to 50000"
    )


@requirement("fidelity:both:unknown-field", "fidelity:both:pairing")
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (body(nothing_known=1), "nothing_known: Extra inputs are not permitted"),
        (
            body(
                max_tokens=4000,
                model=OLD,
                thinking=ENABLED,
                tools=[WEATHER],
                tool_choice={"type": "any"},
            ),
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (
            body(max_tokens=1024, model=OLD, thinking=ENABLED),
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our "
            "documentation at https://docs.claude.com/en/docs/build-with-claude/"
            "extended-thinking#max-tokens-and-context-window-size",
        ),
    ],
    ids=["unknown-field", "forced-tool", "budget"],
)
def test_structure_is_checked_under_both(
    http: httpx2.Client, hosted_http: httpx2.Client, asked: dict[str, Any], message: str
) -> None:
    for each in (http, hosted_http):
        answer = each.post("/v1/messages", json=asked)
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == message


@requirement("fidelity:hosted:sdk")
def test_the_newest_sdk_works_under_hosted_fidelity(hosted_client: Anthropic) -> None:
    message = hosted_client.messages.create(**body("prime numbers"))
    with hosted_client.messages.stream(**body("weather", tools=[WEATHER])) as stream:
        streamed = stream.get_final_message()

    assert [block.type for block in message.content] == ["thinking", "text"]
    assert streamed.stop_reason == "tool_use"
