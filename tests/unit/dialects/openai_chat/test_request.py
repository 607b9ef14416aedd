"""What leaves for a host: whole bodies for a scene on each, then one matter after the other."""

import json
from typing import Any, Literal

import pytest

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.reading import Remedy
from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.errors import InvalidRequest
from tests.unit.dialects.openai_chat.scenes import (
    GENERIC,
    OFF,
    ON,
    OPENAI,
    PNG,
    PNG_PART,
    VLLM,
    messages_of,
    request,
    written,
)
from tests.unit.dialects.raw_prompt.scenes import assistant, call, result, system, tool, user

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
NAMED = {"type": "function", "function": {"name": "look"}}
FORMAT = {"type": "json_schema", "schema": SCHEMA}


def scene() -> Any:
    return request(
        "Look around.",
        assistant(THOUGHT, "Yes.", call("toolu_1")),
        user(result("toolu_1", "a wall")),
        system="Be brief.",
        tools=[tool(description="Look.")],
        temperature=0.5,
        stop_sequences=["END"],
        metadata={"user_id": "me"},
    )


def test_a_whole_request_to_a_host_of_which_nothing_is_known() -> None:
    body = written(scene()).body

    assert body == {
        "model": "the-model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Look around."},
            {
                "role": "assistant",
                "content": "Yes.",
                "tool_calls": [
                    {
                        "id": "toolu_1",
                        "type": "function",
                        "function": {"name": "look", "arguments": "{}"},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "toolu_1", "content": "a wall"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "look",
                    "description": "Look.",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "temperature": 0.5,
        "user": "me",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_whole_request_to_vllm_with_thinking() -> None:
    asked = request("Hello", top_k=40, top_p=0.9, stop_sequences=["END"])

    body = written(asked, VLLM, ON).body

    assert body == {
        "model": "the-model",
        "messages": [{"role": "user", "content": "Hello"}],
        "chat_template_kwargs": {"enable_thinking": True, "thinking": True},
        "reasoning_effort": "high",
        "thinking_token_budget": 100,
        "top_p": 0.9,
        "top_k": 40,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_whole_request_to_openai() -> None:
    asked = request(
        "Where?", system="Be brief.", output_config={"format": FORMAT, "effort": "xhigh"}
    )

    body = written(asked, OPENAI, ThinkingPlan(on=True, budget_tokens=4_096)).body

    assert body == {
        "model": "the-model",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "Where?"},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
        "reasoning_effort": "xhigh",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_thoughts_of_the_running_loop_go_back_where_the_host_takes_them() -> None:
    messages = messages_of(scene(), VLLM)

    assert messages[2]["reasoning_content"] == "hm"


def test_thoughts_of_earlier_turns_go_back_only_where_they_are_kept() -> None:
    asked = request("a", assistant(THOUGHT, "b"), "c")

    assert "reasoning_content" not in messages_of(asked, VLLM)[1]
    kept = ThinkingPlan(on=False, keeps_earlier=True)
    assert messages_of(asked, VLLM, plan=kept)[1]["reasoning_content"] == "hm"


def test_t25_an_id_is_the_same_in_use_and_result_and_of_the_form_that_the_host_takes() -> None:
    nine = Quirks(tool_ids="nine")

    said = messages_of(scene(), nine)

    used, answered = said[2]["tool_calls"][0]["id"], said[3]["tool_call_id"]
    assert used == answered
    assert len(used) == 9
    assert used.isalnum()
    assert messages_of(scene(), nine) == said


def test_results_of_parallel_calls_go_in_the_order_of_the_calls() -> None:
    asked = request(
        "go",
        assistant(call("toolu_1"), call("toolu_2")),
        user(result("toolu_2", "second"), result("toolu_1", "first"), "and now?"),
    )

    assert messages_of(asked)[2:] == [
        {"role": "tool", "tool_call_id": "toolu_1", "content": "first"},
        {"role": "tool", "tool_call_id": "toolu_2", "content": "second"},
        {"role": "user", "content": "and now?"},
    ]


@pytest.mark.parametrize("content", [{}, {"content": ""}, {"content": []}])
def test_t28_an_empty_result_is_a_result_all_the_same(content: dict[str, Any]) -> None:
    block = {"type": "tool_result", "tool_use_id": "toolu_1", **content}
    asked = request("go", assistant(call("toolu_1")), user(block))

    assert messages_of(asked)[2] == {"role": "tool", "tool_call_id": "toolu_1", "content": ""}


def test_a_failed_call_says_so() -> None:
    asked = request(
        "go", assistant(call("toolu_1")), user(result("toolu_1", "no disk", is_error=True))
    )

    assert messages_of(asked)[2]["content"] == "Error:\nno disk"


def test_t29_an_image_in_a_result_is_shown_by_the_next_user_message() -> None:
    asked = request("go", assistant(call("toolu_1")), user(result("toolu_1", "a cat", PNG), "ok?"))

    answered, shown = messages_of(asked)[2:]

    assert answered["role"] == "tool"
    assert answered["content"].startswith("a cat\n")
    assert shown["role"] == "user"
    assert PNG_PART in shown["content"]
    assert shown["content"][-1] == {"type": "text", "text": "ok?"}


def test_t29_an_image_in_a_result_stays_there_where_the_host_takes_it() -> None:
    asked = request("go", assistant(call("toolu_1")), user(result("toolu_1", PNG)))

    messages = messages_of(asked, Quirks(images_in_results=True))

    assert messages[2]["content"] == [PNG_PART]
    assert len(messages) == 3


def test_images_go_by_value() -> None:
    (message,) = messages_of(request(user("see", PNG)))

    assert message["content"] == [{"type": "text", "text": "see"}, PNG_PART]


def test_what_a_host_cannot_be_shown_is_refused_with_its_place() -> None:
    url = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    pdf = {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
    }

    with pytest.raises(InvalidRequest, match=r"^messages\.0\.content\.0\.image\.source: "):
        written(request(user(url)))
    with pytest.raises(InvalidRequest, match=r"^messages\.0\.content\.0\.document: .*PDF"):
        written(request(user(pdf)))
    (message,) = messages_of(request(user(pdf)), OPENAI)
    assert message["content"][0]["type"] == "file"


def test_documents_and_search_results_are_told_as_text() -> None:
    document = {
        "type": "document",
        "title": "Notes",
        "source": {"type": "text", "media_type": "text/plain", "data": "one"},
    }
    found = {
        "type": "search_result",
        "source": "https://example.com",
        "title": "Two",
        "content": [{"type": "text", "text": "two"}],
    }

    (message,) = messages_of(request(user(document, found)))

    assert message["content"] == (
        "<document>\nNotes\none\n</document>\n"
        "<search_result>\nTwo\nhttps://example.com\ntwo\n</search_result>"
    )


def test_system_messages_inside_stay_in_place_or_are_told_by_the_user() -> None:
    asked = request("a", assistant("b"), user("c"), system("Now be brief."))

    assert messages_of(asked)[-1] == {"role": "system", "content": "Now be brief."}
    told = messages_of(asked, Quirks(late_system="tell"))
    assert told[-1] == {"role": "user", "content": "c\n<system>\nNow be brief.\n</system>"}


@pytest.mark.parametrize("late_system", ["keep", "tell"])
def test_t30_the_messages_of_a_turn_begin_those_of_the_next(
    late_system: Literal["keep", "tell"],
) -> None:
    conversation = [
        user("One."),
        system("Two."),
        assistant(call("toolu_1")),
        user(result("toolu_1", "Three.")),
        system("Four."),
        assistant("Five."),
        user("Six."),
        system("Seven."),
        assistant("Eight."),
        user("Nine."),
    ]
    quirks = Quirks(late_system=late_system)
    ends = [at for at, message in enumerate(conversation) if message["role"] == "assistant"]

    whole = messages_of(request(*conversation, system="Zero."), quirks)
    for end in ends:
        said = messages_of(request(*conversation[:end], system="Zero."), quirks)
        assert whole[: len(said)] == said
        assert whole[len(said)]["role"] == "assistant"

    texts = [message["content"] for message in whole]
    words = ["Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"]
    places = ["\n".join(texts).index(word) for word in words]
    assert places == sorted(places)


def test_a_billing_header_of_the_client_reaches_no_host() -> None:
    blocks = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=1"},
        {"type": "text", "text": "Be brief."},
    ]

    assert messages_of(request("a", system=blocks))[0]["content"] == "Be brief."


def test_messages_of_one_role_in_a_row_become_one() -> None:
    asked = request(user("a"), user("b"), assistant("c"), assistant("d"), user("e"))

    assert messages_of(asked) == [
        {"role": "user", "content": "a\nb"},
        {"role": "assistant", "content": "cd"},
        {"role": "user", "content": "e"},
    ]


def test_a_begun_answer_is_continued_where_the_host_can() -> None:
    asked = request("a", "It is")

    flagged = written(asked, VLLM).body
    plain = written(asked, HOSTS["llamacpp"]).body

    assert (flagged["continue_final_message"], flagged["add_generation_prompt"]) == (True, False)
    assert "continue_final_message" not in plain
    with pytest.raises(InvalidRequest, match="does not support assistant message prefill"):
        written(asked, OPENAI)


@pytest.mark.parametrize(
    ("host", "choice", "sent"),
    [
        ("generic", None, None),
        ("generic", {"type": "auto"}, None),
        ("generic", {"type": "any"}, "required"),
        ("generic", {"type": "tool", "name": "look"}, "required"),
        ("vllm", {"type": "tool", "name": "look"}, NAMED),
        ("generic", {"type": "none"}, "none"),
    ],
)
def test_the_choice_of_a_tool(host: str, choice: Any, sent: object) -> None:
    chosen = {} if choice is None else {"tool_choice": choice}

    body = written(request("a", tools=[tool(), tool("run")], **chosen), HOSTS[host]).body

    assert body.get("tool_choice") == sent


def test_a_tool_that_cannot_be_named_is_the_only_one_that_is_declared() -> None:
    asked = request("a", tools=[tool(), tool("run")], tool_choice={"type": "tool", "name": "look"})

    assert written(asked).body["tools"] == [LOOK]
    assert len(written(asked, VLLM).body["tools"]) == 2  # type: ignore[arg-type]


def test_a_host_that_heeds_no_choice_is_bound_to_the_json_of_a_call() -> None:
    asked = request("a", tools=[tool()], tool_choice={"type": "any"})

    made = written(asked, HOSTS["ollama"])

    assert "tools" not in made.body
    form: Any = made.body["response_format"]
    assert form["json_schema"]["schema"]["properties"]["name"] == {"const": "look"}
    assert '"name": "look"' in made.body["messages"][0]["content"]  # type: ignore[index]
    assert made.plan.text_is_call
    assert (
        written(
            request("a", tools=[tool()], tool_choice={"type": "none"}), HOSTS["ollama"]
        ).body.get("tools")
        is None
    )


def test_one_call_at_a_time_is_asked_for() -> None:
    asked = request(
        "a", tools=[tool()], tool_choice={"type": "auto", "disable_parallel_tool_use": True}
    )

    made = written(asked)

    assert made.body["parallel_tool_calls"] is False
    assert made.plan.one_call
    assert "parallel_tool_calls" not in written(asked, HOSTS["ollama"]).body


def test_tools_are_those_in_force_at_the_end() -> None:
    added = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "run"}}
    removed = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "look"}}
    asked = request(
        "a",
        assistant("b"),
        user("c"),
        system(added, removed),
        tools=[tool(), tool("run", defer_loading=True)],
    )

    made = written(asked)

    assert [one["function"]["name"] for one in made.body["tools"]] == ["run"]  # type: ignore[union-attr]
    assert made.body["messages"][-1]["content"] == (  # type: ignore[index]
        "The function run can now be called.\nThe function look can no longer be called."
    )


