"""Structured output: ``parse``, ``output_config.format``, and the schemas that are refused."""

from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from pydantic import BaseModel

from tests.conformance.bodies import OPUS, body
from tests.conformance.exchanges import Watch
from tests.conformance.manifest import requirement

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


class Person(BaseModel):
    name: str
    age: int


def structured(schema: object, **fields: Any) -> dict[str, Any]:
    output = {"format": {"type": "json_schema", "schema": schema}}
    return body("structured answer", output_config=output, **fields)


@requirement("structured:parse")
def test_parse_gives_an_object_of_the_class_that_was_asked_for(
    client: Anthropic, watch: Watch
) -> None:
    message = client.messages.parse(
        model=OPUS,
        max_tokens=100,
        messages=[{"role": "user", "content": "structured answer"}],
        output_format=Person,
    )

    assert message.parsed_output == Person(name="Ada", age=36)
    assert watch.exchanges[0].sent["output_config"]["format"]["type"] == "json_schema"


@requirement("structured:parse:async")
async def test_the_asynchronous_parse_does_the_same(async_client: AsyncAnthropic) -> None:
    message = await async_client.messages.parse(
        model=OPUS,
        max_tokens=100,
        messages=[{"role": "user", "content": "structured answer"}],
        output_format=Person,
    )

    assert message.parsed_output == Person(name="Ada", age=36)


@requirement("structured:stream")
def test_a_stream_with_an_output_format_is_parsed_at_its_end(client: Anthropic) -> None:
    with client.messages.stream(
        model=OPUS,
        max_tokens=100,
        messages=[{"role": "user", "content": "structured answer"}],
        output_format=Person,
    ) as stream:
        message = stream.get_final_message()

    assert message.parsed_output == Person(name="Ada", age=36)


@requirement("structured:format:raw")
def test_the_json_stands_in_one_text_block(http: httpx2.Client) -> None:
    message = http.post("/v1/messages", json=structured(PERSON)).json()

    assert [block["type"] for block in message["content"]] == ["text"]
    assert message["content"][0]["text"] == '{"name": "Ada", "age": 36}'


@requirement("structured:format:predecessor")
def test_the_beta_spelling_still_works(http: httpx2.Client) -> None:
    output = {"type": "json_schema", "schema": PERSON}

    answer = http.post(
        "/v1/messages",
        json=body("structured answer", output_format=output),
        headers={"anthropic-beta": "structured-outputs-2025-11-13"},
    )

    assert answer.status_code == 200, answer.text


@requirement("structured:schema:refused")
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {**PERSON, "additionalProperties": True},
        {**PERSON, "properties": {"name": {"type": "string", "minLength": 2}}},
        {**PERSON, "properties": {"age": {"type": "integer", "minimum": 0}}},
        {**PERSON, "properties": {"name": {"$ref": "https://example.com/name.json"}}},
        {
            **PERSON,
            "properties": {"next": {"$ref": "#/$defs/Node"}},
            "required": [],
            "$defs": {"Node": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
        },
        {**PERSON, "properties": {"name": {"enum": [{"a": 1}]}}},
    ],
    ids=["open", "additional", "minLength", "minimum", "external", "recursive", "enum"],
)
def test_a_schema_outside_the_documented_subset_is_refused(
    client: Anthropic, schema: dict[str, Any]
) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**structured(schema))

    assert caught.value.type == "invalid_request_error"


@requirement("structured:schema:accepted")
def test_the_documented_subset_of_schemas_is_accepted(http: httpx2.Client) -> None:
    schema = {
        "type": "object",
        "properties": {
            "when": {"type": "string", "format": "date-time"},
            "kind": {"enum": ["a", "b", 3, None]},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "either": {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/Inner"}]},
            "code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
            "fixed": {"const": "yes"},
        },
        "required": ["when"],
        "additionalProperties": False,
        "$defs": {
            "Inner": {
                "type": "object",
                "properties": {"deep": {"type": "boolean", "default": True}},
                "additionalProperties": False,
            }
        },
    }

    answer = http.post("/v1/messages", json=structured(schema))

    assert answer.status_code == 200, answer.text


@requirement("structured:not-with-prefill")
def test_structured_output_and_a_prefilled_answer_exclude_each_other(http: httpx2.Client) -> None:
    asked = structured(PERSON)
    asked["messages"].append({"role": "assistant", "content": "{"})

    answer = http.post("/v1/messages", json=asked)

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
