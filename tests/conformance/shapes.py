"""What an answer must look like: the SDK's types with nothing missing and nothing beside them."""

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from anthropic.types import Message, MessageTokensCount, ModelInfo, RawMessageStreamEvent
from anthropic.types.beta import (
    BetaMessage,
    BetaMessageTokensCount,
    BetaModelInfo,
    BetaRawMessageStreamEvent,
)
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse
from pydantic import BaseModel, TypeAdapter

MESSAGE_KEYS = {
    "id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "stop_details",
    "container", "usage",
}  # fmt: skip
"""Always sent: what the OpenAPI document of August 2026 requires, and what clients generated from
it for strict languages therefore ask for."""
USAGE_KEYS = {
    "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
    "cache_creation", "server_tool_use", "service_tier", "inference_geo",
}  # fmt: skip
FINAL_USAGE_KEYS = {
    "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
}  # fmt: skip

_ONLY_WHEN_ASKED = {"iterations", "speed"}
"""The document requires them of every beta answer. Recorded ones have them only where compaction or
a speed was asked for, and the SDK's types let them be absent."""

_BETA_KEYS = {"context_management", "estimated_tokens"}
"""Seen only by who asked for them with a beta header."""
_FOLDER_VARIABLE = "ANTECHAMBER_CONTRACT_DIR"
"""Names a folder that holds the OpenAPI document of the hosted API, where there is one at hand."""


def shape_faults(kind: Any, value: object) -> list[str]:
    """Return what is wrong with ``value`` as one of the SDK's types; extra fields are wrong too."""
    try:
        parsed = TypeAdapter(kind).validate_python(value)
    except ValueError as error:
        return [str(error)]
    return [f"the SDK knows no {path}" for path in _extras(parsed, "")]


def message_faults(message: dict[str, Any]) -> list[str]:
    """Return what is wrong with a message."""
    kind = BetaMessage if "context_management" in message else Message
    return [
        *shape_faults(kind, message),
        *_missing("message", message, MESSAGE_KEYS),
        *_missing("usage", message.get("usage", {}), USAGE_KEYS),
        *openapi_faults("BetaMessage" if kind is BetaMessage else "Message", message),
    ]


def event_faults(event: dict[str, Any]) -> list[str]:
    """Return what is wrong with one event of a stream; the SDK has no type for two of them."""
    match event.get("type"):
        case "ping":
            return [] if event == {"type": "ping"} else [f"a ping with more in it: {event}"]
        case "error":
            return envelope_faults(event, request_id=None)
        case "message_start":
            return [*_typed_faults(event), *message_faults(event["message"])]
        case "message_delta":
            return [
                *_typed_faults(event),
                *_missing("usage", event.get("usage", {}), FINAL_USAGE_KEYS),
            ]
        case _:
            return _typed_faults(event)


def _typed_faults(event: dict[str, Any]) -> list[str]:
    parts = (event, event.get("message", {}), event.get("delta", {}))
    beta = any(part.keys() & _BETA_KEYS for part in parts)
    kind = BetaRawMessageStreamEvent if beta else RawMessageStreamEvent
    name = "BetaMessageStreamEvent" if beta else "MessageStreamEvent"
    return [*shape_faults(kind, event), *openapi_faults(name, event)]


def envelope_faults(body: object, *, request_id: str | None) -> list[str]:
    """Return what is wrong with an error; ``request_id`` is the header's where there was one."""
    match body:
        case {"type": "error", "error": {"type": str(), "message": str()} as error} if isinstance(
            body, dict
        ):
            extra = [*(body.keys() - {"type", "error", "request_id"}), *_unknown_in(error)]
            faults = [f"an error with {name} in it" for name in extra]
        case _:
            return [f"no error envelope: {body!r}"]
    own = body.get("request_id")
    if not isinstance(own, str) or not own.startswith("req_"):
        faults.append(f"request_id is {own!r}")
    if request_id is not None and own != request_id:
        faults.append(f"request_id is {own!r} in the body and {request_id!r} in the header")
    return faults


def _unknown_in(error: dict[str, Any]) -> list[str]:
    details = error.get("details")
    wrong = [] if details is None or isinstance(details, dict) else ["details of another type"]
    return [*(error.keys() - {"type", "message", "details"}), *wrong]


def body_faults(path: str, body: dict[str, Any]) -> list[str]:
    """Return what is wrong with a successful answer of one of the API's endpoints."""
    if path.endswith("/count_tokens"):
        kind = BetaMessageTokensCount if "context_management" in body else MessageTokensCount
        return shape_faults(kind, body)
    if path.endswith("/v1/messages"):
        return message_faults(body)
    if "/v1/messages/batches" in path:
        shown = body.get("data", [body] if body.get("type") == "message_batch" else [])
        return [fault for batch in shown for fault in _batch_faults(batch)]
    if path.endswith("/v1/models"):
        return [fault for model in body["data"] for fault in _model_faults(model)]
    if "/v1/models/" in path:
        return _model_faults(body)
    return []


def _batch_faults(batch: dict[str, Any]) -> list[str]:
    return [
        *shape_faults(MessageBatch, batch),
        *_missing("batch", batch, set(MessageBatch.model_fields)),
        *openapi_faults("MessageBatch", batch),
    ]


def result_faults(line: dict[str, Any]) -> list[str]:
    """Return what is wrong with one line of a batch's results."""
    result = line.get("result", {})
    return [
        *shape_faults(MessageBatchIndividualResponse, line),
        *(message_faults(result["message"]) if "message" in result else ()),
    ]


def _model_faults(model: dict[str, Any]) -> list[str]:
    kind = BetaModelInfo if "allowed_fallback_models" in model else ModelInfo
    return [*shape_faults(kind, model), *_missing("model", model, set(kind.model_fields))]


def _missing(what: str, value: dict[str, Any], keys: set[str]) -> list[str]:
    return [f"{what} has no {key}" for key in sorted(keys - value.keys())]


def _extras(value: object, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _extras(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _extras(item, f"{path}.{index}")


def openapi_faults(name: str, value: object) -> list[str]:
    """Validate against a schema of the OpenAPI document; without the document nothing is found."""
    validator = _validator(name)
    if validator is None:
        return []
    return [
        f"OpenAPI {name}: {error.instance_path}: {error.message}"
        for error in validator.iter_errors(value)
    ]


def openapi_path() -> Path | None:
    """Return the OpenAPI document, if the environment says where it is."""
    folder = os.environ.get(_FOLDER_VARIABLE)
    return next(iter(sorted(Path(folder).rglob("openapi-*.json"))), None) if folder else None


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator | None:
    path = openapi_path()
    if path is None:
        return None
    schemas = json.loads(path.read_text(encoding="utf-8"))["components"]["schemas"]
    if name not in schemas:
        return None
    for usage in ("BetaUsage", "BetaMessageDeltaUsage"):
        required = set(schemas[usage]["required"]) - _ONLY_WHEN_ASKED
        schemas[usage]["required"] = sorted(required)
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    )