def test_tools_that_the_client_runs_are_declared_with_their_inputs() -> None:
    asked = request("a", tools=[{"type": "bash_20250124", "name": "bash"}])

    shell: Any = written(asked).body["tools"]
    flat: Any = written(asked, OPENAI).body["tools"]

    assert "anyOf" in shell[0]["function"]["parameters"]
    assert flat[0]["function"]["parameters"] == {
        "type": "object",
        "properties": {"command": {"type": "string"}, "restart": {"const": True}},
        "required": [],
    }


def test_long_names_are_cut_for_a_host_and_come_back_whole() -> None:
    long = "mcp__" + "x" * 90
    made = written(request("a", tools=[tool(long), tool(long + "y")]), OPENAI)

    sent = [one["function"]["name"] for one in made.body["tools"]]  # type: ignore[union-attr]

    assert all(len(name) <= 64 for name in sent)
    assert [made.plan.names[name] for name in sent] == [long, long + "y"]


def test_only_schemas_of_the_strict_subset_are_sent_as_strict() -> None:
    closed, open_ = tool("look", input_schema=SCHEMA, strict=True), tool("run", strict=True)

    made = written(request("a", tools=[closed, open_]), OPENAI)

    assert [one["function"].get("strict") for one in made.body["tools"]] == [True, None]  # type: ignore[union-attr]
    assert made.plan.checks_calls
    assert set(made.plan.strict) == {"look", "run"}


