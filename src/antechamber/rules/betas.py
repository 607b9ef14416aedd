"""What exists only with a beta header; applied under hosted fidelity alone.

Source: platform.claude.com/docs/en/api/beta-headers and SDK 2.12. Claude Code sends names of its
own for some (``per-turn-control-…``), which are listed beside the published ones.
"""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from antechamber.rules.reading import Reading
from antechamber.rules.tools import tag_of
from antechamber.wire.blocks import (
    AdvisorToolResultBlock,
    CompactionBlock,
    FallbackBlock,
    MCPToolListingBlock,
    MCPToolResultBlock,
    MCPToolUseBlock,
    ToolAdditionBlock,
    ToolRemovalBlock,
)
from antechamber.wire.config import ThinkingAdaptive, ThinkingEnabled
from antechamber.wire.context_management import Compact20260112
from antechamber.wire.errors import InvalidRequest

_Betas = frozenset[str]
_MCP = frozenset({"mcp-client-2025-04-04", "mcp-client-2025-11-20", "mcp-client-2026-09-15"})
_EDITING, _COMPACTION = "context-management-2025-06-27", "compact-2026-01-12"
_FALLBACKS = frozenset({"server-side-fallback-2026-06-01", "server-side-fallback-2026-07-01"})
_TOOL_CHANGES = frozenset({"mid-conversation-tool-changes-2026-07-01", "inline-tools-2026-09-15"})
_ADVISOR = frozenset({"advisor-tool-2026-03-01"})

_FIELDS: Mapping[str, _Betas] = {
    "context_management": frozenset({_EDITING, _COMPACTION}),
    "compaction": frozenset({"compact-2026-09-04"}),
    "mcp_servers": _MCP,
    "output_format": frozenset({"structured-outputs-2025-11-13", "structured-outputs-2025-12-15"}),
    "billing_policy": frozenset({"user-profiles-billing-2026-10-01"}),
    "fallbacks": _FALLBACKS,
    "fallback_credit_token": frozenset(
        {"fallback-credit-2026-06-01", "fallback-credit-2026-07-01"}
    ),
    "thread": frozenset({"message-threads-2026-08-12"}),
}
_TASK_BUDGET = frozenset({"task-budgets-2026-03-13"})
_SYSTEM_MESSAGE: Mapping[str, _Betas] = {
    "clear_at": frozenset({"mid-conversation-system-clear-at-2026-08-21"}),
    "output_config": frozenset(
        {"mid-conversation-output-config-2026-07-01", "per-turn-control-2026-07-01"}
    ),
}
_BLOCK_BINDING = frozenset({"thinking-binding-controls-2026-08-01"})
_DISPLAY_UPDATES = frozenset({"thinking-display-updates-2026-08-18"})

_BLOCKS: Mapping[str, _Betas] = {
    "advisor_tool_result": _ADVISOR,
    "mcp_tool_use": _MCP,
    "mcp_tool_result": _MCP,
    "mcp_tool_listing": _MCP,
    "compaction": frozenset({_COMPACTION, "compact-2026-09-04"}),
    "tool_addition": _TOOL_CHANGES,
    "tool_removal": _TOOL_CHANGES,
    "fallback": _FALLBACKS,
}
_BETA_KINDS = (
    AdvisorToolResultBlock,
    MCPToolUseBlock,
    MCPToolResultBlock,
    MCPToolListingBlock,
    CompactionBlock,
    ToolAdditionBlock,
    ToolRemovalBlock,
    FallbackBlock,
)
_COMPUTER_2024 = frozenset({"computer-use-2024-10-22"})
_TOOLS: Mapping[str, _Betas] = {
    "bash_20241022": _COMPUTER_2024,
    "text_editor_20241022": _COMPUTER_2024,
    "computer_20241022": _COMPUTER_2024,
    "computer_20250124": frozenset({"computer-use-2025-01-24"}),
    "computer_20251124": frozenset({"computer-use-2025-11-24"}),
    "advisor_20260301": _ADVISOR,
    "mcp_toolset": _MCP,
}
OPEN_BLOCKS = frozenset(
    {
        "bash_code_execution_tool_result",
        "code_execution_tool_result",
        "container_upload",
        "document",
        "image",
        "redacted_thinking",
        "search_result",
        "server_tool_use",
        "text",
        "text_editor_code_execution_tool_result",
        "thinking",
        "tool_result",
        "tool_search_tool_result",
        "tool_use",
        "web_fetch_tool_result",
        "web_search_tool_result",
    }
)
"""Tags that need no header; errors list the tags that would have done."""
OPEN_TOOLS = frozenset(
    {
        "bash_20250124",
        "browser_toolset_20260801",
        "code_execution_20250522",
        "code_execution_20250825",
        "code_execution_20260120",
        "code_execution_20260521",
        "computer_toolset_20260801",
        "custom",
        "memory_20250818",
        "text_editor_20250124",
        "text_editor_20250429",
        "text_editor_20250728",
        "tool_search_tool_bm25",
        "tool_search_tool_bm25_20251119",
        "tool_search_tool_regex",
        "tool_search_tool_regex_20251119",
        "web_fetch_20250910",
        "web_fetch_20260209",
        "web_fetch_20260309",
        "web_fetch_20260318",
        "web_search_20250305",
        "web_search_20260209",
        "web_search_20260318",
    }
)
_EXTRA = "Extra inputs are not permitted"


