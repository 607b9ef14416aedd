"""The tokens of this engine: an estimate that anybody can repeat by hand, the same every time.

A token is up to six letters or digits of a word, or one other character, in both cases with the
space before it; a longer run of whitespace is one token. English and JSON come out at about four
characters a token, as with the tokenizers of real models.
"""

import re

_TOKEN = re.compile(r" ?\w{1,6}| ?[^\w\s]|\s+?(?= ?\S)|\s+")


def split_tokens(text: str) -> list[str]:
    """Cut ``text`` into its tokens; joined they are the text again."""
    return _TOKEN.findall(text)


def count_tokens(text: str) -> int:
    """Count the tokens of ``text``."""
    return sum(1 for _ in _TOKEN.finditer(text))