@pytest.mark.parametrize(
    ("choice", "strict"),
    [
        ({"type": "auto"}, [None, None, True]),
        ({"type": "any"}, [True, True, True]),
        ({"type": "tool", "name": "run"}, [None, True, True]),
    ],
    ids=["auto", "any", "named"],
)
def test_vllm_binds_calls_that_must_come_and_strict_ones(choice: Any, strict: list[Any]) -> None:
    tools = [tool("look"), tool("run"), tool("stop", strict=True)]

    made = written(request("a", tools=tools, tool_choice=choice), VLLM)

    assert [one["function"].get("strict") for one in made.body["tools"]] == strict  # type: ignore[union-attr]


@pytest.mark.parametrize("quirks", [GENERIC, VLLM, OPENAI], ids=["generic", "vllm", "openai"])
def test_a_call_that_must_come_is_held_against_its_schema(quirks: Quirks) -> None:
    tools = [tool("look", input_schema=SCHEMA), tool("run", strict=True)]

    forced = written(request("a", tools=tools, tool_choice={"type": "any"}), quirks).plan
    free = written(request("a", tools=tools), quirks).plan

    assert (forced.forced, set(forced.strict)) == ({"look": SCHEMA}, {"run"})
    assert (free.forced, set(free.strict)) == ({}, {"run"})


