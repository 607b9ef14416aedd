"""The tools of a request as a host takes them, and how a call is forced or forbidden."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from antechamber.dialects.declared_tools import DeclaredTools, OfferedTool
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.tool_ids import upstream_name
from antechamber.dialects.shown_json import shown_json
from antechamber.wire.config import ToolChoiceAny, ToolChoiceNone, ToolChoiceTool
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import CountTokensRequest, MessageRequest

_ALTERNATIVES = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """What a turn may call, and how the host is told."""

    fields: Mapping[str, object] = field(default_factory=dict[str, object])
    """``tools``, ``tool_choice`` and ``parallel_tool_calls`` of the body."""
    tools: tuple[OfferedTool, ...] = ()
    """Those that may be called."""
    must_call: bool = False
    one_call: bool = False


def calling(
    request: MessageRequest | CountTokensRequest, declared: DeclaredTools, quirks: Quirks
) -> Calling:
    """Decide what may be called; raises ``InvalidRequest`` for a choice that is not there."""
    choice = request.tool_choice
    if isinstance(choice, ToolChoiceNone):
        return Calling(fields=_forbidden(declared, quirks))
    if isinstance(choice, ToolChoiceTool):
        if choice.name not in declared.known:
            message = f"tool_choice: Tool '{choice.name}' not found in provided tools"
            raise InvalidRequest(message)
        tools = (declared.known[choice.name],)
    else:
        tools = declared.offered
    if not tools:
        return Calling()
    must_call = isinstance(choice, ToolChoiceTool | ToolChoiceAny)
    one_call = isinstance(choice, ToolChoiceTool) or bool(
        getattr(choice, "disable_parallel_tool_use", None)
    )
    told = _told(tools, declared, quirks)
    bound = tools if must_call else ()
    fields: dict[str, object] = {
        "tools": [_declaration(tool, quirks, must_call=tool in bound) for tool in told]
    }
    if must_call:
        fields["tool_choice"] = _forced(tools, named=isinstance(choice, ToolChoiceTool), by=quirks)
    if one_call and quirks.parallel_switch:
        fields["parallel_tool_calls"] = False
    return Calling(fields=fields, tools=tools, must_call=must_call, one_call=one_call)


def chat_tools(tools: Sequence[OfferedTool], quirks: Quirks) -> list[dict[str, object]]:
    """Return the declarations."""
    return [_declaration(tool, quirks, must_call=False) for tool in tools]


def call_schema(tools: Sequence[OfferedTool], quirks: Quirks) -> dict[str, object]:
    """Return the schema of one call as JSON text: for hosts that cannot force a call as such."""
    forms: list[dict[str, object]] = [
        {
            "type": "object",
            "properties": {
                "name": {"const": upstream_name(tool.name, quirks)},
                "arguments": tool.schema,
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def call_prompt(tools: Sequence[OfferedTool], quirks: Quirks) -> str:
    """Return what the system prompt says where a call is asked for as JSON text."""
    lines = "\n".join(shown_json(told["function"]) for told in chat_tools(tools, quirks))
    return (
        f"These functions can be called:\n{lines}\n"
        "Call exactly one of them now. Answer with nothing but one JSON object: "
        '{"name": the name of the function, "arguments": an object with its arguments}'
    )


def is_closed(schema: object) -> bool:
    """Tell whether ``schema`` is of OpenAI's strict subset: every object closed, all required.

    Source: platform.openai.com/docs/guides/structured-outputs, supported schemas.
    """
    if isinstance(schema, list):
        return all(is_closed(item) for item in cast("list[object]", schema))
    if not isinstance(schema, dict):
        return True
    node = cast("dict[str, Any]", schema)
    if node.get("type") == "object" or "properties" in node:
        properties = cast("dict[str, Any]", node.get("properties") or {})
        if node.get("additionalProperties") is not False:
            return False
        if set(properties) != set(node.get("required") or ()):
            return False
    return all(is_closed(value) for key, value in node.items() if key not in ("enum", "const"))


def _forbidden(declared: DeclaredTools, quirks: Quirks) -> dict[str, object]:
    """Return what keeps the model from calling, with the tools still told where that is heeded."""
    if not declared.offered or quirks.tool_choice == "unheeded":
        return {}
    return {"tools": chat_tools(declared.offered, quirks), "tool_choice": "none"}


def _told(
    tools: tuple[OfferedTool, ...], declared: DeclaredTools, quirks: Quirks
) -> tuple[OfferedTool, ...]:
    """Return the tools to declare.

    Where a name can be forced all of them are, so that the prompt begins as in other turns.
    """
    if quirks.tool_choice != "named":
        return tools
    names = {tool.name for tool in declared.offered}
    return declared.offered + tuple(tool for tool in tools if tool.name not in names)


def _forced(tools: Sequence[OfferedTool], *, named: bool, by: Quirks) -> object:
    if named and by.tool_choice == "named":
        return {"type": "function", "function": {"name": upstream_name(tools[0].name, by)}}
    return "required"


def _declaration(tool: OfferedTool, quirks: Quirks, *, must_call: bool) -> dict[str, object]:
    function: dict[str, object] = {"name": upstream_name(tool.name, quirks)}
    described = "\n".join([text for text in (tool.description, _examples(tool)) if text])
    if described:
        function["description"] = described
    schema = _flat(tool.schema) if quirks.flat_schemas else tool.schema
    function["parameters"] = schema
    if _is_bound(tool, schema, quirks, must_call=must_call):
        function["strict"] = True
    return {"type": "function", "function": function}


def _is_bound(
    tool: OfferedTool, schema: Mapping[str, object], quirks: Quirks, *, must_call: bool
) -> bool:
    match quirks.strict_tools:
        case "ignored":
            return False
        case "closed":
            return tool.strict and is_closed(schema)
        case "any":
            return tool.strict or must_call


def _examples(tool: OfferedTool) -> str:
    if not tool.examples:
        return ""
    return "Examples of its input:\n" + "\n".join(map(shown_json, tool.examples))


def _flat(schema: Mapping[str, object]) -> Mapping[str, object]:
    """Return ``schema`` without alternatives at its top: what one of them allows is allowed.

    OpenAI refuses them there; the client checks the input anyway.
    """
    forms = [form for key in _ALTERNATIVES for form in _forms(schema.get(key))]
    if not forms:
        return schema
    properties: dict[str, Any] = dict(cast("dict[str, Any]", schema.get("properties") or {}))
    for form in forms:
        for name, value in cast("dict[str, Any]", form.get("properties") or {}).items():
            properties[name] = _either(properties[name], value) if name in properties else value
    required = [set(cast("list[str]", form.get("required") or ())) for form in forms]
    own = cast("list[str]", schema.get("required") or [])
    common = set[str].intersection(*required)
    kept = {key: value for key, value in schema.items() if key not in _ALTERNATIVES}
    needed = [*own, *(name for name in properties if name in common and name not in own)]
    return {**kept, "type": "object", "properties": properties, "required": needed}


def _forms(value: object) -> list[dict[str, Any]]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", form) for form in listed if isinstance(form, dict)]


def _either(first: object, second: object) -> object:
    if first == second:
        return first
    values = [*_values(first), *_values(second)]
    if values and _values(first) and _values(second):
        return {"enum": [value for at, value in enumerate(values) if value not in values[:at]]}
    return {"anyOf": [first, second]}


def _values(schema: object) -> list[object]:
    node = cast("dict[str, Any]", schema) if isinstance(schema, dict) else {}
    return [node["const"]] if "const" in node else list(node.get("enum") or ())
