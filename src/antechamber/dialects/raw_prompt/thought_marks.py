"""The marks around a thought are ours: where a model writes them again, they are not shown."""

_MARKS = ("<think>", "</think>")


class WithoutMarks:
    """Passes a text on piece by piece, without marks; what may become one is held back.

    The line ends behind a mark go with it while nothing was shown: a text does not begin empty.
    """

    def __init__(self) -> None:
        self._held = ""
        self._shown = False
        self._trims = False

    def shown(self, text: str) -> str:
        """Return what can be shown now that ``text`` has come."""
        rest, ready = self._held + text, ""
        while (at := rest.find("<")) >= 0:
            ready, rest = ready + self._trimmed(rest[:at]), rest[at:]
            mark = next((mark for mark in _MARKS if rest.startswith(mark)), None)
            if mark is not None:
                self._trims = not self._shown
                rest = rest.removeprefix(mark)
            elif any(mark.startswith(rest) for mark in _MARKS):
                self._held = rest
                return ready
            else:
                ready, rest = ready + self._trimmed("<"), rest[1:]
        self._held = ""
        return ready + self._trimmed(rest)

    def rest(self) -> str:
        """Return what was held back: the text has ended, and another one may begin."""
        rest = self._trimmed(self._held)
        self._held, self._shown, self._trims = "", False, False
        return rest

    def _trimmed(self, text: str) -> str:
        if self._trims:
            text = text.lstrip("\n")
        if text:
            self._shown, self._trims = True, False
        return text
