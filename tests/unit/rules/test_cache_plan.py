"""What a cached prefix depends on, and where a request is read from the cache and written to it.

Source: platform.claude.com/docs/en/build-with-claude/prompt-caching.
"""

import pytest

from antechamber.rules.cache_plan import CachePlan, cache_plan
from antechamber.rules.thinking import thinking_plan
from tests.unit.rules.requests import (
    Fields,
    assistant,
    call,
    change,
    closed,
    facts_of,
    format_of,
    parse,
    parse_count,
    redacted,
    result,
    system,
    text,
    thought,
    tool,
    user,
)

EPHEMERAL: Fields = {"type": "ephemeral"}
BREAK: Fields = {"cache_control": EPHEMERAL}
LONG_BREAK: Fields = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
WEB_SEARCH: Fields = {"type": "web_search_20250305", "name": "web_search"}
PICTURE: Fields = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
}
CITED: Fields = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "A fact."},
    "citations": {"enabled": True},
}
TOOLS = [tool("read"), tool("write", **BREAK)]
SYSTEM = [text("Be brief."), text("Be kind.", **BREAK)]
ASKED = user("Hi", text("there", **BREAK))
AFTER = [assistant("Well?"), user("Go on.")]
KEPT = (True, True, True)
FROM_SYSTEM = (True, False, False)
FROM_MESSAGES = (True, True, False)
NOTHING = (False, False, False)


def plan_of(**fields: object) -> CachePlan | None:
    request = parse(**{"model": "claude-opus-4-8", **fields})
    facts = facts_of(request.model)
    thinking = thinking_plan(request, facts, "lenient", frozenset())
    return cache_plan(request, facts, thinking)


def plan(**fields: object) -> CachePlan:
    found = plan_of(**fields)
    assert found is not None
    return found


def marked(**fields: object) -> list[bytes]:
    """The digests of a request that marks its tools, its system prompt and its first message."""
    request: Fields = {"tools": TOOLS, "system": SYSTEM, "messages": [ASKED, *AFTER], **fields}
    found = plan(**request)
    return [found.digests[position] for position, _ in found.breakpoints]


@pytest.mark.parametrize(
    ("change_of", "expected"),
    [
        pytest.param({"tools": [tool("read"), tool("edit", **BREAK)]}, NOTHING, id="a tool's name"),
        pytest.param(
            {"tools": [tool("read", description="Reads."), tool("write", **BREAK)]},
            NOTHING,
            id="a tool's description",
        ),
        pytest.param(
            {"tools": [tool("read"), tool("write", input_schema=closed(), **BREAK)]},
            NOTHING,
            id="a tool's schema",
        ),
        pytest.param(
            {"tools": [tool("write"), tool("read", **BREAK)]}, NOTHING, id="the order of tools"
        ),
        pytest.param(format_of(closed()), NOTHING, id="a schema of the output"),
        pytest.param(
            {"mcp_servers": [{"type": "url", "name": "m", "url": "https://a.example/mcp"}]},
            NOTHING,
            id="an MCP server",
        ),
        pytest.param({"tools": [*TOOLS, WEB_SEARCH]}, FROM_SYSTEM, id="web search behind"),
        pytest.param({"tools": [WEB_SEARCH, *TOOLS]}, FROM_SYSTEM, id="web search in front"),
        pytest.param(
            {"messages": [ASKED, assistant("Well?"), user(CITED)]}, FROM_SYSTEM, id="citations"
        ),
        pytest.param({"speed": "fast"}, FROM_SYSTEM, id="speed"),
        pytest.param(
            {"system": [text("Be long."), text("Be kind.", **BREAK)]},
            FROM_SYSTEM,
            id="the system prompt",
        ),
        pytest.param({"tool_choice": {"type": "any"}}, FROM_MESSAGES, id="tool_choice"),
        pytest.param(
            {"messages": [ASKED, assistant("Well?"), user(PICTURE)]},
            FROM_MESSAGES,
            id="an image, elsewhere",
        ),
        pytest.param(
            {"messages": [ASKED, assistant(call()), user(result(content=[PICTURE]))]},
            FROM_MESSAGES,
            id="an image in a tool result",
        ),
        pytest.param({"thinking": {"type": "adaptive"}}, FROM_MESSAGES, id="thinking"),
        pytest.param(
            {"thinking": {"type": "enabled", "budget_tokens": 2_000}},
            FROM_MESSAGES,
            id="a thinking budget",
        ),
        pytest.param({"output_config": {"effort": "low"}}, FROM_MESSAGES, id="effort"),
        pytest.param(
            {"messages": [user("Ho", text("there", **BREAK)), *AFTER]},
            FROM_MESSAGES,
            id="the first message",
        ),
        pytest.param({"output_config": {"effort": "high"}}, KEPT, id="the effort that is default"),
        pytest.param({"speed": "standard"}, KEPT, id="the speed that is default"),
        pytest.param({"thinking": {"type": "disabled"}}, KEPT, id="no thinking, said so"),
        pytest.param({"tool_choice": {"type": "auto"}}, KEPT, id="the choice that is default"),
        pytest.param({"messages": [ASKED, *AFTER, *AFTER]}, KEPT, id="later messages"),
        pytest.param(
            {"messages": [ASKED, system("Be quick."), *AFTER]}, KEPT, id="a later instruction"
        ),
        pytest.param(
            {
                "messages": [
                    ASKED,
                    {"role": "system", "content": [change("addition", "read")]},
                    *AFTER,
                ]
            },
            KEPT,
            id="a tool that is added",
        ),
        pytest.param(
            {
                "metadata": {"user_id": "u"},
                "max_tokens": 7,
                "stop_sequences": ["."],
                "temperature": 0.5,
                "top_p": 0.5,
                "top_k": 5,
                "stream": True,
                "service_tier": "standard_only",
            },
            KEPT,
            id="what the model does not read",
        ),
    ],
)
def test_a_change_loses_its_level_and_what_follows(
    change_of: Fields, expected: tuple[bool, ...]
) -> None:
    before, after = marked(), marked(**change_of)

    assert tuple(one == other for one, other in zip(before, after, strict=True)) == expected


