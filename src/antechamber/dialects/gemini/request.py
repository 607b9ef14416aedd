"""A request of the Messages API as one of generateContent, and what its answer has to be read by.

Source: ai.google.dev/api/generate-content.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from antechamber.dialects.declared_tools import OfferedTool, declared_tools
from antechamber.dialects.gemini.contents import call_names, contents_of, system_parts
from antechamber.dialects.gemini.generation import generation_config
from antechamber.dialects.gemini.parts import PartContext
from antechamber.dialects.gemini.reader import ReadingOrder
from antechamber.dialects.gemini.tool_names import ToolNames
from antechamber.dialects.gemini.tools import calling_config, declarations, tools_to_declare
from antechamber.dialects.gemini.traits import ModelTraits
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.config import JsonOutputFormat, ToolChoiceAny, ToolChoiceTool
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import CountTokensRequest, MessageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiRequest:
    """The body to send, and what the request decided about the answer to it."""

    body: dict[str, object]
    tool_names: ToolNames
    stop_sequences: tuple[str, ...]
    one_call: bool
    thinks: bool
    answer_schema: Mapping[str, object] | None
    """What the text of the answer has to follow."""

    def count_body(self, model: str) -> dict[str, object]:
        """Return the body of countTokens for the same request, tools and system included.

        ``model`` has its collection.
        """
        return {"generateContentRequest": {"model": model, **self.body}}

    def reading(self, upstream: str, model: str) -> ReadingOrder:
        """Return what the reader of the answer has to know; errors call it ``upstream``."""
        return ReadingOrder(
            upstream=upstream,
            model=model,
            names=self.tool_names,
            stop_sequences=self.stop_sequences,
            one_call=self.one_call,
            thinks=self.thinks,
        )


def gemini_request(
    request: MessageRequest | CountTokensRequest,
    plan: ThinkingPlan,
    traits: ModelTraits,
    *,
    model: str,
    max_tokens: int,
) -> GeminiRequest:
    """Translate ``request``; the signatures of its thoughts have been verified.

    Raises ``InvalidRequest`` for what ``model`` cannot be asked.
    """
    declared = declared_tools(request)
    tools = tools_to_declare(declared, request.tool_choice)
    context = PartContext(
        tools=declared.known,
        call_names=call_names(request.messages),
        media_in_results=traits.media_in_results,
    )
    body: dict[str, object] = {"contents": contents_of(request, context, model=model)}
    if system := system_parts(request):
        body["systemInstruction"] = {"parts": system}
    if tools:
        body["tools"] = declarations(tools)
        body["toolConfig"] = calling_config(tools, request.tool_choice)
    answer_format = _answer_format(request, traits, tools)
    config = generation_config(
        request, plan, traits, max_tokens=max_tokens, answer_format=answer_format
    )
    if config:
        body["generationConfig"] = config
    return GeminiRequest(
        body=body,
        tool_names=ToolNames(declared.known),
        stop_sequences=tuple(getattr(request, "stop_sequences", None) or ()),
        one_call=bool(getattr(request.tool_choice, "disable_parallel_tool_use", None)),
        thinks=plan.on,
        answer_schema=None if answer_format is None else answer_format.schema_,
    )


def _answer_format(
    request: MessageRequest | CountTokensRequest, traits: ModelTraits, tools: list[OfferedTool]
) -> JsonOutputFormat | None:
    asked = request.output_config.format if request.output_config else None
    asked = asked or request.output_format
    if asked is None or not tools:
        return asked
    if isinstance(request.tool_choice, ToolChoiceAny | ToolChoiceTool):
        # The answer is a call, so no text has to follow the schema; the two together are refused
        # (vercel/ai, google-structured-output-with-tools-error).
        return None
    if not traits.json_beside_tools:
        message = "output_config.format: This model does not support a format beside tools."
        raise InvalidRequest(message)
    return asked
