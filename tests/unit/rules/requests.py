"""Requests for the rules, made from JSON as a client sends it, and what the rules say to them."""

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import load_catalogue
from antechamber.rules.check import check_count, check_message
from antechamber.rules.context import Fidelity, RuleContext, Version
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import ApiError
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request
from antechamber.wire.signatures import Signer, SigningKey

Fields = dict[str, object]
Case = tuple[str, Fields, str]
"""What it is about and its source, the fields of the request, the words of the refusal."""

CATALOGUE = load_catalogue()
SIGNER = Signer(
    [SigningKey(id="00c0ffee", secret=b"a secret of the tests")], lambda size: b"n" * size
)
OTHER_SIGNATURE = "EqQBCkYIBRgCKkDfaketfakefakefakefakefake"
INTERLEAVED = "interleaved-thinking-2025-05-14"


def user(*content: object) -> Fields:
    """Return a user message; strings become text blocks."""
    return {"role": "user", "content": _blocks(content)}


def assistant(*content: object) -> Fields:
    return {"role": "assistant", "content": _blocks(content)}


def system(*content: object, **fields: object) -> Fields:
    return {"role": "system", "content": _blocks(content), **fields}


def text(words: str, **fields: object) -> Fields:
    return {"type": "text", "text": words, **fields}


def call(call_id: str = "toolu_1", **fields: object) -> Fields:
    return {"type": "tool_use", "id": call_id, "name": "look", "input": {}, **fields}


def result(call_id: str = "toolu_1", **fields: object) -> Fields:
    return {"type": "tool_result", "tool_use_id": call_id, **fields}


def thought(words: str = "Let me see.", *, signature: str | None = None) -> Fields:
    """Return a thinking block; signed by this server unless another signature is given."""
    ours = SIGNER.sign("thinking", words)
    return {
        "type": "thinking",
        "thinking": words,
        "signature": ours if signature is None else signature,
    }


def redacted(data: str | None = None) -> Fields:
    ours = SIGNER.sign("redacted_thinking", "")
    return {"type": "redacted_thinking", "data": ours if data is None else data}


def tool(name: object = "look", **fields: object) -> Fields:
    return {"name": name, "input_schema": {"type": "object"}, **fields}


def change(kind: str, reference: object) -> Fields:
    """Return a block that adds a tool to the conversation or takes one away."""
    named = {"type": "tool_reference", "name": reference}
    tool_of = named if isinstance(reference, str) else reference
    return {"type": f"tool_{kind}", "tool": tool_of}


def added(definition: object) -> Fields:
    return change("addition", {"type": "tool_definition", "definition": definition})


def closed(**properties: object) -> Fields:
    """Return a schema of the structured-output subset: closed, everything required."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def format_of(schema: object) -> Fields:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def body_of(**fields: object) -> Fields:
    """Return a request that is right, these fields over it; ``...`` removes."""
    plain: Fields = {"model": "claude-sonnet-4-5", "max_tokens": 4_096, "messages": [user("Hi")]}
    return {key: value for key, value in {**plain, **fields}.items() if value is not ...}


def parse(**fields: object) -> MessageRequest:
    return parse_message_request(encode_json(body_of(**fields)))


def parse_count(**fields: object) -> CountTokensRequest:
    fields = {"max_tokens": ..., **fields}
    return parse_count_tokens_request(encode_json(body_of(**fields)))


def facts_of(model: str) -> ModelFacts:
    found = CATALOGUE.find(model)
    return found if found is not None else ModelFacts.unlisted(model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a request is asked, beside its body."""

    fidelity: Fidelity = "lenient"
    version: Version = "2023-06-01"
    betas: frozenset[str] = frozenset()
    claude_family: bool = False
    batch_item: bool = False
    private_addresses: bool = False
    max_image_bytes: int = 10 * 1024 * 1024
    max_pdf_bytes: int | None = None


def context_of(model: str, asked: Asked) -> RuleContext:
    return RuleContext(
        facts=facts_of(model),
        fidelity=asked.fidelity,
        version=asked.version,
        betas=asked.betas,
        asked_model=model,
        verify=SIGNER.verify,
        engine_is_claude_family=asked.claude_family,
        is_batch_item=asked.batch_item,
        allow_private_addresses=asked.private_addresses,
        max_image_bytes=asked.max_image_bytes,
        max_pdf_bytes=asked.max_pdf_bytes,
    )


def refusal(asked: Asked, **fields: object) -> ApiError | None:
    """Return what the rules raise on ``POST /v1/messages``, or None."""
    request = parse(**fields)
    try:
        check_message(request, context_of(request.model, asked))
    except ApiError as error:
        return error
    return None


def refusal_of_count(asked: Asked, **fields: object) -> ApiError | None:
    """Return what the rules raise on ``POST /v1/messages/count_tokens``, or None."""
    request = parse_count(**fields)
    try:
        check_count(request, context_of(request.model, asked))
    except ApiError as error:
        return error
    return None


def cases(table: Iterable[Case]) -> list[object]:
    """Return the table as parameters of a test, each under its own name."""
    return [pytest.param(fields, expected, id=name) for name, fields, expected in table]


def words(error: ApiError | None) -> str | None:
    return error.message if error is not None else None


def _blocks(content: tuple[object, ...]) -> list[object]:
    return [text(each) if isinstance(each, str) else each for each in content]
