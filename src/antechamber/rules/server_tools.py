"""How calls of tools that the server ran and their results belong together.

Source: platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools.
"""

from antechamber.rules.reading import Placed, Reading
from antechamber.rules.system_messages import SERVER_TOOL_RESULTS
from antechamber.rules.tools import names_of
from antechamber.wire.blocks import (
    ContentBlock,
    MCPToolResultBlock,
    MCPToolUseBlock,
    ServerToolUseBlock,
    ToolResultBlock,
)
from antechamber.wire.errors import InvalidRequest

_RESULT_OF = {
    "tool_search_tool_bm25": "tool_search_tool_result",
    "tool_search_tool_regex": "tool_search_tool_result",
}
"""Where the result is not called as the call, with ``_tool_result`` behind it."""
_DECLARED_AS = {
    "bash_code_execution": "code_execution",
    "text_editor_code_execution": "code_execution",
}
"""Where the tool is not declared under the name of the call."""


def refuse_unpaired_server_tool_blocks(reading: Reading) -> None:
    """A result follows its call; a call without result may only be the one that goes on now."""
    if not reading.every(ServerToolUseBlock, MCPToolUseBlock, MCPToolResultBlock):
        _refuse_results_without_call(reading, set())
        return
    waiting: dict[str, Placed[ServerToolUseBlock]] = {}
    called: set[str] = set()
    for turn in reading.turns:
        for placed in turn.blocks:
            block = placed.block
            if isinstance(block, ServerToolUseBlock):
                called.add(block.id)
                waiting[block.id] = Placed(placed.message, placed.position, block)
            elif isinstance(block, MCPToolUseBlock):
                called.add(block.id)
            else:
                _refuse_result_without_call(placed, called)
                if isinstance(block, SERVER_TOOL_RESULTS):
                    waiting.pop(block.tool_use_id, None)
    for call in waiting.values():
        _refuse_open_call(reading, call)


def _refuse_results_without_call(reading: Reading, called: set[str]) -> None:
    for placed in reading.every(*SERVER_TOOL_RESULTS):
        _refuse_result_without_call(placed, called)


def _refuse_result_without_call(placed: Placed[ContentBlock], called: set[str]) -> None:
    block = placed.block
    if not isinstance(block, (*SERVER_TOOL_RESULTS, MCPToolResultBlock)):
        return
    if block.tool_use_id not in called:
        call = "mcp_tool_use" if isinstance(block, MCPToolResultBlock) else "server_tool_use"
        # anthropics/claude-code#64383
        raise InvalidRequest(
            f"{placed.path}: unexpected `tool_use_id` found in `{block.type}` blocks: "
            f"{block.tool_use_id}. Each `{block.type}` block must have a corresponding "
            f"`{call}` block before it."
        )


def _refuse_open_call(reading: Reading, call: Placed[ServerToolUseBlock]) -> None:
    name, found = call.block.name, f"`{call.block.name}` tool use with id `{call.block.id}`"
    if not _goes_on(reading, call):
        result = _RESULT_OF.get(name, f"{name}_tool_result")
        raise InvalidRequest(f"{found} was found without a corresponding `{result}` block")
    declared = _DECLARED_AS.get(name, name)
    if declared not in names_of(reading.request):
        raise InvalidRequest(f"{found} was found, but no `{declared}` tool was provided")


def _goes_on(reading: Reading, call: Placed[ServerToolUseBlock]) -> bool:
    """Whether nothing but results of client tools follows the turn of this call."""
    return all(
        turn.role == "user" and all(isinstance(p.block, ToolResultBlock) for p in turn.blocks)
        for turn in reading.turns
        if turn.blocks and turn.blocks[0].message > call.message
    )