def test_another_budget_loses_the_messages() -> None:
    budgets = [{"type": "enabled", "budget_tokens": tokens} for tokens in (2_000, 3_000)]

    before, after = (marked(thinking=budget) for budget in budgets)

    assert before[:2] == after[:2]
    assert before[2] != after[2]


def test_a_cleared_tool_result_loses_what_follows_it_and_nothing_before() -> None:
    def digests(content: str) -> list[bytes]:
        found = result(content=content, cache_control=EPHEMERAL)
        return marked(messages=[ASKED, assistant(call()), user(found), *AFTER])

    before, after = digests("A long file."), digests("[cleared]")

    assert before[:3] == after[:3]
    assert before[3] != after[3]


@pytest.mark.parametrize(
    ("model", "kept"), [("claude-opus-4-8", True), ("claude-haiku-4-5", False)]
)
def test_words_of_the_user_after_thinking_cost_what_follows_where_thoughts_are_dropped(
    model: str, *, kept: bool
) -> None:
    loop = [
        user("Hi"),
        assistant(thought(), redacted(), call()),
        user(result(cache_control=EPHEMERAL)),
    ]
    thinking: Fields = {"type": "enabled", "budget_tokens": 1_024}

    during = plan(model=model, messages=loop, thinking=thinking)
    after = plan(model=model, messages=[*loop, assistant("So."), user("And?")], thinking=thinking)

    assert (during.digests[during.breakpoints[-1].position] in after.digests) is kept


# T33
def test_the_attribution_block_is_no_part_of_the_prefix() -> None:
    headers = ["x-anthropic-billing-header: cc_version=1.a;", "x-anthropic-billing-header: b"]

    plans = [plan(system=[text(header), *SYSTEM]) for header in headers]

    assert plans[0] == plans[1] == plan(system=SYSTEM)


def test_a_block_like_the_attribution_counts_elsewhere() -> None:
    one, other = (
        plan(system=[*SYSTEM, text(f"x-anthropic-billing-header: {version}", **BREAK)])
        for version in "ab"
    )

    assert one.digests[2] != other.digests[2]


