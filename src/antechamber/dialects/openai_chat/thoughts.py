"""Thoughts of a chat completion: in fields of their own under several names, or in the text."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, cast

from antechamber.dialects.openai_chat.chunks import Delta

Kind = Literal["text", "thinking"]
Told = tuple[Kind, str]

_OPEN, _CLOSE = "<think>", "</think>"


def thought_of(delta: Delta) -> str:
    """Return the thought in a delta's own fields; hosts that fill several say the same in each."""
    for told in (delta.reasoning_content, delta.reasoning):
        if isinstance(told, str) and told:
            return told
    details = delta.reasoning_details
    if not isinstance(details, list):
        return ""
    return "".join(_detail_text(detail) for detail in cast("list[object]", details))


def content_of(delta: Delta) -> Iterator[Told]:
    """Yield what ``content`` holds: text, or Mistral's parts, of which some are thoughts."""
    content = delta.content
    if isinstance(content, str):
        if content:
            yield "text", content
    elif isinstance(content, list):
        for part in cast("list[object]", content):
            yield from _part(part)


def _part(part: object) -> Iterator[Told]:
    if not isinstance(part, dict):
        return
    fields = cast("dict[str, Any]", part)
    if isinstance(text := fields.get("text"), str) and text:
        yield "text", text
    thinking: object = fields.get("thinking")
    if isinstance(thinking, list):
        texts = [text for inner in cast("list[object]", thinking) for _, text in _part(inner)]
        thinking = "".join(texts)
    if isinstance(thinking, str) and thinking:
        yield "thinking", thinking


def _detail_text(detail: object) -> str:
    """OpenRouter's ``reasoning.text`` and ``reasoning.summary``; encrypted ones have no text."""
    fields = cast("dict[str, Any]", detail) if isinstance(detail, dict) else {}
    text = fields.get("text") or fields.get("summary")
    return text if isinstance(text, str) else ""


class _At(Enum):
    START = "start"
    THOUGHT = "thought"
    AFTER = "after"
    TEXT = "text"


class InlineThoughts:
    """Splits a text that may begin with ``<think>``; marks may come in pieces.

    Only at the beginning: further on the marks are the model's own words. Blanks around a thought
    belong to neither side.
    """

    def __init__(self, *, begins_in_thought: bool = False) -> None:
        self._at = _At.THOUGHT if begins_in_thought else _At.START
        self._held: str = ""
        self._bare = True
        """Of the thought nothing has been shown."""

    def split(self, text: str) -> list[Told]:
        """Return what is decided now that ``text`` has come."""
        if self._at is _At.TEXT:
            return [("text", text)]
        self._held += text
        told: list[Told] = []
        while self._step(told):
            pass
        return told

    def rest(self) -> list[Told]:
        """Return what was held back: no more text comes."""
        held, self._held = self._held, ""
        if self._at is _At.THOUGHT:
            return self._thought(held)
        return [("text", held)] if held else []

    def _step(self, told: list[Told]) -> bool:
        """Take one step; tell whether another may follow."""
        match self._at:
            case _At.START:
                return self._start()
            case _At.THOUGHT:
                return self._think(told)
            case _At.AFTER:
                self._held = self._held.lstrip()
                if self._held:
                    self._at = _At.TEXT
                return bool(self._held)
            case _At.TEXT:
                if self._held:
                    told.append(("text", self._held))
                    self._held = ""
                return False

    def _start(self) -> bool:
        begun = self._held.lstrip()
        if begun.startswith(_OPEN):
            self._at, self._held = _At.THOUGHT, begun.removeprefix(_OPEN)
        elif not _OPEN.startswith(begun):
            self._at = _At.TEXT
        return self._at is not _At.START

    def _think(self, told: list[Told]) -> bool:
        if self._bare:
            # Also where the template opens the thought and the model opens it again.
            self._held = self._held.lstrip().removeprefix(_OPEN)
        before, mark, after = self._held.partition(_CLOSE)
        if mark:
            self._at, self._held = _At.AFTER, after
            told += self._thought(before.rstrip())
            return True
        keep = _held_back(before)
        told += self._thought(before[: len(before) - keep])
        self._held = before[len(before) - keep :]
        return False

    def _thought(self, text: str) -> list[Told]:
        if not text or (self._bare and text.isspace()):
            return []
        self._bare = False
        return [("thinking", text)]


def _held_back(text: str) -> int:
    """Return how many characters at the end may still belong to the closing mark.

    Blanks before it are held as well.
    """
    at = text.rfind("<")
    end = at if at >= 0 and _CLOSE.startswith(text[at:]) else len(text)
    return len(text) - len(text[:end].rstrip())
