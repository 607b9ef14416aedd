"""How much output may be asked for, and what goes with asking for none.

Source: platform.claude.com/docs/en/about-claude/models and …/build-with-claude/context-windows.
"""

from antechamber.catalogue.facts import ModelFacts
from antechamber.rules.context import Fidelity
from antechamber.rules.reading import Reading
from antechamber.rules.structured_output import output_schema
from antechamber.rules.tool_choice import is_forced
from antechamber.wire.config import ThinkingEnabled
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest


def refuse_output_beyond_the_cap(request: MessageRequest, reading: Reading) -> None:
    """The catalogue's cap, or that of a beta which is on; one of them is for batches alone."""
    context = reading.context
    facts, cap = context.facts, context.facts.max_output_tokens
    for larger in (facts.beta_output, facts.beta_batch_output if context.is_batch_item else None):
        if larger is not None and larger.beta in context.betas:
            cap = larger.tokens
    if cap is not None and request.max_tokens > cap:
        # anthropics/claude-code#11302
        raise InvalidRequest(
            f"max_tokens: {request.max_tokens} > {cap}, which is the maximum allowed number of "
            f"output tokens for {facts.id}"
        )


# The documents name the four and not the words.
def refuse_what_needs_output_without_any(request: MessageRequest, reading: Reading) -> None:
    """``max_tokens: 0`` reads the prompt into the cache and generates nothing."""
    if request.max_tokens > 0:
        return
    if request.stream:
        cause = "`stream` is true"
    elif isinstance(request.thinking, ThinkingEnabled):
        cause = "`thinking` is enabled"
    elif output_schema(request) is not None:
        cause = "`output_config.format` is set"
    elif is_forced(reading):
        cause = "`tool_choice` forces tool use"
    else:
        return
    raise InvalidRequest(f"max_tokens: Input should be greater than or equal to 1 when {cause}")


def check_window(
    input_tokens: int,
    max_tokens: int,
    facts: ModelFacts,
    window_tokens: int | None,
    fidelity: Fidelity,
) -> None:
    """Raise ``InvalidRequest`` when the counted input does not fit the window.

    Hosted models before 4.5 also want room for the whole output; the others stop when the window
    is full. Clients read the numbers (``A + B > C``) and repeat with less.
    """
    if window_tokens is None:
        return
    if input_tokens > window_tokens:
        # platform.claude.com/docs/en/build-with-claude/context-windows
        raise InvalidRequest(f"prompt is too long: {input_tokens} tokens > {window_tokens} maximum")
    wants_room = fidelity == "hosted" and facts.refuses.output_beyond_window
    if wants_room and input_tokens + max_tokens > window_tokens:
        # continuedev/continue#6080
        raise InvalidRequest(
            f"input length and `max_tokens` exceed context limit: {input_tokens} + {max_tokens} > "
            f"{window_tokens}, decrease input length or `max_tokens` and try again"
        )
