"""What every declaration of a named tool may say."""

from typing import Literal

from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.shape import Items, JsonObject, Omissible, WireModel

AllowedCaller = Literal[
    "direct",
    "code_execution_20250825",
    "code_execution_20260120",
    "code_execution_20260521",
]


class NamedTool(WireModel):
    """A tool that is called by its name."""

    allowed_callers: Omissible[Items[AllowedCaller]] = None
    cache_control: CacheBreakpoint | None = None
    defer_loading: Omissible[bool] = None
    strict: Omissible[bool] = None


class ClientTool(NamedTool):
    """A named tool that the client runs."""

    input_examples: Omissible[Items[JsonObject]] = None
