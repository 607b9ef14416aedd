"""The text block, and the string that may stand wherever a list of blocks may."""

from typing import Literal

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from antechamber.wire.citations import Citation
from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.shape import LEFT_TO_RIGHT, Items, WireModel, branch


class TextBlock(WireModel):
    """Text. That it is not empty is a rule, which the hosted API words without a path."""

    type: Literal["text"]
    text: str
    citations: Items[Citation] | None = None
    cache_control: CacheBreakpoint | None = None


class OrText:
    """A list of blocks, for which a string may stand: it is one text block, ``""`` is none.

    The string is the second branch and the list is validated straight from the JSON, which no
    validator in front of it would allow.
    """

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        text = core_schema.no_info_after_validator_function(
            _as_blocks, core_schema.str_schema(strict=True)
        )
        return core_schema.union_schema(
            [(handler(source), branch("blocks").tag), (text, branch("text").tag)],
            mode=LEFT_TO_RIGHT,
        )


def _as_blocks(text: str) -> list[TextBlock]:
    # An empty string is empty content, not an empty block: two different errors of the hosted API.
    return [TextBlock(type="text", text=text)] if text else []
