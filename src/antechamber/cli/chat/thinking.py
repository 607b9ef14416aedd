"""From what a person wants of thinking to the words that the model accepts; pure."""

from typing import TYPE_CHECKING, cast

from antechamber.catalogue.facts import ThinkingFacts
from antechamber.cli.chat.conversation import Thinking

if TYPE_CHECKING:
    from anthropic.types import ThinkingConfigParam

_LEAST_BUDGET_TOKENS = 1024  # platform.claude.com/docs/en/build-with-claude/extended-thinking


def thinking_parameter(
    thinking: Thinking, facts: ThinkingFacts, max_tokens: int
) -> "ThinkingConfigParam | None":
    """Give the request's ``thinking``; None leaves it out."""
    match thinking:
        case "default":
            return None
        case "off":
            # Models that always think up front take neither; the server says so.
            between = "disabled" not in facts.types and "between_tools" in facts.types
            return cast("ThinkingConfigParam", {"type": "between_tools" if between else "disabled"})
        case "on" if "adaptive" in facts.types:
            # Newer models send no thoughts unless they are asked to.
            return {"type": "adaptive", "display": "summarized"}
        case "on":
            budget = max(_LEAST_BUDGET_TOKENS, max_tokens // 2)
            return {"type": "enabled", "budget_tokens": budget}
        case budget:
            return {"type": "enabled", "budget_tokens": budget}
