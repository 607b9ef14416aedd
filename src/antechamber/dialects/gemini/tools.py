"""The tools of a request as function declarations, and which of them may or must be called.

Source: ai.google.dev/gemini-api/docs/function-calling.
"""

from collections.abc import Sequence

from antechamber.dialects.declared_tools import DeclaredTools, OfferedTool
from antechamber.dialects.gemini.schema import gemini_schema
from antechamber.dialects.gemini.tool_names import gemini_name
from antechamber.wire.config import ToolChoice, ToolChoiceAny, ToolChoiceNone, ToolChoiceTool
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest


def tools_to_declare(declared: DeclaredTools, choice: ToolChoice | None) -> list[OfferedTool]:
    """Return the tools in force, and the one that is forced though nothing has loaded it.

    Raises ``InvalidRequest`` for a choice that nobody declares.
    """
    tools = list(declared.offered)
    if isinstance(choice, ToolChoiceTool) and choice.name not in {tool.name for tool in tools}:
        if choice.name not in declared.known:
            message = f"tool_choice: Tool '{choice.name}' not found in provided tools"
            raise InvalidRequest(message)
        tools.append(declared.known[choice.name])
    return tools


def declarations(tools: Sequence[OfferedTool]) -> list[dict[str, object]]:
    """Return the value of ``tools``."""
    return [{"functionDeclarations": [_declaration(tool) for tool in tools]}]


def calling_config(tools: Sequence[OfferedTool], choice: ToolChoice | None) -> dict[str, object]:
    """Return the value of ``toolConfig``."""
    config: dict[str, object]
    match choice:
        case ToolChoiceNone():
            config = {"mode": "NONE"}
        case ToolChoiceAny():
            config = {"mode": "ANY"}
        case ToolChoiceTool(name=name):
            config = {"mode": "ANY", "allowedFunctionNames": [gemini_name(name)]}
        case _:
            # VALIDATED leaves the choice to the model as AUTO does, and holds calls to the schema.
            config = {"mode": "VALIDATED" if any(tool.strict for tool in tools) else "AUTO"}
    return {"functionCallingConfig": config}


def _declaration(tool: OfferedTool) -> dict[str, object]:
    description = tool.description
    if tool.examples:
        lines = "\n".join(encode_json(example).decode() for example in tool.examples)
        description = f"{description}\nExamples of arguments:\n{lines}".lstrip()
    return {
        "name": gemini_name(tool.name),
        "description": description,
        "parametersJsonSchema": gemini_schema(tool.schema),
    }
