"""Patterns as automata: the same answers as a validator's, and no answer where there is none."""

import jsonschema_rs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from antechamber.dialects.grammar.automata import (
    Work,
    combined,
    length_bounds,
    of_lengths,
    of_texts,
)
from antechamber.dialects.grammar.pattern_automata import pattern_automaton
from antechamber.dialects.grammar.patterns import PatternUnsupported
from tests.unit.dialects.grammar.sampler import dice

WORK = Work(10**12)
ATOMS = (
    *("a", "b", "1", ".", " ", "[ab]", "[^a]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "é"),
    *("[a-c1]", "[^\\w]", "\\.", "\\x61", "\\u0062", "[\\d-]", "[\\]a]", "\\-", "\\u{1F600}"),
)
atoms = st.sampled_from(ATOMS)
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(
            inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}", "*?"])
        ).map(lambda two: f"(?:{two[0]}){two[1]}"),
        inner.map("^{}".format),
        inner.map("{}$".format),
    ),
    max_leaves=6,
)
texts = st.text(alphabet="aabb1 .-é]\n\t_😀", max_size=6)


@example(pattern="(?:^)*", candidates=["", "a"])
@example(pattern="(?:^)+b", candidates=["b", "ab", "ba"])
@given(pattern=patterns, candidates=st.lists(texts, min_size=5, max_size=10))
def test_an_automaton_and_a_validator_agree_on_every_text(
    pattern: str, candidates: list[str]
) -> None:
    try:
        validator = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except jsonschema_rs.ValidationError:
        assume(False)
        return

    automaton = pattern_automaton(pattern, WORK)

    expected = [validator.is_valid(text) for text in candidates]
    assert [automaton.accepts(text) for text in candidates] == expected


NOT_REGULAR = (
    *("(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "\\bword", "\\Bx", "(a)\\1", "(?<n>a)\\k<n>"),
    *("\\p{L}", "(?i)a"),
)
MALFORMED = (
    *("(a", "a)", "a**", "*a", "a{", "a{x}", "[z-a]", "[\\w-z]", "[a", "\\", "\\x4", "\\u{}"),
    *("\\u{110000}", "\\ud83d", "\\07", "^*", "(?<n"),
)
TOO_LARGE = (
    *("((a{100}){100}){100}", "(a|b)*a(a|b){20}", "(" * 100 + ")" * 100, "^(.?){1000}x$"),
    "a{100000000}",
)


@pytest.mark.parametrize("pattern", [*NOT_REGULAR, *MALFORMED, *TOO_LARGE])
def test_what_is_not_regular_or_too_large_is_not_guessed(pattern: str) -> None:
    with pytest.raises(PatternUnsupported):
        pattern_automaton(pattern, WORK)


def test_automata_combine_as_their_languages_do() -> None:
    letters, short = pattern_automaton("^[a-c]+$", WORK), of_lengths(2, 3, WORK)
    barred = of_texts(["ab", "abc"], WORK)

    both = combined([letters, short], [barred], WORK)

    random = dice(7)
    for _ in range(500):
        text = "".join(random.choices("abcd", k=random.randint(0, 4)))
        wanted = set(text) <= set("abc") and 2 <= len(text) <= 3 and text not in ("ab", "abc")
        assert both.accepts(text) is wanted
    assert length_bounds(both) == (2, 3)
    assert combined([of_texts(["x"], WORK), short], [], WORK).empty


def test_the_lengths_of_a_language_are_known() -> None:
    bounds = [
        length_bounds(pattern_automaton(text, WORK)) for text in ("^a{2,4}b?$", "^a*$", "a|bcd")
    ]

    assert bounds == [(2, 5), (0, None), (1, None)]
