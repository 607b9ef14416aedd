"""Ids of calls that carry an engine's own: T24, T25."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.wire.call_ids import carried_by, carrying
from antechamber.wire.ids import new_id

VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=37)
ISSUED = re.compile(r"toolu_[A-Za-z0-9]{1,58}")
"""Bedrock takes 64 characters."""


@given(VISIBLE)
def test_t24_what_an_id_carries_comes_back_and_the_id_is_one_that_the_api_issues(
    original: str,
) -> None:
    issued = carrying(original, new_id)

    assert issued is not None
    assert ISSUED.fullmatch(issued)
    assert carried_by(issued) == original


def test_t24_the_same_id_of_two_turns_is_carried_by_two() -> None:
    assert carrying("call_0", new_id) != carrying("call_0", new_id)


@pytest.mark.parametrize(
    ("original", "length"),
    [("call_0", 30), ("call_DdmO9pD3xa9XTPNJ32zg2hcA", 55), ("!" * 37, 64), ("~" * 37, 64)],
)
def test_t25_no_id_is_longer_than_others_take(original: str, length: int) -> None:
    issued = carrying(original, new_id)

    assert issued is not None
    assert len(issued) <= length
    assert carried_by(issued) == original


@pytest.mark.parametrize("original", ["", "a b", "é", "a\n", "x" * 38, "\x00", "\x7f"])
def test_what_no_host_would_call_a_call_is_not_carried(original: str) -> None:
    assert carrying(original, new_id) is None


@pytest.mark.parametrize(
    "call_id",
    [
        *("", "toolu_02", "toolu_020", "toolu_0201", "toolu_01A09LqZ4kk3mBH0z5sGv1", "call_abc"),
        *("toolu_02abc0" + "z" * 120, "toolu_02abc0" + "z" * 5_000, "toolu_02" + "0" * 5_000),
        "toolu_020" + "1" * 100,
    ],
)
def test_an_id_that_carries_none_is_known_as_such(call_id: str) -> None:
    assert carried_by(call_id) is None


@given(st.text(string.ascii_letters + string.digits, max_size=60))
def test_an_id_that_somebody_makes_up_carries_nothing(tail: str) -> None:
    assert carried_by(f"toolu_02{tail}") is None


@given(VISIBLE, st.integers(min_value=9), st.sampled_from("123abcXYZ"))
def test_a_changed_id_carries_nothing_or_what_it_did(original: str, at: int, digit: str) -> None:
    issued = carrying(original, new_id) or ""
    place = 8 + at % (len(issued) - 8)

    changed = f"{issued[:place]}{digit}{issued[place + 1 :]}"

    assert carried_by(changed) in (None, original)
