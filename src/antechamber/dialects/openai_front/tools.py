"""Declared functions as tools, and which of them may or must be called."""

from collections.abc import Sequence

from antechamber.dialects.openai_front.ignored import Ignored
from antechamber.dialects.openai_front.places import Place
from antechamber.dialects.openai_front.schemas import fitted
from antechamber.dialects.openai_front.shapes import (
    AllowedChoice,
    ChatRequest,
    Function,
    FunctionName,
    NamedChoice,
)
from antechamber.rules.schema_subset import first_unsupported, tally
from antechamber.wire.shape import JsonObject

_FIELDS = {"name": "name", "description": "description", "input_schema": "parameters"}
_MAX_STRICT_TOOLS = 20
_MAX_OPTIONAL_PARAMETERS = 24
_MAX_UNION_PARAMETERS = 16
"""platform.claude.com/docs/en/build-with-claude/structured-outputs. Agents of this format declare
every tool strict; above the limits they are better served with tools that are not."""


def tools_of(chat: ChatRequest, ignored: Ignored) -> JsonObject:
    """Return ``tools`` and ``tool_choice``, each where there is something to say."""
    functions = [function for function, _ in _functions(chat)]
    for declared in (*functions, *(chat.tools or ())):
        for name in declared.model_extra or {}:
            ignored.add(f"tools.{name}")
    found: JsonObject = {}
    if functions:
        found["tools"] = _declared(functions, ignored)
    choice = _choice(chat, any_tools=bool(functions))
    if choice is not None:
        found["tool_choice"] = choice
    return found


def tool_places(chat: ChatRequest) -> list[Place]:
    """Return where each of ``tools`` was declared."""
    return [Place(path=path, fields=_FIELDS) for _, path in _functions(chat)]


def _functions(chat: ChatRequest) -> list[tuple[Function, str]]:
    """Return the functions that may be called, each with its path."""
    functions = [
        *((tool.function, f"tools.{at}.function") for at, tool in enumerate(chat.tools or ())),
        *((function, f"functions.{at}") for at, function in enumerate(chat.functions or ())),
    ]
    if not isinstance(chat.tool_choice, AllowedChoice):
        return functions
    allowed = {each.function.name for each in chat.tool_choice.allowed_tools.tools}
    return [(function, path) for function, path in functions if function.name in allowed]


def _declared(functions: Sequence[Function], ignored: Ignored) -> list[JsonObject]:
    strict = {
        at: fitted(_parameters(function))
        for at, function in enumerate(functions)
        if function.strict
    }
    held = {at: schema for at, schema in strict.items() if first_unsupported(schema) is None}
    if not _within_limits(list(held.values())):
        held = {}
    if len(held) < len(strict):
        ignored.add("tools.strict")
    return [_tool(function, held.get(at)) for at, function in enumerate(functions)]


def _within_limits(schemas: Sequence[JsonObject]) -> bool:
    tallies = [tally(schema) for schema in schemas]
    return (
        len(schemas) <= _MAX_STRICT_TOOLS
        and sum(each.optional_parameters for each in tallies) <= _MAX_OPTIONAL_PARAMETERS
        and sum(each.union_parameters for each in tallies) <= _MAX_UNION_PARAMETERS
    )


def _parameters(function: Function) -> JsonObject:
    # Some programs leave the type out; nothing but an object could be meant.
    return {"type": "object", **(function.parameters or {"properties": {}})}


def _tool(function: Function, held_to: JsonObject | None) -> JsonObject:
    tool: JsonObject = {"name": function.name}
    if function.description is not None:
        tool["description"] = function.description
    tool["input_schema"] = held_to or _parameters(function)
    if held_to is not None:
        tool["strict"] = True
    return tool


def _choice(chat: ChatRequest, *, any_tools: bool) -> JsonObject | None:
    choice = _named(chat)
    # The format's first form has one call a turn and no way to write two.
    single = chat.parallel_tool_calls is False or bool(chat.functions)
    if not single or not any_tools:
        return choice
    choice = choice or {"type": "auto"}
    return choice if choice["type"] == "none" else choice | {"disable_parallel_tool_use": True}


def _named(chat: ChatRequest) -> JsonObject | None:
    match chat.tool_choice if chat.tool_choice is not None else chat.function_call:
        case None:
            return None
        case AllowedChoice(allowed_tools=allowed):
            return {"type": "any" if allowed.mode == "required" else "auto"}
        case NamedChoice(function=FunctionName(name=name)) | FunctionName(name=name):
            return {"type": "tool", "name": name}
        case "required":
            return {"type": "any"}
        case "auto" | "none" as word:
            return {"type": word}
