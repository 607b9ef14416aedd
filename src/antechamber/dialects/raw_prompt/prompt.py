"""A request as the prompt that a raw model reads, and what its answer may hold."""

from dataclasses import dataclass

from antechamber.dialects.declared_tools import DeclaredTools, OfferedTool, declared_tools
from antechamber.dialects.raw_prompt.constraint import JsonSchema
from antechamber.dialects.raw_prompt.steps import WritingOrder
from antechamber.dialects.raw_prompt.template import ChatTemplate
from antechamber.dialects.raw_prompt.tools import tool_prompt
from antechamber.dialects.raw_prompt.turns import conversation
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.config import ToolChoiceAny, ToolChoiceNone, ToolChoiceTool
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import CountTokensRequest, MessageRequest

_REASON_FIRST = (
    "Before you answer, think step by step between <think> and </think>. "
    "Then give your answer after </think>."
)
_ANSWER_IN_JSON = "Answer with nothing but JSON that follows this JSON Schema:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model reads, and the parts of the plan that the request alone decides."""

    text: str
    prefilled: bool
    tools: tuple[OfferedTool, ...]
    must_call: bool
    one_call: bool
    answer_schema: JsonSchema | None


def render(
    request: MessageRequest | CountTokensRequest, template: ChatTemplate, plan: ThinkingPlan
) -> Prompt:
    """Render ``request``; count_tokens and create go through here alike, so they count the same.

    Raises ``InvalidRequest`` for content that cannot be told in text.
    """
    declared = declared_tools(request)
    choice, schema = request.tool_choice, _answer_schema(request)
    callable_tools = _callable(request, declared)
    told = () if isinstance(choice, ToolChoiceNone) else _told(declared, callable_tools)
    addenda = [
        tool_prompt(told) if told else "",
        _ANSWER_IN_JSON + schema.as_text() if schema else "",
        _REASON_FIRST if _may_think(plan) and not template.reasons_natively else "",
    ]
    addendum = "\n\n".join(text for text in addenda if text)
    talk = conversation(
        request,
        addendum=addendum,
        tools=declared.known,
        with_earlier_thoughts=plan.keeps_earlier,
    )
    return Prompt(
        text=template.render(talk.turns) + template.guard(talk.prefill),
        prefilled=bool(talk.prefill),
        tools=callable_tools,
        must_call=isinstance(choice, ToolChoiceTool | ToolChoiceAny) and bool(callable_tools),
        one_call=isinstance(choice, ToolChoiceTool)
        or bool(getattr(choice, "disable_parallel_tool_use", None)),
        answer_schema=schema,
    )


def writing_order(
    prompt: Prompt,
    request: MessageRequest | CountTokensRequest,
    plan: ThinkingPlan,
    template: ChatTemplate,
    *,
    max_tokens: int,
) -> WritingOrder:
    """Return the plan of the answer."""
    think = plan.on and plan.budget_tokens > 0 and not prompt.prefilled
    may_think = _may_think(plan) or template.reasons_natively
    return WritingOrder(
        max_tokens=max_tokens,
        stop_sequences=tuple(getattr(request, "stop_sequences", None) or ()),
        think=think,
        thinking_budget=plan.budget_tokens,
        empty_thought=may_think and not think and not prompt.prefilled,
        tools=prompt.tools,
        must_call=prompt.must_call,
        one_call=prompt.one_call,
        answer_schema=prompt.answer_schema,
    )


def _may_think(plan: ThinkingPlan) -> bool:
    """Tell whether the model is asked to think, in this turn or in others of the conversation.

    The system prompt says so in all of them: it would be read anew if it changed from turn to turn.
    """
    return plan.on or plan.between_tools_only


def _callable(
    request: MessageRequest | CountTokensRequest, declared: DeclaredTools
) -> tuple[OfferedTool, ...]:
    match request.tool_choice:
        case ToolChoiceNone():
            return ()
        case ToolChoiceTool(name=name):
            # Also one that nothing has loaded yet: its call is what the request wants.
            if name not in declared.known:
                message = f"tool_choice: Tool '{name}' not found in provided tools"
                raise InvalidRequest(message)
            return (declared.known[name],)
        case _:
            return declared.offered


def _told(
    declared: DeclaredTools, callable_tools: tuple[OfferedTool, ...]
) -> tuple[OfferedTool, ...]:
    """Return the tools that the system prompt tells of: the same in every turn, if possible.

    Where nothing is offered at the start, the first one brings the instructions into it.
    """
    offered = {tool.name for tool in declared.offered}
    forced = tuple(tool for tool in callable_tools if tool.name not in offered)
    return (declared.at_start or declared.offered[:1]) + forced


def _answer_schema(request: MessageRequest | CountTokensRequest) -> JsonSchema | None:
    form = request.output_config.format if request.output_config else None
    form = form or request.output_format
    return JsonSchema(schema=form.schema_) if form else None