def refuse_betas_without_their_header(reading: Reading) -> None:
    """As the hosted API, which does not know the field at all then."""
    request, betas = reading.request, reading.context.betas
    _refuse_tools(reading)
    _refuse_blocks(reading)
    _refuse_system_messages(reading)
    _refuse_thinking(reading)
    if request.output_config is not None and not betas & _TASK_BUDGET:
        _refuse_extra("output_config", request.output_config, ["task_budget"])
    closed = [name for name, opening in _FIELDS.items() if not betas & opening]
    _refuse_extra("", request, closed)  # anthropics/claude-code#14135
    edits = request.context_management.edits if request.context_management is not None else None
    for number, edit in enumerate(edits or ()):
        needed = _COMPACTION if isinstance(edit, Compact20260112) else _EDITING
        if needed not in betas:
            raise InvalidRequest(f"context_management.edits.{number}: {_EXTRA}")


def _refuse_extra(path: str, model: BaseModel, closed: Iterable[str]) -> None:
    for name in closed:
        if name in model.model_fields_set:
            raise InvalidRequest(f"{path}.{name}: {_EXTRA}" if path else f"{name}: {_EXTRA}")


def _refuse_tools(reading: Reading) -> None:
    for number, tool in enumerate(reading.request.tools or ()):
        tag = tag_of(tool)
        if tag in _TOOLS:
            _refuse_tag(f"tools.{number}", tag, OPEN_TOOLS, _TOOLS, reading.context.betas)


def _refuse_blocks(reading: Reading) -> None:
    for placed in sorted(reading.every(*_BETA_KINDS), key=lambda placed: placed[:2]):
        tag = placed.block.type
        _refuse_tag(placed.path, tag, OPEN_BLOCKS, _BLOCKS, reading.context.betas)


def _refuse_tag(
    path: str, tag: str, open_tags: frozenset[str], needed: Mapping[str, _Betas], betas: _Betas
) -> None:
    if betas & needed[tag]:
        return
    known = open_tags | {each for each, opening in needed.items() if betas & opening}
    expected = ", ".join(f"'{each}'" for each in sorted(known))
    # AstrBotDevs/AstrBot#4444
    raise InvalidRequest(
        f"{path}: Input tag '{tag}' found using 'type' does not match any of the expected tags: "
        f"{expected}"
    )


def _refuse_system_messages(reading: Reading) -> None:
    closed = [
        name for name, needed in _SYSTEM_MESSAGE.items() if not reading.context.betas & needed
    ]
    for number, message in enumerate(reading.request.messages):
        if message.role == "system":
            _refuse_extra(f"messages.{number}", message, closed)


def _refuse_thinking(reading: Reading) -> None:
    thinking, betas = reading.request.thinking, reading.context.betas
    if not isinstance(thinking, ThinkingEnabled | ThinkingAdaptive):
        return
    path = f"thinking.{thinking.type}"
    if thinking.display == "updates" and not betas & _DISPLAY_UPDATES:
        raise InvalidRequest(f"{path}.display: Input should be 'summarized' or 'omitted'")
    if not betas & _BLOCK_BINDING:
        _refuse_extra(path, thinking, ["block_binding"])
