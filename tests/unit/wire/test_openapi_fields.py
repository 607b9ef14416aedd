"""Every field that the API's OpenAPI document gives a request has a place in the request models.

The document is not part of this repository; the tests run where ``ANTECHAMBER_CONTRACT_DIR`` names
a directory that holds ``schema/openapi-2026-08.json`` (public mirror: github.com/tryAGI/Anthropic).
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from antechamber.wire.blocks import ContentBlock
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.tools import Tool

_DIRECTORY = os.environ.get("ANTECHAMBER_CONTRACT_DIR", "")
_DOCUMENT = Path(_DIRECTORY, "schema", "openapi-2026-08.json")

pytestmark = pytest.mark.skipif(
    not _DIRECTORY or not _DOCUMENT.exists(), reason="ANTECHAMBER_CONTRACT_DIR is not set"
)


@pytest.mark.parametrize(
    ("schema", "model"),
    [
        ("CreateMessageParams", MessageRequest),
        ("BetaCreateMessageParams", MessageRequest),
        ("CountMessageTokensParams", CountTokensRequest),
        ("BetaCountMessageTokensParams", CountTokensRequest),
    ],
)
def test_every_field_of_the_body_is_known(schema: str, model: type[BaseModel]) -> None:
    published = _schemas()[schema]

    assert set(published["properties"]) <= _names(model)
    assert set(published["required"]) == {
        field.alias or name for name, field in model.model_fields.items() if field.is_required()
    }


def test_every_field_of_a_block_is_known_with_its_limits() -> None:
    blocks = _models(ContentBlock)
    published = [
        (tag, schema)
        for name, schema in _schemas().items()
        if name.removeprefix("Beta").startswith("Request")
        for tag in _tags(schema)
        if tag in blocks
    ]

    assert len(published) > 15  # the document is older than the last few blocks
    for tag, schema in published:
        _assert_holds(blocks[tag], schema)


def test_every_field_of_a_tool_is_known_with_its_limits() -> None:
    tools = _models(Tool)
    published = [
        (tag, schema)
        for name, schema in _schemas().items()
        if schema.get("properties", {}).keys() & {"name", "mcp_server_name"}
        and "ManagedAgents" not in name
        for tag in _tags(schema)
        if tag in tools
    ]

    assert len(published) > 20
    for tag, schema in published:
        _assert_holds(tools[tag], schema)


def test_the_bodys_own_limits_are_the_published_ones() -> None:
    _assert_holds(MessageRequest, _schemas()["BetaCreateMessageParams"])


LIMITS = ("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "maxItems")
# That a text is not empty is a rule: the hosted API words it without the path of the block.
RULES = {("TextBlock", "text")}


def _assert_holds(model: type[BaseModel], published: Any) -> None:
    ours = model.model_json_schema()["properties"]
    for name, schema in published["properties"].items():
        assert name in ours, f"{model.__name__}.{name}"
        if (model.__name__, name) not in RULES:
            missing = _limits(schema) - _limits(ours[name])
            assert not missing, f"{model.__name__}.{name}: {missing}"


def _limits(schema: Any) -> set[tuple[str, Any]]:
    """Return the limits of a field and of the forms that it may take, nested objects left out."""
    found = {(key, schema[key]) for key in LIMITS if key in schema}
    for form in schema.get("anyOf", []):
        found |= _limits(form)
    return found


def _tags(schema: Any) -> list[str]:
    kind = schema.get("properties", {}).get("type", {})
    if schema.get("additionalProperties") is not False:
        return []
    forms = [kind, *kind.get("anyOf", [])]
    return [tag for form in forms for tag in (form.get("const"), *form.get("enum", [])) if tag]


@cache
def _schemas() -> dict[str, Any]:
    return json.loads(_DOCUMENT.read_bytes())["components"]["schemas"]


def _names(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _models(union: Any) -> dict[str, type[BaseModel]]:
    """Return the members of a union by the values of their ``type``."""
    found: dict[str, type[BaseModel]] = {}
    for part in get_args(union):
        if isinstance(part, type) and issubclass(part, BaseModel):
            annotation: Any = part.model_fields["type"].annotation
            literals = (annotation, *get_args(annotation))
            found |= {
                tag: part for each in literals for tag in get_args(each) if isinstance(tag, str)
            }
        elif get_args(part):
            found |= _models(part)
    return found
