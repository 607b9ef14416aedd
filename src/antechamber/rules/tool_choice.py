"""Which tool choices can be met."""

from antechamber.rules.reading import Reading
from antechamber.rules.tools import name_of, names_of
from antechamber.rules.tools_in_force import taken_away, tools_in_force
from antechamber.wire.config import ThinkingEnabled, ToolChoiceAny, ToolChoiceTool
from antechamber.wire.errors import InvalidRequest


def refuse_choices_without_such_a_tool(reading: Reading) -> None:
    """``auto`` and ``none`` go without tools (hosted API, third-party probe of September 2026)."""
    choice = reading.request.tool_choice
    match choice:
        case ToolChoiceAny() if not (_has_toolset(reading) or tools_in_force(reading.request)):
            # Words: the same probe
            raise InvalidRequest("tool_choice.any may only be specified while providing tools")
        case ToolChoiceTool(name=name) if not _offers(reading, name):
            raise InvalidRequest(f"Tool '{name}' not found in provided tools")
        case _:
            pass


def _offers(reading: Reading, name: str) -> bool:
    # A deferred tool may be forced before anything has loaded it; one that was removed may not.
    declared = names_of(reading.request) - taken_away(reading.request)
    return _has_toolset(reading) or name in declared


def _has_toolset(reading: Reading) -> bool:
    # The members of a toolset are not listed in the request.
    return any(name_of(tool) is None for tool in reading.request.tools or ())


def is_forced(reading: Reading) -> bool:
    """Whether the answer has to call a tool."""
    return isinstance(reading.request.tool_choice, ToolChoiceAny | ToolChoiceTool)


def refuse_force_while_thinking_on_a_budget(reading: Reading) -> None:
    """``adaptive`` allows it, ``enabled`` never does."""
    if is_forced(reading) and isinstance(reading.request.thinking, ThinkingEnabled):
        # mastra-ai/mastra#7507
        raise InvalidRequest("Thinking may not be enabled when tool_choice forces tool use.")


def refuse_force_where_the_model_does(reading: Reading) -> None:
    """Hosted: Fable and Mythos 5.1, Opus and Sonnet 5.5."""
    if is_forced(reading) and reading.context.facts.refuses.forced_tool_choice:
        # platform.claude.com/docs/en/about-claude/models, page of Opus 5.5
        raise InvalidRequest('tool_choice: type "tool" and "any" are not supported for this model.')
