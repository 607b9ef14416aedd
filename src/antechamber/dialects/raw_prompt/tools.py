"""How a raw prompt tells of tools and calls."""

from collections.abc import Sequence

from antechamber.dialects.declared_tools import OfferedTool
from antechamber.dialects.shown_json import shown_json

CALL_OPEN = "<tool_call>"
CALL_CLOSE = "</tool_call>"
RESULT_OPEN = "<tool_response>"
RESULT_CLOSE = "</tool_response>"


def tool_prompt(tools: Sequence[OfferedTool]) -> str:
    """Return what the system prompt says about ``tools``.

    The form is the one that most open models have seen in training: a ``<tool_call>`` element that
    holds one JSON object. The calls themselves are written under constraint, so a model that has
    never seen it can be made to follow it too.
    """
    lines = "\n".join(map(tool_line, tools))
    return (
        "You can call the functions below. Each line describes one as JSON.\n"
        f"<tools>\n{lines}\n</tools>\n"
        "To call a function, write one JSON object with its name and its arguments, like this:\n"
        f'{CALL_OPEN}\n{{"name": "function_name", "arguments": {{"key": "value"}}}}\n{CALL_CLOSE}\n'
        "Call a function only when it helps; otherwise answer in words."
    )


def tool_line(tool: OfferedTool) -> str:
    """Return the line of the prompt that describes ``tool``."""
    described: dict[str, object] = {"name": tool.name}
    if tool.description:
        described["description"] = tool.description
    described["parameters"] = tool.schema
    if tool.examples:
        described["examples"] = list(tool.examples)
    return shown_json(described)


def call_text(name: str, arguments: object) -> str:
    """Return a call as the model writes it."""
    call = f'{{"name": {shown_json(name)}, "arguments": {shown_json(arguments)}}}'
    return f"{CALL_OPEN}\n{call}\n{CALL_CLOSE}"
