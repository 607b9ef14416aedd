"""What a request says, as far as a script looks at it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from antechamber.wire.blocks import ContentBlock, TextBlock, ToolResultBlock
from antechamber.wire.messages import AssistantMessage, Message, SystemMessage, UserMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What chooses a reply and fills its placeholders."""

    models: tuple[str, ...]
    """The names of the model: as the client wrote it first, then those that it has here."""
    user_text: str = ""
    """Text of the last user turn; of a turn that only carries tool results nothing."""
    question_text: str = ""
    """Text of the last user turn without tool results, and of the turns after it."""
    result_text: str | None = None
    """Text of the tool results in the last user turn; None where there are none."""


def look_at(messages: Iterable[Message], models: tuple[str, ...]) -> Scene:
    """Read the user's side of the conversation."""
    turns = _user_turns(messages)
    if not turns:
        return Scene(models=models)
    question = len(turns) - 1
    while question > 0 and any(_results(turns[question])):
        question -= 1
    results = list(_results(turns[-1]))
    return Scene(
        models=models,
        user_text=_text(turns[-1]),
        question_text=_text(block for turn in turns[question:] for block in turn),
        result_text=_lines(_text(result.content or ()) for result in results) if results else None,
    )


def _user_turns(messages: Iterable[Message]) -> list[list[ContentBlock]]:
    """Merge user messages that no assistant message parts, as the API does."""
    turns: list[list[ContentBlock]] = []
    answered = True
    for message in messages:
        match message:
            case UserMessage(content=content):
                if answered:
                    turns.append([])
                turns[-1].extend(content)
                answered = False
            case AssistantMessage():
                answered = True
            case SystemMessage():
                pass
    return turns


def _results(turn: Iterable[ContentBlock]) -> Iterator[ToolResultBlock]:
    return (block for block in turn if isinstance(block, ToolResultBlock))


def _text(blocks: Iterable[object]) -> str:
    return _lines(block.text for block in blocks if isinstance(block, TextBlock))


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)
