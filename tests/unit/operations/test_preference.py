"""The order among equals follows weights, and stays for a conversation."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.operations.answering.preference import in_order

Members = list[tuple[str, float, str]]
KEYS = [f"conversation-{number}" for number in range(4_000)]
NAMES = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


def members(**weights: float) -> Members:
    return [(name, weight, name) for name, weight in weights.items()]


@pytest.mark.parametrize("weights", [{"a": 1, "b": 1}, {"a": 9, "b": 1}, {"a": 5, "b": 3, "c": 2}])
def test_each_comes_first_as_often_as_its_weight_says(weights: dict[str, float]) -> None:
    first = Counter(in_order(members(**weights), key)[0] for key in KEYS)

    for name, weight in weights.items():
        assert first[name] / len(KEYS) == pytest.approx(weight / sum(weights.values()), abs=0.03)


def test_who_leaves_moves_only_its_own_conversations() -> None:
    all_three, two = members(a=1, b=1, c=1), members(a=1, c=1)

    for key in KEYS:
        before = in_order(all_three, key)
        assert in_order(two, key) == [name for name in before if name != "b"]


def test_who_is_added_takes_only_what_it_gets() -> None:
    two, three = members(a=1, b=1), members(a=1, b=1, c=1)

    moved = [key for key in KEYS if in_order(three, key)[0] != in_order(two, key)[0]]

    assert {in_order(three, key)[0] for key in moved} == {"c"}
    assert len(moved) / len(KEYS) == pytest.approx(1 / 3, abs=0.03)


@given(NAMES, st.text(max_size=8), st.floats(0.001, 1_000))
def test_the_order_depends_on_names_and_key_alone(
    names: list[str], key: str, weight: float
) -> None:
    given_members: Members = [(name, weight, name) for name in names]

    found = in_order(given_members, key)

    assert sorted(found) == sorted(names)
    assert in_order(given_members[::-1], key) == found
    assert in_order(given_members, key) == found


def test_a_key_that_is_no_unicode_has_its_place_too() -> None:
    assert in_order(members(a=1, b=1), "\ud800") in (["a", "b"], ["b", "a"])
