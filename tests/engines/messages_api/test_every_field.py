"""Pitfalls T29, T32, T53: nothing of a request is lost on its way to a cloud without being told.

And nothing of a model's name leads anywhere but to a model.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from antechamber.engines.messages_api.authentication import BearerToken
from antechamber.engines.messages_api.bedrock import BedrockHost
from antechamber.engines.messages_api.foundry import FoundryHost
from antechamber.engines.messages_api.host import Host, Outgoing
from antechamber.engines.messages_api.hosted import HostedApi
from antechamber.engines.messages_api.vertex import VertexHost
from antechamber.wire.errors import InvalidRequest, NotFound
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from tests.engines.messages_api.cloud import CATALOGUE, HELLO, ordered

KEY = BearerToken("secret")
HOSTS: Mapping[str, Callable[[], Host]] = {
    "hosted": lambda: HostedApi("https://x", api_key="secret"),
    "bedrock": lambda: BedrockHost("us-west-2", KEY, canonical=CATALOGUE.canonical),
    "vertex": lambda: VertexHost("project", "global", KEY, canonical=CATALOGUE.canonical),
    "foundry": lambda: FoundryHost("https://x/anthropic", api_key="secret"),
}
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
SHOWN = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [PNG]}
SHORT, LONG = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
FORMAT = {"type": "json_schema", "schema": {"type": "object"}}
FIELDS: Mapping[str, Any] = {
    "billing_policy": {"type": "billing_policy", "bill_to": "user_profile"},
    "cache_control": LONG,
    "compaction": {"type": "summarize"},
    "container": "container_1",
    "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
    "diagnostics": {"cache": True},
    "fallback_credit_token": "token",
    "fallbacks": "default",
    "inference_geo": "us",
    "max_tokens": 7,
    "mcp_servers": [{"type": "url", "name": "files", "url": "https://mcp.example.com"}],
    "messages": [{"role": "user", "content": [SHOWN, {"type": "text", "text": "Hello"}]}],
    "metadata": {"user_id": "somebody"},
    "output_config": {"effort": "low"},
    "output_format": FORMAT,
    "service_tier": "standard_only",
    "speed": "fast",
    "stop_sequences": ["END"],
    "stream": True,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": LONG}],
    "temperature": 0.5,
    "thinking": {"type": "adaptive"},
    "thread": {"type": "create"},
    "tool_choice": {"type": "any"},
    "tools": [{"name": "a", "input_schema": {"type": "object"}, "cache_control": SHORT}],
    "top_k": 4,
    "top_p": 0.9,
    "user_profile_id": "profile_1",
}
"""A value that asks for something, for every field but ``model``."""


def sent_body(outgoing: Outgoing) -> dict[str, Any]:
    """Return what the model gets; Bedrock counts what is wrapped."""
    body = json.loads(outgoing.body)
    wrapped = body.get("input", {}).get("invokeModel", {}).get("body")
    return body if wrapped is None else json.loads(base64.b64decode(wrapped))


def cases() -> list[tuple[str, str, bool]]:
    return [
        (host, field, counts)
        for host in HOSTS
        for shape, counts in ((MessageRequest, False), (CountTokensRequest, True))
        for field in sorted(shape.model_fields)
        if field != "model"
    ]


def test_every_field_of_the_api_is_tried() -> None:
    assert {*FIELDS, "model"} == {*MessageRequest.model_fields, *CountTokensRequest.model_fields}


@pytest.mark.parametrize(("host", "field", "counts"), cases())
async def test_t29_t32_t53_a_field_goes_out_or_is_refused_or_named(
    host: str, field: str, *, counts: bool
) -> None:
    value = FIELDS[field]
    order = ordered({**HELLO, field: value}, counts=counts)
    try:
        outgoing = await HOSTS[host]().outgoing(order)
    except InvalidRequest as refusal:
        assert refusal.message.startswith(f"{field}: Not available on ")
        return

    sent = sent_body(outgoing)
    if field in outgoing.dropped:
        assert field not in sent
    elif field == "stream" and field not in sent:
        assert "stream" in outgoing.url.lower()
    elif field == "output_format" and field not in sent:
        assert sent["output_config"] == {"format": value}
    else:
        assert sent[field] == value


MARKED: Mapping[str, Any] = {
    "max_tokens": 5,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": LONG}],
    "tools": [{"name": "a", "input_schema": {"type": "object"}, "cache_control": LONG}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": SHORT}]},
        {
            "role": "user",
            "content": [{**SHOWN, "content": [{**PNG, "cache_control": SHORT}]}],
        },
    ],
}


@pytest.mark.parametrize("host", HOSTS)
async def test_t29_t32_marks_and_images_pass_wherever_they_stand(host: str) -> None:
    outgoing = await HOSTS[host]().outgoing(ordered(MARKED))

    sent = sent_body(outgoing)
    assert {name: sent[name] for name in MARKED} == MARKED
    assert outgoing.dropped == ()


@pytest.mark.parametrize("counts", [False, True], ids=["message", "count"])
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "model",
    [
        *("claude-x/../../../y?z=1", "../..", "..", ".", "a?b#c", "a\\b", "a/b", "a%2fb"),
        *("anthropic./../x", "arn:aws:bedrock:us-east-1:1:x/../../y", "a@/../b", "us./.."),
    ],
)
async def test_a_name_of_a_model_leads_nowhere_else(host: str, model: str, *, counts: bool) -> None:
    made = HOSTS[host]()
    usual = urlsplit((await made.outgoing(ordered(model="a", counts=counts))).url)
    try:
        outgoing = await made.outgoing(ordered(model=model, counts=counts))
    except NotFound as refusal:
        assert refusal.message == f"model: {model}"
        return

    asked = urlsplit(outgoing.url)
    assert (asked.netloc, asked.query, asked.fragment) == (usual.netloc, "", "")
    assert asked.path.count("/") == usual.path.count("/")
    assert not {".", ".."} & set(asked.path.split("/"))
    # Bedrock names what is to be done behind the last slash, Vertex AI behind the last colon.
    mark = ":" if host == "vertex" else "/"
    assert asked.path.rpartition(mark)[2] == usual.path.rpartition(mark)[2]
