"""What most requests are, and which rules have nothing to say about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.rules.check import _MOOT_WHEN_PLAIN
from antechamber.rules.reading import read
from tests.unit.rules.requests import (
    Asked,
    assistant,
    call,
    context_of,
    format_of,
    parse,
    result,
    system,
    text,
    thought,
    tool,
    user,
)

_TEXTS = st.sampled_from(["Hi", " ", "", "So?"])
_BREAKPOINTS = st.sampled_from([{}, {"cache_control": {"type": "ephemeral"}}])
_BLOCKS = st.lists(st.builds(lambda words, more: text(words, **more), _TEXTS, _BREAKPOINTS))
_MESSAGES = st.lists(
    st.builds(
        lambda make, blocks: make(*blocks), st.sampled_from([user, assistant, system]), _BLOCKS
    ),
    min_size=1,
    max_size=6,
)


@given(_MESSAGES, st.sampled_from(["lenient", "hosted"]), st.sampled_from([None, []]))
def test_a_rule_that_is_moot_for_plain_requests_lets_all_of_them_through(
    messages, fidelity, tools
) -> None:
    more = {} if tools is None else {"tools": tools}
    request = parse(messages=messages, **more)
    reading = read(request, context_of(request.model, Asked(fidelity=fidelity)))

    assert reading.is_plain
    for rule in _MOOT_WHEN_PLAIN:
        rule(reading)


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [tool()]},
        {"thinking": {"type": "adaptive"}},
        {"tool_choice": {"type": "none"}},
        format_of({"type": "object"}),
        {"messages": [user("Hi"), assistant(thought(), "Yes?"), user("So?")]},
        {"messages": [user("Hi"), assistant(call()), user(result())]},
        {"context_management": {"edits": []}},
    ],
)
def test_anything_but_text_is_not_plain(fields) -> None:
    request = parse(**fields)

    assert not read(request, context_of(request.model, Asked())).is_plain