@pytest.mark.parametrize(
    ("quirks", "tools", "bound", "checked"),
    [
        (VLLM, [], True, False),
        (GENERIC, [], True, True),
        (VLLM, [tool()], False, True),
        (OPENAI, [tool()], True, False),
        (HOSTS["deepseek"], [], False, True),
    ],
)
def test_t52_an_answer_in_json_is_bound_by_the_host_or_checked_here(
    quirks: Quirks, tools: list[Any], bound: bool, checked: bool
) -> None:
    asked = request("a", tools=tools, output_config={"format": FORMAT})

    made = written(asked, quirks)

    assert ("response_format" in made.body) is bound
    assert (made.plan.answer_schema is not None) is checked
    assert ("JSON Schema" in json.dumps(made.body["messages"])) is not bound


def test_a_second_attempt_is_bound_by_all_means() -> None:
    asked = request("a", tools=[tool(), tool("run")], output_config={"format": FORMAT})

    answer = written(asked, VLLM, ON, Remedy(bind="answer"))
    called = written(asked, VLLM, ON, Remedy(bind="call", tool="run"))

    assert "tools" not in answer.body
    assert "response_format" in answer.body
    assert answer.body["chat_template_kwargs"] == {"enable_thinking": False, "thinking": False}
    assert called.plan.names == {"run": "run"}
    assert called.plan.text_is_call


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2_000}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10_000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 32_000}}, "high"),
        ({"thinking": {"type": "adaptive"}}, "high"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "xhigh"),
    ],
)
def test_effort_follows_what_was_asked_for(fields: dict[str, Any], effort: str) -> None:
    asked = request("a", **{"max_tokens": 40_000, **fields})

    body = written(asked, OPENAI, ThinkingPlan(on=True, budget_tokens=1)).body

    assert body["reasoning_effort"] == effort


@pytest.mark.parametrize(
    ("host", "asks"),
    [("generic", False), ("openai", True), ("mistral", True), ("vllm", True), ("deepseek", True)],
)
def test_no_effort_is_asked_for_in_a_tool_loop_whose_thoughts_an_unknown_host_does_not_get(
    host: str, asks: bool
) -> None:
    loop = [user("a"), assistant(THOUGHT, call("toolu_1")), user(result("toolu_1", "b"))]
    without = [user("a"), assistant(call("toolu_1")), user(result("toolu_1", "b"))]
    ended = [*loop, assistant("c"), user("d")]

    sent = [
        "reasoning_effort" in written(request(*said), HOSTS[host], ON).body
        for said in (loop, without, ended)
    ]

    assert sent == [asks, True, True]


def test_a_host_that_thinks_unasked_is_told_not_to() -> None:
    assert written(request("a"), HOSTS["ollama"], OFF).body["reasoning_effort"] == "none"
    assert written(request("a"), HOSTS["openrouter"], OFF).body["reasoning"] == {"enabled": False}
    assert written(request("a"), HOSTS["llamacpp"], OFF).body["chat_template_kwargs"] == {
        "enable_thinking": False,
        "thinking": False,
    }


def test_a_host_that_tells_where_it_stopped_does_the_stopping() -> None:
    asked = request("a", stop_sequences=["END", "STOP"])

    told, thinking, unsaid = written(asked, VLLM), written(asked, VLLM, ON), written(asked)

    assert (told.body["stop"], told.plan.stop_told) == (["END", "STOP"], ("END", "STOP"))
    assert told.plan.stop_here == ()
    for made in (thinking, unsaid):
        assert "stop" not in made.body
        assert made.plan.stop_here == ("END", "STOP")


def test_a_long_user_id_is_sent_as_its_digest() -> None:
    asked = request("a", metadata={"user_id": "u" * 200})

    assert len(str(written(asked).body["user"])) == 64


def test_a_tier_is_sent_where_there_are_some() -> None:
    asked = request("a", service_tier="priority")

    assert written(asked, OPENAI).body["service_tier"] == "priority"
    assert "service_tier" not in written(asked).body


def test_calls_that_cannot_be_streamed_are_asked_for_whole() -> None:
    whole = Quirks(streams_calls=False)

    body = written(request("a", tools=[tool()]), whole).body

    assert body["stream"] is False
    assert "stream_options" not in body
    assert written(request("a"), whole).body["stream"] is True


def test_top_k_is_refused_where_the_host_does_not_know_it() -> None:
    with pytest.raises(InvalidRequest, match=r"^top_k: "):
        written(request("a", top_k=5), OPENAI)
