"""Models in the shape of the other format's list."""

from collections.abc import Iterable
from datetime import datetime

from antechamber.wire.model_info import ModelInfo
from antechamber.wire.shape import JsonObject


def model_list(infos: Iterable[ModelInfo]) -> JsonObject:
    """Return the list; it has no pages."""
    return {"object": "list", "data": [model_of(info) for info in infos]}


def model_of(info: ModelInfo) -> JsonObject:
    """Return one model."""
    return {
        "id": info["id"],
        "object": "model",
        "created": int(datetime.fromisoformat(info["created_at"]).timestamp()),
        "owned_by": "antechamber" if info["line"] is None else "anthropic",
    }
