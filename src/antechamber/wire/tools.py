"""Tool declarations: the client's own, those with the vendor's schema, and the union of all.

Limits: OpenAPI 2026-08. The dated names are the API's; a version says what the model was taught.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import SchemaValidator, core_schema

from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.declarations import ClientTool
from antechamber.wire.mcp import MCPToolset
from antechamber.wire.server_tools import (
    AdvisorTool20260301,
    CodeExecutionTool20250522,
    CodeExecutionTool20250825,
    CodeExecutionTool20260120,
    CodeExecutionTool20260521,
    ToolSearchToolBm25,
    ToolSearchToolRegex,
    WebFetchTool20250910,
    WebFetchTool20260209,
    WebFetchTool20260309,
    WebFetchTool20260318,
    WebSearchTool20250305,
    WebSearchTool20260209,
    WebSearchTool20260318,
)
from antechamber.wire.shape import (
    LEFT_TO_RIGHT,
    JsonObject,
    Omissible,
    ToldApartByType,
    WireModel,
    branch,
)

# What a tool's schema must say at its top; the rest is JSON Schema and a rule's business.
_SCHEMA_OF_OBJECT = SchemaValidator(
    core_schema.typed_dict_schema(
        {
            "type": core_schema.typed_dict_field(core_schema.literal_schema(["object"])),
            "properties": core_schema.typed_dict_field(
                core_schema.nullable_schema(core_schema.dict_schema(strict=True)), required=False
            ),
            "required": core_schema.typed_dict_field(
                core_schema.nullable_schema(
                    core_schema.list_schema(
                        core_schema.str_schema(strict=True), strict=True, fail_fast=True
                    )
                ),
                required=False,
            ),
        },
        extra_behavior="allow",
    )
)


def _checked(schema: JsonObject) -> JsonObject:
    # The check builds a dictionary of its own, in its own order; the client's goes on.
    _SCHEMA_OF_OBJECT.validate_python(schema)
    return schema


InputSchema = Annotated[JsonObject, AfterValidator(_checked)]


class CustomTool(ClientTool):
    """A tool of the client's own; ``type`` may be left out or null."""

    type: Literal["custom"] | None = None
    name: Annotated[str, Field(min_length=1, max_length=128, pattern="^[a-zA-Z0-9_-]{1,128}$")]
    description: Omissible[str] = None
    input_schema: InputSchema
    eager_input_streaming: bool | None = None


class BashTool20241022(ClientTool):
    """A shell (beta)."""

    type: Literal["bash_20241022"]
    name: Literal["bash"]


class BashTool20250124(ClientTool):
    """A shell."""

    type: Literal["bash_20250124"]
    name: Literal["bash"]


class TextEditorTool20241022(ClientTool):
    """A text editor (beta)."""

    type: Literal["text_editor_20241022"]
    name: Literal["str_replace_editor"]


class TextEditorTool20250124(ClientTool):
    """A text editor."""

    type: Literal["text_editor_20250124"]
    name: Literal["str_replace_editor"]


class TextEditorTool20250429(ClientTool):
    """A text editor without undo."""

    type: Literal["text_editor_20250429"]
    name: Literal["str_replace_based_edit_tool"]


class TextEditorTool20250728(ClientTool):
    """A text editor that cuts long files."""

    type: Literal["text_editor_20250728"]
    name: Literal["str_replace_based_edit_tool"]
    max_characters: Annotated[int, Field(ge=1)] | None = None


class MemoryTool20250818(ClientTool):
    """A directory of notes."""

    type: Literal["memory_20250818"]
    name: Literal["memory"]


class _ComputerTool(ClientTool):
    name: Literal["computer"]
    display_height_px: Annotated[int, Field(ge=1)]
    display_width_px: Annotated[int, Field(ge=1)]
    display_number: Annotated[int, Field(ge=0)] | None = None


class ComputerTool20241022(_ComputerTool):
    """A desktop (beta)."""

    type: Literal["computer_20241022"]


class ComputerTool20250124(_ComputerTool):
    """A desktop (beta)."""

    type: Literal["computer_20250124"]


class ComputerTool20251124(_ComputerTool):
    """A desktop that can be zoomed (beta)."""

    type: Literal["computer_20251124"]
    enable_zoom: Omissible[bool] = None


class ComputerToolset20260801(WireModel):
    """A desktop as a set of tools; ``configs`` go by the name of the member."""

    type: Literal["computer_toolset_20260801"]
    configs: JsonObject | None = None
    cache_control: CacheBreakpoint | None = None


class BrowserToolset20260801(WireModel):
    """A browser as a set of tools; ``configs`` go by the name of the member."""

    type: Literal["browser_toolset_20260801"]
    configs: JsonObject | None = None
    cache_control: CacheBreakpoint | None = None


_Typed = Annotated[
    CustomTool
    | BashTool20241022
    | BashTool20250124
    | TextEditorTool20241022
    | TextEditorTool20250124
    | TextEditorTool20250429
    | TextEditorTool20250728
    | MemoryTool20250818
    | ComputerTool20241022
    | ComputerTool20250124
    | ComputerTool20251124
    | ComputerToolset20260801
    | BrowserToolset20260801
    | WebSearchTool20250305
    | WebSearchTool20260209
    | WebSearchTool20260318
    | WebFetchTool20250910
    | WebFetchTool20260209
    | WebFetchTool20260309
    | WebFetchTool20260318
    | CodeExecutionTool20250522
    | CodeExecutionTool20250825
    | CodeExecutionTool20260120
    | CodeExecutionTool20260521
    | ToolSearchToolBm25
    | ToolSearchToolRegex
    | AdvisorTool20260301
    | MCPToolset,
    ToldApartByType(),
]

Tool = Annotated[
    # Most tools have no type: first the branch that needs none.
    Annotated[CustomTool, branch("untyped", shown="custom")] | Annotated[_Typed, branch("typed")],
    Field(union_mode=LEFT_TO_RIGHT),
]
"""Any entry of ``tools``."""
