"""What is read of Gemini's answers; unknown fields are passed over.

Source: ai.google.dev/api/generate-content, GenerateContentResponse and Content.
"""

from collections.abc import Mapping

import msgspec


class FunctionCall(msgspec.Struct, rename="camel"):
    """A call of a function of ours; without arguments it takes none."""

    name: str | None = None
    id: str | None = None
    args: Mapping[str, object] | None = None
    will_continue: bool | None = None


class Part(msgspec.Struct, rename="camel"):
    """One piece of an answer; a signature may stand on any kind and also alone."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: object = None
    file_data: object = None
    executable_code: object = None
    code_execution_result: object = None


class Content(msgspec.Struct):
    """The parts of one candidate in one chunk."""

    parts: list[Part] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One answer; only the first is asked for."""

    content: Content | None = None
    finish_reason: str | None = None
    index: int | None = None


class PromptFeedback(msgspec.Struct, rename="camel"):
    """Why there is no answer at all."""

    block_reason: str | None = None
    block_reason_message: str | None = None


class UsageMetadata(msgspec.Struct, rename="camel"):
    """Cumulative counts; thoughts are not among the tokens of the candidates."""

    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    thoughts_token_count: int | None = None


class ErrorDetail(msgspec.Struct, rename="camel"):
    """One of google.rpc's details: RetryInfo has a delay, ErrorInfo a reason."""

    reason: str | None = None
    retry_delay: str | None = None


class ErrorBody(msgspec.Struct):
    """google.rpc.Status as JSON."""

    code: int = 0
    message: str = ""
    status: str = ""
    details: list[ErrorDetail] | None = None


class Chunk(msgspec.Struct, rename="camel"):
    """One event of streamGenerateContent."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    error: ErrorBody | None = None
