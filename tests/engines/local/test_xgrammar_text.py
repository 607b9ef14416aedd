"""Grammars in xgrammar's spelling: no digit behind a character that it writes with digits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.grammar.notation import Class, Text, render
from antechamber.engines.local.xgrammar_text import for_xgrammar

AT_RISK = r"\\(?:x[0-9A-F]{2}|u00[0189A-F][0-9A-F])"
IN_DANGER = re.compile(rf"(?<!\\)(?:\\\\)*{AT_RISK}[0-9a-fA-F]")


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        (r'root ::= "plain" [a-z]+', r'root ::= "plain" [a-z]+'),
        (r'"\xDFer"', r'("\xDF" "er")'),
        (r'"\xDFe"{3}', r'("\xDF" "e"){3}'),
        (r'"\xDF!"', r'"\xDF!"'),
        (r'"\\xDFe"', r'"\\xDFe"'),
        (r'"\u4E16a\U0001F6001"', r'"\u4E16a\U0001F6001"'),
        (r"[0-9\xE9a-f]", r"[0-9a-f\u00E9]"),
        (r"[\x00-\x1F0-9]", r"[0-9\u0000-\u001F]"),
        (r"[\x5Ea]", r"[a\^]"),
        (r"[\x5E-z\xFF]", r"[_-z\u00FF\^]"),
        (r"[\]\[\-\\]", r"[\]\[\-\\]"),
    ],
)
def test_what_xgrammar_would_misread_is_spelled_otherwise(written: str, spelled: str) -> None:
    assert for_xgrammar(written) == spelled


@given(st.text())
def test_no_digit_follows_an_escape_in_a_text(text: str) -> None:
    assert not IN_DANGER.search(for_xgrammar(render(Text(text))))


@given(st.sets(st.integers(0, 0x17F), min_size=1))
def test_a_class_keeps_its_characters(codes: set[int]) -> None:
    spelled = for_xgrammar(render(Class(ranges_of(codes))))

    assert not IN_DANGER.search(spelled)
    # Python reads a class as xgrammar does, but for what is asked above.
    kept = re.compile(spelled)
    assert {code for code in range(0x180) if kept.fullmatch(chr(code))} == codes
    assert len(codes) == 1 or not spelled.startswith(r"[\^")


def ranges_of(codes: set[int]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    for code in sorted(codes):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return tuple(ranges)
