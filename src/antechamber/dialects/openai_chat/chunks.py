"""The JSON of a chat completion, streamed or whole: what of it is read, and nothing else.

Fields that hosts fill in different ways are taken as they come and looked at by the reader.
"""

import msgspec


class FunctionDelta(msgspec.Struct):
    """The function of a call, or more of it."""

    name: str | None = None
    arguments: object = None
    """Text, or (against the format) the object itself."""


class CallDelta(msgspec.Struct):
    """A call, or more of one."""

    index: int | None = None
    id: str | None = None
    function: FunctionDelta | None = None


class Delta(msgspec.Struct):
    """What a chunk adds; of a whole answer all of it."""

    content: object = None
    """Text, or a list of parts (Mistral's thoughts)."""
    reasoning_content: object = None
    reasoning: object = None
    reasoning_details: object = None
    refusal: str | None = None
    tool_calls: list[CallDelta] | None = None
    function_call: FunctionDelta | None = None


class Choice(msgspec.Struct):
    """One of the answers; only one is ever asked for."""

    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None
    stop_reason: object = None
    """vLLM: the stop sequence that was met, or the id of a token."""
    matched_stop: object = None
    """SGLang: the same."""


class PromptDetails(msgspec.Struct):
    """What the prompt's tokens were."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    created_cache_tokens: int | None = None
    """vLLM's name for those that were written."""


class CompletionDetails(msgspec.Struct):
    """What the answer's tokens were."""

    reasoning_tokens: int | None = None


class ChatUsage(msgspec.Struct):
    """Token counts."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek's name for the cached ones."""
    reasoning_tokens: int | None = None
    """SGLang's place for them."""


class Chunk(msgspec.Struct):
    """One event of a stream, or a whole answer."""

    choices: list[Choice] | None = None
    usage: ChatUsage | None = None
    error: object = None
    kind: object = msgspec.field(default=None, name="object")
    message: object = None
    """Of an error that is not wrapped in ``error``."""


_decoder = msgspec.json.Decoder(Chunk, strict=False)


def decode_chunk(data: bytes) -> Chunk:
    """Read one chunk; raises ``ValueError`` for anything else."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        message = "no chunk of a chat completion"
        raise ValueError(message) from error
