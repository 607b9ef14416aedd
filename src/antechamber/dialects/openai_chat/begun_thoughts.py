"""A text that is taken to begin inside a thought, as long as nothing shows that it does not."""

from antechamber.dialects.openai_chat.thoughts import InlineThoughts, Told

_OPEN, _CLOSE = "<think>", "</think>"


class BegunThoughts:
    """Splits a text whose template has opened the thought, and keeps it until the thought ends."""

    def __init__(self) -> None:
        self._inline = InlineThoughts(begins_in_thought=True)
        self._pieces: list[str] = []
        self._told_text = False

    def split(self, text: str) -> list[Told]:
        """Return what is decided now that ``text`` has come."""
        told = self._inline.split(text)
        if not self._told_text:
            self._pieces.append(text)
            self._told_text = any(kind == "text" for kind, _ in told)
        return told

    def rest(self) -> list[Told]:
        """Return what was held back: no more text comes."""
        return self._inline.rest()

    @property
    def unmarked(self) -> str | None:
        """All of the text, without a mark of a thought; None where there has been one."""
        if self._told_text:
            return None
        text = "".join(self._pieces).lstrip()
        return None if text.startswith(_OPEN) or _CLOSE in text else text
