"""Counted repetition that llama.cpp takes: it writes ``x{m,n}`` out and refuses 2,000 and more.

So large counts are made of blocks. A text is parsed as whole blocks and a rest; a reader that sees
the text from the left keeps two guesses a level (one more block, or the rest), no more.
"""

from typing import Final

from antechamber.dialects.grammar.limits import GrammarTooLarge
from antechamber.dialects.grammar.notation import Node, Repeat, is_never, repeat, series
from antechamber.dialects.grammar.rules import RuleBook

_BLOCK: Final = 64
_WRITTEN_OUT: Final = 256
_MOST: Final = 65_536
"""Least counts above this are refused, greatest counts are lowered to it: 64 KiB of text in one
string is beyond what any local model's window leaves for an answer."""


def counted(part: Node, low: int, high: int | None, book: RuleBook) -> Node:
    """``low`` to ``high`` times, or up to a somewhat lower count where ``high`` is large.

    Raises ``GrammarTooLarge`` when ``low`` alone is too much.
    """
    if low > _MOST:
        raise GrammarTooLarge(f"more than {_MOST} repetitions are required")
    if high is None:
        return _open_ended(part, low, book)
    if high <= _WRITTEN_OUT or high < low or is_never(part):
        return repeat(part, low, high)
    unit = book.share("unit", part)
    spare = min(high - low, _MOST)
    return series(_exactly(unit, low, book), _up_to(unit, spare, book))


def _open_ended(part: Node, low: int, book: RuleBook) -> Node:
    if low <= 1 or is_never(part):
        return repeat(part, low, None)
    unit = book.share("unit", part)
    return series(_exactly(unit, low, book), Repeat(unit, 0, None))


def _exactly(unit: Node, count: int, book: RuleBook) -> Node:
    if count <= _WRITTEN_OUT:
        return repeat(unit, count, count)
    blocks, rest = divmod(count, _BLOCK)
    return series(_exactly(_block(unit, book), blocks, book), repeat(unit, rest, rest))


def _up_to(unit: Node, count: int, book: RuleBook) -> Node:
    """Lowered to one less than a whole number of blocks, so that no count below it is left out."""
    if count <= _WRITTEN_OUT:
        return repeat(unit, 0, count)
    blocks = (count + 1) // _BLOCK
    return series(_up_to(_block(unit, book), blocks - 1, book), repeat(unit, 0, _BLOCK - 1))


def _block(unit: Node, book: RuleBook) -> Node:
    return book.share("block", Repeat(unit, _BLOCK, _BLOCK))
