"""Values as the JSON that a model reads in a prompt: as people write it, without escapes."""

import json
from collections.abc import Sequence
from typing import cast

from pydantic import BaseModel


def shown_json(value: object) -> str:
    """Return ``value``, blocks in it as the client sent them but for breakpoints of the cache."""
    return json.dumps(_plain(value), ensure_ascii=False)  # noqa: TID251 - text for a prompt


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_unset=True, exclude={"cache_control"}, mode="json")
    return value
