"""A text that is cut at stop sequences here, where the host would not say which one it met."""

from collections.abc import Sequence


class StopWatch:
    """Passes a text on piece by piece until a sequence is complete; what may become one waits."""

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = sequences
        self._longest = max(map(len, sequences), default=0)
        self._held: str = ""
        self.met: str | None = None

    def shown(self, text: str) -> str:
        """Return what can be shown now that ``text`` has come."""
        if not self._sequences:
            return text
        if self.met is not None:
            return ""
        text = self._held + text
        found = [(text.find(sequence), sequence) for sequence in self._sequences]
        ends = [(at + len(sequence), at, sequence) for at, sequence in found if at >= 0]
        if ends:
            _, at, self.met = min(ends)
            self._held = ""
            return text[:at]
        keep = self._kept(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """Return what was held back: no more text comes."""
        held, self._held = self._held, ""
        return held

    def _kept(self, text: str) -> int:
        for length in range(min(self._longest - 1, len(text)), 0, -1):
            if any(sequence.startswith(text[-length:]) for sequence in self._sequences):
                return length
        return 0
