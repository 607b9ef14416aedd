"""Stop sequences looked for in the text as it comes.

Gemini would stop at them itself and say no more than that it stopped: neither that it was at one
nor at which. So they are not sent, and the text is cut here.
"""

from collections.abc import Sequence


class StopScanner:
    """Holds back what may become a stop sequence, and no more."""

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = [sequence for sequence in sequences if sequence]
        self._held = ""

    def feed(self, text: str) -> tuple[str, str | None]:
        """Return what can be shown and the sequence that was found; after one nothing follows."""
        if not self._sequences:
            return text, None
        text = f"{self._held}{text}"
        found = [stop for stop in self._sequences if stop in text]
        if found:
            # The one that is complete first, however the text was cut; of several the longest.
            stop = min(found, key=lambda each: (text.index(each) + len(each), -len(each)))
            self._held = ""
            return text[: text.index(stop)], stop
        kept = max(_overlap(text, stop) for stop in self._sequences)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept], None

    def rest(self) -> str:
        """Return what was held back and turned out to be text."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Return how many of the last characters of ``text`` begin ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if stop.startswith(text[-size:])), 0)