def test_breakpoints_are_no_part_of_the_prefix() -> None:
    everywhere = plan(
        tools=[tool(**BREAK)],
        messages=[user("Hi"), assistant(call()), user(result(content=[text("Ho", **BREAK)]))],
        **LONG_BREAK,
    )

    found = plan(
        tools=[tool()],
        messages=[
            user("Hi"),
            assistant(call()),
            user(result(content="Ho", cache_control=EPHEMERAL)),
        ],
    )

    assert found.digests == everywhere.digests


def test_a_text_is_the_same_as_a_block_of_it() -> None:
    as_text = plan(system="Be.", messages=[{"role": "user", "content": "Hi"}], **BREAK)

    assert as_text == plan(system=[text("Be.")], messages=[user("Hi")], **BREAK)


def test_who_speaks_is_part_of_the_prefix() -> None:
    asked = plan(messages=[user("Hi"), user("Ho"), user("He")], **BREAK)
    answered = plan(messages=[user("Hi"), assistant("Ho"), user("He")], **BREAK)

    assert asked.digests[0] == answered.digests[0]
    assert asked.digests[1] != answered.digests[1]


def test_an_instruction_that_is_over_is_no_part_of_the_prefix() -> None:
    over = system("Be quick.", clear_at="next_user_message")

    found = plan(messages=[user("Hi"), over, *AFTER], **BREAK)

    assert found == plan(messages=[user("Hi"), *AFTER], **BREAK)


def test_counting_has_the_prefix_of_creating() -> None:
    request, facts = parse_count(model="claude-opus-4-8", **BREAK), facts_of("claude-opus-4-8")

    counted = cache_plan(request, facts, thinking_plan(request, facts, "lenient", frozenset()))

    assert counted == plan(**BREAK)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"messages": [user("Hi", "there")]}, [(1, 300)], id="the last block"),
        pytest.param(
            {"messages": [user("Hi"), assistant("So", thought()), user("And?")]},
            [(3, 300)],
            id="behind a thought",
        ),
        pytest.param(
            {"messages": [user("Hi"), assistant("So", thought())]},
            [(1, 300)],
            id="the last one that can be marked",
        ),
        pytest.param(
            {"messages": [user("Hi", text("there", **BREAK))]}, [(1, 300)], id="marked already"
        ),
        pytest.param(
            {"tools": [tool(**LONG_BREAK)], "messages": [user("Hi")]},
            [(0, 3600), (1, 300)],
            id="beside an explicit one",
        ),
        pytest.param({"messages": [assistant(thought())]}, None, id="nothing that could be marked"),
    ],
)
def test_the_automatic_breakpoint_is_on_the_last_block_that_can_be_marked(
    fields: Fields, expected: list[tuple[int, int]] | None
) -> None:
    thinking: Fields = {"type": "enabled", "budget_tokens": 1_024}

    found = plan_of(thinking=thinking, **fields, **BREAK)

    assert (found and found.breakpoints) == expected


def test_explicit_breakpoints_come_in_the_order_of_the_prefix() -> None:
    found = plan(
        tools=[tool("read"), tool("write", **LONG_BREAK)],
        system=[text("Be.", **LONG_BREAK)],
        messages=[user("Hi", text("there", **BREAK))],
    )

    assert found.breakpoints == [(1, 3600), (2, 3600), (4, 300)]


def test_nothing_marked_is_no_plan() -> None:
    assert plan_of(tools=[tool()], system="Be.") is None


def test_a_breakpoint_looks_at_twenty_positions_with_itself() -> None:
    blocks = [text(str(number)) for number in range(40)]
    blocks[35] = text("35", **BREAK)

    assert plan(messages=[user(*blocks)]).looked_at() == list(range(35, 15, -1))


def test_each_breakpoint_opens_its_own_window() -> None:
    blocks = [text(str(number)) for number in range(60)]
    blocks[2] = blocks[55] = text("here", **BREAK)

    found = plan(messages=[user(*blocks)])

    assert found.looked_at() == [*range(55, 35, -1), 2, 1, 0]


def test_an_image_weighs_what_it_costs_and_not_its_bytes() -> None:
    def weight(size: int) -> int:
        source = {"type": "base64", "media_type": "image/png", "data": "A" * size}
        return plan(messages=[user({"type": "image", "source": source})], **BREAK).weights[-1]

    assert weight(8) == weight(400_000)
