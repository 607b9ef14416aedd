"""Which thinking settings can be met, and what they ask of the conversation.

Source: platform.claude.com/docs/en/build-with-claude/extended-thinking and
…/thinking-troubleshooting.
"""

from antechamber.rules.effort import asked_effort
from antechamber.rules.messages import ends_in_prefill
from antechamber.rules.reading import Reading, Turn
from antechamber.rules.thinking import budget_spans_turn
from antechamber.wire.blocks import (
    CompactionBlock,
    FallbackBlock,
    RedactedThinkingBlock,
    ThinkingBlock,
)
from antechamber.wire.config import (
    ThinkingAdaptive,
    ThinkingBetweenTools,
    ThinkingDisabled,
    ThinkingEnabled,
)
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import AssistantMessage, MessageRequest


def refuse_a_budget_beyond_the_output(request: MessageRequest, reading: Reading) -> None:
    """Except where the budget is that of a whole tool loop."""
    thinking, context = request.thinking, reading.context
    if not isinstance(thinking, ThinkingEnabled) or thinking.budget_tokens is None:
        return
    if budget_spans_turn(context.facts, context.fidelity, context.betas):
        return
    if thinking.budget_tokens >= request.max_tokens:
        # liuw1535/antigravity2api-nodejs#149
        raise InvalidRequest(
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our "
            "documentation at https://docs.claude.com/en/docs/build-with-claude/"
            "extended-thinking#max-tokens-and-context-window-size"
        )


def refuse_a_tool_loop_without_its_thought(reading: Reading) -> None:
    """``enabled``: the assistant's last turn in a tool loop begins with thinking.

    So does a prefilled answer: there is no room before it for the thought that was asked for.
    """
    if not isinstance(reading.request.thinking, ThinkingEnabled):
        return
    last = next((turn for turn in reversed(reading.turns) if turn.role == "assistant"), None)
    if last is None or not last.blocks:
        return
    in_loop = last is not reading.turns[-1] and _makes_calls(last)
    if in_loop or ends_in_prefill(reading):
        _refuse_another_beginning(last)


def _makes_calls(turn: Turn) -> bool:
    return any(placed.block.type == "tool_use" for placed in turn.blocks)


def _refuse_another_beginning(turn: Turn) -> None:
    first = next(
        (p for p in turn.blocks if not isinstance(p.block, CompactionBlock | FallbackBlock)), None
    )
    if first is None or isinstance(first.block, ThinkingBlock | RedactedThinkingBlock):
        return
    # lbjlaq/Antigravity-Manager#139; the misspelling is the hosted API's
    raise InvalidRequest(
        f"{first.path}.type: Expected `thinking` or `redacted_thinking`, but found "
        f"`{first.block.type}`. When `thinking` is enabled, a final `assistant` message must "
        "start with a thinking block (preceeding the lastmost set of `tool_use` and "
        "`tool_result` blocks). We recommend you include thinking blocks from previous turns. "
        "To avoid this requirement, disable `thinking`. Please consult our documentation at "
        "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
    )


def refuse_an_end_in_thought(reading: Reading) -> None:
    """Hosted: a thought cannot be continued."""
    last = reading.request.messages[-1]
    if isinstance(last, AssistantMessage) and last.content:
        block = last.content[-1]
        if isinstance(block, ThinkingBlock | RedactedThinkingBlock):
            # tailcallhq/forgecode#2107
            raise InvalidRequest(
                f"messages.{len(reading.request.messages) - 1}: "
                f"The final block in an assistant message cannot be `{block.type}`."
            )


def refuse_modes_where_the_model_does(reading: Reading) -> None:
    """Hosted: the table of accepted types of each model."""
    thinking = reading.request.thinking
    if thinking is None:
        return
    facts = reading.context.facts
    types = facts.thinking.types
    match thinking:
        case ThinkingEnabled() if "enabled" not in types:
            _refuse_enabled(facts.id, adaptive="adaptive" in types)
        case ThinkingAdaptive() if "adaptive" not in types:
            # platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting
            raise InvalidRequest("adaptive thinking is not supported on this model")
        case ThinkingDisabled() if "disabled" not in types or _is_effort_too_high(reading):
            # The same page
            raise InvalidRequest(
                '"thinking.type.disabled" is not supported for this model. Thinking defaults to '
                'adaptive mode when not specified; use "thinking.type.enabled" with '
                '"budget_tokens" for extended thinking.'
            )
        case ThinkingBetweenTools() if "between_tools" not in types:
            # Words after the other three
            raise InvalidRequest('"thinking.type.between_tools" is not supported for this model.')
        case _:
            pass


def _refuse_enabled(model_id: str, *, adaptive: bool) -> None:
    if adaptive:
        # platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting
        raise InvalidRequest(
            '"thinking.type.enabled" is not supported for this model. Use '
            '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        )
    # anthropics/claude-code#2245
    raise InvalidRequest(f"'{model_id}' does not support thinking.")


def _is_effort_too_high(reading: Reading) -> bool:
    refused = reading.context.facts.thinking.efforts_refused_when_off
    return asked_effort(reading.request) in refused
