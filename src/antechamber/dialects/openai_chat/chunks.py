"""The JSON of a chat completion, streamed or whole: what of it is read, and nothing else.

Fields that hosts fill in different ways are taken as they come and looked at by the reader. Of the
others those that an answer can do without are as if absent where they have another shape.
"""

from dataclasses import dataclass
from functools import cache
from typing import TypeVar, cast, get_args, get_origin

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

_UNSPEAKABLE = ("image_url", "image", "audio", "input_audio")
"""Types of parts."""

_ESSENTIAL = {
    *("choices", "delta", "message", "finish_reason"),
    *("tool_calls", "function_call", "function", "name"),
}
"""What an answer cannot be told without; empty in whatever way it is absent, too."""


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
    images: object = None
    """OpenRouter: pictures that the model made."""
    audio: object = None
    tool_calls: list[CallDelta] | None = None
    function_call: FunctionDelta | None = None

    @property
    def is_unspeakable(self) -> bool:
        """Whether there is something that no message can hold."""
        content = self.content
        parts = cast("list[object]", content) if isinstance(content, list) else ()
        return bool(self.images or self.audio) or any(
            isinstance(part, dict) and cast("dict[str, object]", part).get("type") in _UNSPEAKABLE
            for part in parts
        )


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
    """With the thoughts, also where the host counts those beside them."""
    total_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    """DeepSeek's name for the cached ones."""
    reasoning_tokens: int | None = None
    """SGLang's place for them."""

    def __post_init__(self) -> None:
        """Put the thoughts where they belong: xAI's are missing in all but the total."""
        details = self.completion_tokens_details
        thought = (details.reasoning_tokens if details is not None else None) or 0
        answer = (self.total_tokens or 0) - (self.prompt_tokens or 0)
        if thought and answer == thought + (self.completion_tokens or 0):
            self.completion_tokens = answer


class Chunk(msgspec.Struct):
    """One event of a stream, or a whole answer."""

    choices: list[Choice] | None = None
    usage: ChatUsage | None = None
    error: object = None
    kind: object = msgspec.field(default=None, name="object")
    message: object = None
    """Of an error that is not wrapped in ``error``."""


_decoder = msgspec.json.Decoder(Chunk, strict=False)


class ChunkDecoder:
    """Reads the chunks of one stream; the shape of one tells what to expect of the others."""

    def __init__(self) -> None:
        self._fits = True

    def decode(self, data: bytes) -> Chunk:
        """Read one chunk; raises ``ValueError`` for anything else."""
        try:
            if self._fits:
                try:
                    return _decoder.decode(data)
                except msgspec.ValidationError:
                    self._fits = False
            return _fitted(msgspec.json.decode(data), Chunk)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            message = "no chunk of a chat completion"
            raise ValueError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A field of a struct, as far as reading it goes."""

    name: str
    told_as: str
    kind: object
    struct: type[msgspec.Struct] | None
    """The one that it, or each of its items, is."""
    is_list: bool


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[_Field, ...]:
    return tuple(
        _field(field.name, field.encode_name, field.type) for field in msgspec.structs.fields(kind)
    )


def _field(name: str, told_as: str, kind: object) -> _Field:
    inner = next((each for each in get_args(kind) if each is not type(None)), kind)
    is_list = get_origin(inner) is list
    item: object = get_args(inner)[0] if is_list else inner
    is_struct = isinstance(item, type) and issubclass(item, msgspec.Struct)
    struct = cast("type[msgspec.Struct]", item) if is_struct else None
    return _Field(name=name, told_as=told_as, kind=kind, struct=struct, is_list=is_list)


def _fitted(value: object, kind: type[S]) -> S:
    """Return ``value`` as a ``kind`` without what does not fit, as far as it is not essential."""
    if not isinstance(value, dict):
        message = "no object"
        raise msgspec.ValidationError(message)
    told = cast("dict[str, object]", value)
    fitted: dict[str, object] = {}
    for field in _fields(kind):
        given = told.get(field.told_as)
        if given is None:
            continue
        if field.name == "id" and type(given) is int:
            given = str(given)
        try:
            fitted[field.name] = _fitted_field(given, field)
        except msgspec.ValidationError:
            if given and field.name in _ESSENTIAL:
                raise
    return kind(**fitted)


def _fitted_field(value: object, field: _Field) -> object:
    """Return ``value`` as what ``field`` is declared as."""
    if field.struct is None:
        return value if field.kind is object else msgspec.convert(value, field.kind, strict=False)
    if not field.is_list:
        return _fitted(value, field.struct)
    if not isinstance(value, list):
        message = "no list"
        raise msgspec.ValidationError(message)
    return [_fitted(each, field.struct) for each in cast("list[object]", value)]
