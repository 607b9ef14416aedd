"""The body of ``POST /v1/chat/completions``, as far as it has a meaning here.

Unknown keys are taken and remembered, because clients of this format send fields of many servers;
``ignored`` says which of them are told to the client. Shapes: OpenAI SDK 3.54.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from antechamber.dialects.openai_front.places import without_tags
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import LEFT_TO_RIGHT, Items, JsonObject, branch
from antechamber.wire.shape_errors import first_fault

_ROLES = "'system', 'developer', 'user', 'assistant', 'tool' or 'function'"


class Shape(BaseModel):
    """An object of a request. Null is as if absent, nothing is converted."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)


class TextPart(Shape):
    """Text. ``cache_control`` is no field of the format; clients of several models send it."""

    type: Literal["text"]
    text: str
    cache_control: JsonObject | None = None


class RefusalPart(Shape):
    """What the assistant said instead of an answer."""

    type: Literal["refusal"]
    refusal: str


class ImageURL(Shape):
    """Where an image is, or itself as a ``data:`` address."""

    url: str
    detail: str | None = None


class ImagePart(Shape):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageURL
    cache_control: JsonObject | None = None


class FileData(Shape):
    """A file as a ``data:`` address, or one that was uploaded."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(Shape):
    """A file."""

    type: Literal["file"]
    file: FileData


class AudioPart(Shape):
    """Speech; always refused."""

    type: Literal["input_audio"]


ContentPart = Annotated[
    TextPart | ImagePart | FilePart | AudioPart | RefusalPart, Field(discriminator="type")
]
Content = Annotated[
    Annotated[Items[ContentPart], branch("parts")] | Annotated[str, branch("text")],
    Field(union_mode=LEFT_TO_RIGHT),
]


class FunctionCall(Shape):
    """A call; ``arguments`` is meant to be the text of a JSON object and need not be one."""

    name: str
    arguments: str


class ToolCall(Shape):
    """A call with its id."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class SystemMessage(Shape):
    """An instruction; ``developer`` is the newer name."""

    role: Literal["system", "developer"]
    content: Content


class UserMessage(Shape):
    """What the user said."""

    role: Literal["user"]
    content: Content


class AssistantMessage(Shape):
    """What the model said, called or refused."""

    role: Literal["assistant"]
    content: Content | None = None
    refusal: str | None = None
    tool_calls: Items[ToolCall] | None = None
    function_call: FunctionCall | None = None


class ToolMessage(Shape):
    """What one call gave."""

    role: Literal["tool"]
    tool_call_id: str
    content: Content | None = None


class FunctionMessage(Shape):
    """What the call of the message before gave, in the format's first form."""

    role: Literal["function"]
    name: str
    content: Content | None = None


Message = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage,
    Field(discriminator="role"),
]


class Function(Shape):
    """A function of the client's own; without ``parameters`` it takes none."""

    name: str
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None


class Tool(Shape):
    """A tool; of the format's kinds only functions are served."""

    type: Literal["function"]
    function: Function


class FunctionName(Shape):
    """Names a function."""

    name: str


class NamedChoice(Shape):
    """The model calls this one."""

    type: Literal["function"]
    function: FunctionName


class AllowedTools(Shape):
    """Some of the declared tools, and whether one of them has to be called."""

    mode: Literal["auto", "required"]
    tools: Items[NamedChoice]


class AllowedChoice(Shape):
    """The model chooses among these."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


ToolChoice = Annotated[
    Annotated[Annotated[NamedChoice | AllowedChoice, Field(discriminator="type")], branch("object")]
    | Annotated[Literal["none", "auto", "required"], branch("word")],
    Field(union_mode=LEFT_TO_RIGHT),
]
FunctionChoice = Annotated[
    Annotated[FunctionName, branch("object")] | Annotated[Literal["none", "auto"], branch("word")],
    Field(union_mode=LEFT_TO_RIGHT),
]


class TextFormat(Shape):
    """Anything."""

    type: Literal["text"]


class JsonObjectFormat(Shape):
    """A JSON object."""

    type: Literal["json_object"]


class JsonSchema(Shape):
    """A schema with its name; both words about it are for the model alone."""

    name: str
    schema_: JsonObject | None = Field(None, alias="schema")


class JsonSchemaFormat(Shape):
    """JSON of this schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[
    TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")
]
Stop = Annotated[
    Annotated[Items[str], branch("list")] | Annotated[str, branch("one")],
    Field(union_mode=LEFT_TO_RIGHT),
]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class StreamOptions(Shape):
    """What a stream carries beside the answer."""

    include_usage: bool | None = None


class ChatRequest(Shape):
    """The whole body; what is not named here cannot be honoured."""

    model: Annotated[str, Field(min_length=1)]
    messages: Annotated[Items[Message], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    n: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: Stop | None = None
    temperature: Annotated[float, Field(ge=0)] | None = None
    top_p: float | None = None
    top_k: int | None = None
    tools: Items[Tool] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: Items[Function] | None = None
    function_call: FunctionChoice | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Effort | None = None
    thinking: JsonObject | None = None
    cache_control: JsonObject | None = None
    modalities: Items[str] | None = None
    audio: JsonObject | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None

    @property
    def calls_as_function(self) -> bool:
        """The client speaks the format's first form and reads ``function_call``."""
        return bool(self.functions) and not self.tools

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with a chunk of counts."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)


_CHAT = TypeAdapter(ChatRequest)


def parse_chat_request(body: bytes) -> ChatRequest:
    """Validate the body; raises ``InvalidRequest`` with the first failing path."""
    try:
        return _CHAT.validate_json(body)
    except ValidationError as error:
        fault = first_fault(error).replace("'user', 'assistant' or 'system'", _ROLES)
        path, told, words = fault.partition(": ")
        if told and " " not in path:
            path = ".".join(without_tags(path.split("."), from_json(body)))
        raise InvalidRequest(f"{path}{told}{words}") from error
