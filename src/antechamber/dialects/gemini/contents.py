"""The messages of a request as contents: two roles in turn, signatures back on their parts."""

from collections.abc import Iterator, Mapping, Sequence

from antechamber.dialects.conversation import ends_with_next_user, last_user, system_texts
from antechamber.dialects.gemini.parts import GeminiPart, PartContext, parts_of, results_first
from antechamber.dialects.gemini.state import Signed, signed_in
from antechamber.wire.blocks import RedactedThinkingBlock, ThinkingBlock, ToolUseBlock
from antechamber.wire.messages import (
    AssistantMessage,
    CountTokensRequest,
    Message,
    MessageRequest,
    SystemMessage,
    UserMessage,
)
from antechamber.wire.signatures import cargo_of

_NOT_SIGNED = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""``skip_thought_signature_validator``: what Gemini wants on the first call of a turn that it did
not write itself (ai.google.dev/gemini-api/docs/thought-signatures; recorded in
pydantic/pydantic-ai, test_google_tool_call_id_wire_format)."""

GeminiContent = dict[str, object]


def system_parts(request: MessageRequest | CountTokensRequest) -> list[GeminiPart]:
    """Return the parts of the system instruction."""
    return [{"text": text} for text in system_texts(request) if text]


def call_names(messages: Sequence[Message]) -> Mapping[str, str]:
    """Return the name of each call by its id."""
    return {
        block.id: block.name
        for message in messages
        if isinstance(message, AssistantMessage)
        for block in message.content
        if isinstance(block, ToolUseBlock)
    }


def contents_of(
    request: MessageRequest | CountTokensRequest, context: PartContext, *, model: str
) -> list[GeminiContent]:
    """Return the conversation; messages of one role in a row become one content.

    ``model`` is the one that is asked: it gets the signatures that are its own.
    """
    last_asked = last_user(request.messages)
    contents: list[tuple[str, list[GeminiPart]]] = []
    for at, message in enumerate(request.messages):
        if at < last_asked and ends_with_next_user(message):
            continue
        role = "model" if isinstance(message, AssistantMessage) else "user"
        parts = list(_message_parts(message, f"messages.{at}.content", context, model))
        if not parts:
            continue
        if contents and contents[-1][0] == role:
            contents[-1][1].extend(parts)
        else:
            contents.append((role, parts))
    return [
        {"role": role, "parts": _with_first_call_signed(parts)}
        if role == "model"
        else {"role": role, "parts": results_first(parts, context)}
        for role, parts in contents
    ]


def _message_parts(
    message: Message, path: str, context: PartContext, model: str
) -> Iterator[GeminiPart]:
    placed = [(block, f"{path}.{at}") for at, block in enumerate(message.content or ())]
    match message:
        case AssistantMessage():
            yield from _SignedParts(context, model).of(placed)
        case SystemMessage():
            # There is no such role inside the conversation, so the text says what it is.
            for block, at in placed:
                for part in parts_of(block, at, context):
                    yield {"text": f"<system>\n{part['text']}\n</system>"}
        case UserMessage():
            for block, at in placed:
                yield from parts_of(block, at, context)


class _SignedParts:
    """The parts of one assistant message, with the signatures that its thoughts carry."""

    def __init__(self, context: PartContext, model: str) -> None:
        self._context = context
        self._model = model
        self._parts: list[GeminiPart] = []
        self._next_text: str | None = None
        self._next_call: str | None = None

    def of(self, placed: Sequence[tuple[object, str]]) -> list[GeminiPart]:
        """Return the parts of the blocks, each with its path."""
        for block, path in placed:
            match block:
                case ThinkingBlock(thinking=thought, signature=signature):
                    self._thought(thought, cargo_of(signature))
                case RedactedThinkingBlock(data=data):
                    self._thought("", cargo_of(data))
                case _:
                    self._parts.extend(map(self._sign, parts_of(block, path, self._context)))
        if self._next_text is not None:
            self._parts.append(_alone(self._next_text))
        return self._parts

    def _thought(self, thought: str, cargo: bytes) -> None:
        """Take the signatures of a thought; without its own the thought itself is not read."""
        for signed in signed_in(cargo, model=self._model):
            self._place(signed, thought)

    def _place(self, signed: Signed, thought: str) -> None:
        match signed.place:
            case "thought":
                own: GeminiPart = {"text": thought, "thought": True}
                self._parts.append(own | {"thoughtSignature": signed.signature})
            case "before":
                last = self._parts[-1] if self._parts else {}
                if "text" in last and "thoughtSignature" not in last:
                    last["thoughtSignature"] = signed.signature
                else:
                    self._parts.append(_alone(signed.signature))
            case "text":
                self._next_text = signed.signature
            case "call":
                self._next_call = signed.signature

    def _sign(self, part: GeminiPart) -> GeminiPart:
        if "functionCall" in part and self._next_call is not None:
            part["thoughtSignature"], self._next_call = self._next_call, None
        elif "text" in part and self._next_text is not None:
            part["thoughtSignature"], self._next_text = self._next_text, None
        return part


def _alone(signature: str) -> GeminiPart:
    # As Gemini itself sends it at the end of a stream.
    return {"text": "", "thoughtSignature": signature}


def _with_first_call_signed(parts: list[GeminiPart]) -> list[GeminiPart]:
    # Of calls side by side only the first one is signed.
    for part in parts:
        if "functionCall" in part:
            part.setdefault("thoughtSignature", _NOT_SIGNED)
            break
    return parts
