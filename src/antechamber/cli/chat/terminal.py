"""Reading a person's lines and showing what comes back, on a terminal or in a pipe."""

import importlib
import io
import sys
from contextlib import suppress
from typing import cast

from antechamber.cli.failures import tell
from antechamber.cli.screen import harmless, notes, results
from antechamber.wire.encoding import encode_json


class Terminal:
    """Standard input and output as a place to talk."""

    def __init__(self) -> None:
        self._results, self._notes = results(), notes()
        self.piped = not sys.stdin.isatty()
        self.interactive = sys.stdin.isatty() and sys.stdout.isatty()
        cast("io.TextIOWrapper", sys.stdin).reconfigure(errors="replace")
        if self.interactive:
            _edit_lines()

    def ask(self, prompt: str) -> str | None:
        r"""Read what the person says, several lines where one ends in ``\``; None at the end."""
        lines: list[str] = []
        while (line := self._line(prompt)) is not None:
            if not line.endswith("\\"):
                return "\n".join((*lines, line))
            lines.append(line[:-1])
            prompt = "...> "
        return "\n".join(lines) if lines else None

    def everything(self) -> str:
        """Read all that comes through the pipe, without the line end at its end."""
        return sys.stdin.read().rstrip("\r\n")

    def result(self, words: str) -> None:
        """Print what a command gave."""
        self._results.print(self._safe(words))

    def note(self, words: str) -> None:
        """Print a remark."""
        self._notes.print(harmless(words), style="dim")

    def error(self, words: str) -> None:
        """Print what went wrong."""
        tell(harmless(words))

    def end_line(self) -> None:
        """Go to the next line after something that the person broke off."""
        if self.interactive:
            self._results.print()

    def answer(self) -> "AnswerDisplay":
        """Open the place where one answer appears; to be closed."""
        return AnswerDisplay(self)

    def write(self, piece: str, *, thought: bool = False) -> None:
        """Print a piece of an answer, without a line end."""
        if thought:
            self._notes.out(harmless(piece), style="dim", end="", highlight=False)
        else:
            self._results.out(self._safe(piece), end="", highlight=False)

    def _safe(self, text: str) -> str:
        # A file or a program gets the model's own bytes; a terminal would obey some of them.
        return harmless(text) if self._results.is_terminal else text

    def _line(self, prompt: str) -> str | None:
        if not self.interactive:
            line = sys.stdin.readline()
            return line.rstrip("\r\n") if line else None
        try:
            return input(self._coloured(prompt))
        except EOFError:
            self._results.print()
            return None

    def _coloured(self, prompt: str) -> str:
        if self._results.color_system is None:
            return prompt
        # Readline counts the prompt's width, and is told to leave out what stands between 1 and 2.
        style = "1" if self._results.no_color else "1;36"
        return f"\001\033[{style}m\002{prompt}\001\033[0m\002"


class AnswerDisplay:
    """Shows one answer: thoughts dimmed, text as it is, a line for each call."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._open_line: bool | None = None
        """Whether the line that is still open holds a thought; None when no line is open."""

    def text(self, piece: str) -> None:
        """Show some more of the answer."""
        self._continue(piece, thought=False)

    def thinking(self, piece: str) -> None:
        """Show some more of a thought."""
        if self._open_line is not True:
            piece = f"[thinking] {piece}"
        self._continue(piece, thought=True)

    def call(self, name: str, arguments: object) -> None:
        """Show that the model called a tool."""
        self.close()
        self._terminal.result(f"→ {name} {encode_json(arguments).decode()}")

    def close(self) -> None:
        """End the line that is still open."""
        if self._open_line is not None:
            self._terminal.write("\n", thought=self._open_line)
            self._open_line = None

    def _continue(self, piece: str, *, thought: bool) -> None:
        if self._open_line is not thought:
            self.close()
        self._open_line = thought
        self._terminal.write(piece, thought=thought)


def _edit_lines() -> None:
    """Let ``input`` edit its line and remember earlier ones, where Python was built with it."""
    with suppress(ImportError):
        importlib.import_module("readline")  # importing it is what changes input()
