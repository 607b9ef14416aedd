"""What commands print on: results go to standard output, everything else to standard error."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

# All of C0 and C1 but newline and tab: ESC and CSI begin the sequences that move the cursor, set
# the window's title or write the clipboard.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def results() -> "Console":
    """Give standard output: coloured on a terminal, plain in a pipe, lines never broken."""
    return _console(to_stderr=False)


def notes() -> "Console":
    """Give standard error, where errors and progress belong."""
    return _console(to_stderr=True)


def print_json(value: object) -> None:
    """Print a value for programs."""
    from antechamber.wire.encoding import encode_json

    results().print(encode_json(value).decode())


def harmless(text: str) -> str:
    """Show control characters instead of obeying them: a model's text is not ours to trust."""
    return _CONTROL.sub(lambda found: _picture(ord(found[0])), text)


def _picture(code: int) -> str:
    # Unicode has pictures of the 32 of C0 in their order, of DEL, and none of C1.
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


def _console(*, to_stderr: bool) -> "Console":
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False, soft_wrap=True, emoji=False, markup=False)
