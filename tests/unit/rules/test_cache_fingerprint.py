"""What a request is told to have changed since an earlier one.

Source: platform.claude.com/docs/en/build-with-claude/cache-diagnostics.
"""

import pytest

from antechamber.rules.cache_fingerprint import CacheFingerprint, cache_fingerprint, cache_miss
from antechamber.rules.thinking import thinking_plan
from antechamber.wire.responses import (
    CacheMissMessagesChanged,
    CacheMissModelChanged,
    CacheMissReason,
    CacheMissSystemChanged,
    CacheMissToolsChanged,
    CacheMissUnavailable,
)
from tests.unit.rules.requests import Fields, assistant, facts_of, parse, text, tool, user

FIELDS: Fields = {
    "model": "claude-opus-4-8",
    "tools": [tool()],
    "system": "Be brief.",
    "messages": [user("Hi")],
}
MORE = [user("Hi"), assistant("Ho"), user("Go on.")]


def fingerprint(**fields: object) -> CacheFingerprint:
    request = parse(**{**FIELDS, **fields})
    facts = facts_of(request.model)
    return cache_fingerprint(request, facts, thinking_plan(request, facts, "lenient", frozenset()))


def missed(**fields: object) -> CacheMissReason | None:
    before = fingerprint(messages=MORE).to_remember(input_tokens=1_000)
    return cache_miss(before, fingerprint(**{"messages": MORE, **fields}))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"model": "claude-opus-4-7"}, CacheMissModelChanged),
        ({"speed": "fast"}, CacheMissModelChanged),
        ({"tools": [tool("other")]}, CacheMissToolsChanged),
        ({"tools": [tool("other")], "system": "Be long."}, CacheMissToolsChanged),
        ({"system": "Be long."}, CacheMissSystemChanged),
        ({"system": "Be long.", "messages": [user("Ho")]}, CacheMissSystemChanged),
        ({"thinking": {"type": "adaptive"}}, CacheMissUnavailable),
        ({"tool_choice": {"type": "any"}}, CacheMissUnavailable),
        ({"messages": [user("Hello"), *MORE[1:]]}, CacheMissMessagesChanged),
        ({"messages": MORE[:1]}, CacheMissMessagesChanged),
    ],
)
def test_the_first_part_that_differs_is_named(
    fields: Fields, expected: type[CacheMissReason]
) -> None:
    assert type(missed(**fields)) is expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"messages": [*MORE, assistant("Well."), user("So?")]},
        {"temperature": 0.5, "max_tokens": 9},
        {"system": [text("Be brief.", cache_control={"type": "ephemeral"})]},
        {"speed": "standard"},
    ],
)
def test_a_request_that_only_adds_has_changed_nothing(fields: Fields) -> None:
    assert missed(**fields) is None


def test_what_was_missed_is_what_comes_behind_the_part_that_is_the_same() -> None:
    reasons = [
        missed(tools=[tool("other")]),
        missed(system="Be long."),
        missed(messages=[user("Ho")]),
        missed(messages=[*MORE[:2], user("Stop.")]),
    ]

    counts = [
        reason.cache_missed_input_tokens
        for reason in reasons
        if isinstance(
            reason, CacheMissToolsChanged | CacheMissSystemChanged | CacheMissMessagesChanged
        )
    ]
    assert counts[0] == 1_000
    assert counts == sorted(counts, reverse=True)
    assert 0 < counts[3] < counts[2] < counts[1] < 1_000


def test_of_a_long_conversation_little_is_remembered_and_the_last_block_always() -> None:
    long = fingerprint(messages=[user(*(str(number) for number in range(5_000)))])

    kept = long.to_remember(input_tokens=9)

    assert len(kept.marks) <= 256
    assert kept.marks[-1] == long.marks[-1]
    assert cache_miss(kept, long) is None
