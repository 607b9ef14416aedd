import re
from typing import Any

import pytest

from antechamber.dialects.gemini.tool_names import gemini_name
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.errors import InvalidRequest
from tests.unit.dialects.gemini.scenes import (
    MODEL,
    OFF,
    ON,
    assistant,
    call,
    result,
    sent,
    system,
    text,
    tool,
    translated,
    user,
)

PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQ="}
INLINE_PNG = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
INLINE_PDF = {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0xLjQ="}}
SKIPS = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORMAT = {"format": {"type": "json_schema", "schema": SCHEMA}}


def contents(*messages: object, **fields: Any) -> list[dict[str, Any]]:
    return sent(*messages, **fields)["contents"]


def parts(block: object, **fields: Any) -> list[dict[str, Any]]:
    return contents(user(block), **fields)[0]["parts"]


def config(**fields: Any) -> dict[str, Any]:
    return sent("Hi", **fields)["generationConfig"]


def test_a_plain_request() -> None:
    body = sent("Hi", "Hello.", "How are you?", system="Be brief.", model="gemini-2.0-flash")

    assert body == {
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [{"text": "Hello."}]},
            {"role": "user", "parts": [{"text": "How are you?"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 100},
    }


def test_a_request_with_everything() -> None:
    body = sent(
        user(text("What is it like there?"), {"type": "image", "source": PNG}),
        assistant(text("I look."), call("toolu_1", "weather", city="Bern")),
        user(result("toolu_1", text("Sunny")), text("Well?")),
        system=[text("x-anthropic-billing-header: cc"), text("Be brief."), text("Be kind.")],
        tools=[tool("weather")],
        tool_choice={"type": "auto"},
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop_sequences=["END"],
        plan=ON,
    )

    assert body == {
        "contents": [
            {"role": "user", "parts": [{"text": "What is it like there?"}, INLINE_PNG]},
            {
                "role": "model",
                "parts": [
                    {"text": "I look."},
                    {
                        "functionCall": {
                            "id": "toolu_1",
                            "name": "weather",
                            "args": {"city": "Bern"},
                        },
                        "thoughtSignature": SKIPS,
                    },
                ],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "id": "toolu_1",
                            "name": "weather",
                            "response": {"output": "Sunny"},
                        }
                    },
                    {"text": "Well?"},
                ],
            },
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "weather",
                        "description": "About weather.",
                        "parametersJsonSchema": {
                            "type": "object",
                            "properties": {"city": {"type": "string"}},
                            "required": ["city"],
                        },
                    }
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {
            "maxOutputTokens": 100,
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40,
            "thinkingConfig": {"thinkingLevel": "high", "includeThoughts": True},
        },
    }


def test_stop_sequences_are_looked_for_here_because_gemini_does_not_say_which_it_met() -> None:
    request = translated("Hi", stop_sequences=["END", "STOP"])

    assert request.stop_sequences == ("END", "STOP")
    assert "stopSequences" not in str(request.body)


def test_messages_of_one_role_in_a_row_become_one_content() -> None:
    told = contents(user(text("a")), user(text("b")), assistant(text("c")), assistant(text("d")))

    assert [(each["role"], len(each["parts"])) for each in told] == [("user", 2), ("model", 2)]


def test_a_system_message_stays_in_its_place_behind_the_results_it_came_with() -> None:
    told = contents(
        "Hi",
        assistant(call("toolu_1", "weather")),
        system("Be brief now."),
        user(result("toolu_1", text("Sunny"))),
        tools=[tool("weather")],
    )

    assert [list(part) for part in told[2]["parts"]] == [["functionResponse"], ["text"]]
    assert told[2]["parts"][1]["text"] == "<system>\nBe brief now.\n</system>"


def test_a_system_message_that_ends_with_the_next_user_message_is_left_out_then() -> None:
    told = contents("Hi", "Yes?", system("Hush.", clear_at="next_user_message"), user(text("Go")))

    assert "Hush" not in str(told)


def test_what_the_answer_begins_with_comes_last_and_in_the_models_name() -> None:
    told = contents("A poem", "Roses are")

    assert told[-1] == {"role": "model", "parts": [{"text": "Roses are"}]}


def test_a_message_of_which_nothing_is_left_is_no_content() -> None:
    told = contents(
        "Hi", assistant({"type": "thinking", "thinking": "Hm", "signature": "x"}), "Well?"
    )

    assert told == [{"role": "user", "parts": [{"text": "Hi"}, {"text": "Well?"}]}]


@pytest.mark.parametrize(
    ("source", "part"),
    [
        (PNG, INLINE_PNG),
        (
            {"type": "url", "url": "https://e.org/a.jpg?x=1"},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://e.org/a.jpg?x=1"}},
        ),
        (
            {"type": "url", "url": "https://e.org/a"},
            {"fileData": {"fileUri": "https://e.org/a"}},
        ),
    ],
)
def test_images(source: object, part: object) -> None:
    assert parts({"type": "image", "source": source}) == [part]


@pytest.mark.parametrize(
    ("source", "inner"),
    [
        (PDF, [INLINE_PDF]),
        (
            {"type": "url", "url": "https://e.org/a.pdf"},
            [{"fileData": {"mimeType": "application/pdf", "fileUri": "https://e.org/a.pdf"}}],
        ),
        ({"type": "text", "media_type": "text/plain", "data": "Words."}, [{"text": "Words."}]),
        (
            {"type": "content", "content": [text("One"), {"type": "image", "source": PNG}]},
            [{"text": "One"}, INLINE_PNG],
        ),
    ],
)
def test_documents_with_what_is_said_of_them(source: object, inner: list[object]) -> None:
    block = {"type": "document", "source": source, "title": "A", "context": "B"}

    assert parts(block) == [{"text": "<document>\nA\nB"}, *inner, {"text": "</document>"}]


@pytest.mark.parametrize("kind", ["image", "document"])
def test_uploaded_files_are_refused_and_not_left_out(kind: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"messages\.0\.content\.0\.{kind}\.source: "):
        parts({"type": kind, "source": {"type": "file", "file_id": "file_1"}})


# T29
@pytest.mark.parametrize(
    ("model", "within", "beside"),
    [
        ("gemini-3-flash-preview", [INLINE_PNG], []),
        ("gemini-2.5-pro", None, [{"text": "look (toolu_1) returned:"}, INLINE_PNG]),
    ],
)
def test_images_in_results_reach_the_model(model: str, within: object, beside: object) -> None:
    told = contents(
        "Hi",
        assistant(call("toolu_1", "look")),
        user(result("toolu_1", text("Here:"), {"type": "image", "source": PNG})),
        tools=[tool("look")],
        model=model,
    )

    first, *others = told[2]["parts"]
    assert first["functionResponse"].get("parts") == within
    assert first["functionResponse"]["response"] == {"output": "Here:"}
    assert others == beside


def test_results_come_in_the_order_of_their_calls_with_name_and_outcome() -> None:
    told = contents(
        "Hi",
        assistant(call("toolu_1", "a"), call("toolu_2", "b")),
        user(result("toolu_2", text("No."), is_error=True), result("toolu_1")),
        tools=[tool("a"), tool("b")],
    )

    assert [part["functionResponse"] for part in told[2]["parts"]] == [
        {"id": "toolu_1", "name": "a", "response": {"output": ""}},
        {"id": "toolu_2", "name": "b", "response": {"error": "No."}},
    ]


# T25
def test_the_id_of_a_foreign_call_is_the_same_in_use_and_result() -> None:
    told = contents(
        "Hi",
        assistant(call("call_openai-xyz", "a")),
        user(result("call_openai-xyz", text("1"))),
        tools=[tool("a")],
    )

    used = told[1]["parts"][0]["functionCall"]["id"]
    assert used == told[2]["parts"][0]["functionResponse"]["id"] == "call_openai-xyz"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {"mode": "AUTO"}),
        ({"type": "auto"}, {"mode": "AUTO"}),
        ({"type": "any"}, {"mode": "ANY"}),
        ({"type": "none"}, {"mode": "NONE"}),
        ({"type": "tool", "name": "b"}, {"mode": "ANY", "allowedFunctionNames": ["b"]}),
    ],
)
def test_tool_choices(choice: object, expected: object) -> None:
    fields: dict[str, Any] = {"tool_choice": choice} if choice else {}
    body = sent("Hi", tools=[tool("a"), tool("b")], **fields)

    assert body["toolConfig"] == {"functionCallingConfig": expected}


def test_strict_tools_are_held_to_their_schema() -> None:
    body = sent("Hi", tools=[tool("a", strict=True), tool("b")])

    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}


def test_one_call_at_a_time_is_kept_to_when_the_answer_is_read() -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}

    assert translated("Hi", tools=[tool("a")], tool_choice=choice).one_call
    assert not translated("Hi", tools=[tool("a")]).one_call


def test_a_deferred_tool_is_declared_once_something_has_loaded_it_or_it_is_forced() -> None:
    tools = [tool("a"), tool("b", defer_loading=True), tool("c", defer_loading=True)]
    loaded = [
        "Hi",
        assistant(call("toolu_1", "a")),
        user(result("toolu_1", {"type": "tool_reference", "tool_name": "b"})),
    ]

    def names(*messages: object, **fields: Any) -> list[str]:
        (told,) = sent(*messages, tools=tools, **fields)["tools"]
        return [each["name"] for each in told["functionDeclarations"]]

    assert names("Hi") == ["a"]
    assert names(*loaded) == ["a", "b"]
    assert names("Hi", tool_choice={"type": "tool", "name": "c"}) == ["a", "c"]


def test_tools_with_a_schema_of_the_api_are_functions_too() -> None:
    (told,) = sent("Hi", tools=[{"type": "bash_20250124", "name": "bash"}])["tools"]

    (declared,) = told["functionDeclarations"]
    assert declared["name"] == "bash"
    assert "const" not in str(declared["parametersJsonSchema"])


def test_tools_that_the_server_would_have_to_run_are_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"tools\.0: This model does not support tools of"):
        sent("Hi", tools=[{"type": "web_search_20250305", "name": "web_search"}])


def test_names_that_gemini_does_not_take_are_made_to_fit_everywhere_alike() -> None:
    name = "9" + "x" * 100
    body = sent(
        "Hi",
        assistant(call("toolu_1", name)),
        user(result("toolu_1")),
        tools=[tool(name)],
        tool_choice={"type": "tool", "name": name},
    )

    found = {
        body["tools"][0]["functionDeclarations"][0]["name"],
        *body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"],
        body["contents"][1]["parts"][0]["functionCall"]["name"],
        body["contents"][2]["parts"][0]["functionResponse"]["name"],
    }
    (told,) = found
    assert told.startswith("_9x")


@pytest.mark.parametrize("name", ["a", "_a", "mcp__server__tool", "x" * 128])
def test_names_that_gemini_takes_stay_as_they_are(name: str) -> None:
    assert gemini_name(name) == name


@pytest.mark.parametrize("name", ["9", "-a", "9" * 128, "-" + "x" * 127])
def test_other_names_become_names_that_gemini_takes(name: str) -> None:
    assert re.fullmatch("[A-Za-z_][A-Za-z0-9_.-]{0,127}", gemini_name(name))
    assert gemini_name(name) == gemini_name(name) != gemini_name(name[:-1] + "z")


# T52
def test_the_schema_of_the_answer() -> None:
    told = config(output_config=FORMAT)

    assert told["responseMimeType"] == "application/json"
    assert told["responseJsonSchema"] == SCHEMA


# T52
def test_a_schema_beside_tools_is_refused_where_the_model_would_refuse_it() -> None:
    fields: dict[str, Any] = {"output_config": FORMAT, "tools": [tool("a")]}

    with pytest.raises(InvalidRequest, match=r"output_config\.format"):
        config(model="gemini-2.5-pro", **fields)
    assert "responseJsonSchema" in config(model="gemini-3-pro-preview", **fields)


def test_a_forced_call_needs_no_schema_of_the_answer() -> None:
    told = config(output_config=FORMAT, tools=[tool("a")], tool_choice={"type": "any"})

    assert "responseJsonSchema" not in told


def test_schemas_are_told_without_what_gemini_does_not_know() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "const": {"const": "a"},
            "flag": {"anyOf": [{"const": True}, {"const": 7}, {"const": None}]},
            "list": {"type": "array", "items": {"const": "b"}, "default": {"const": 1}},
            "whole": {"const": {"a": [1, "b"]}},
        },
        "additionalProperties": False,
    }
    (told,) = sent("Hi", tools=[tool("a", input_schema=schema)])["tools"]

    assert told["functionDeclarations"][0]["parametersJsonSchema"] == {
        "type": "object",
        "properties": {
            "const": {"type": "string", "enum": ["a"]},
            "flag": {
                "anyOf": [
                    {"type": "boolean"},
                    {"type": "integer", "minimum": 7, "maximum": 7},
                    {"type": "null"},
                ]
            },
            "list": {
                "type": "array",
                "items": {"type": "string", "enum": ["b"]},
                "default": {"const": 1},
            },
            "whole": {
                "type": "object",
                "properties": {
                    "a": {
                        "type": "array",
                        "prefixItems": [
                            {"type": "integer", "minimum": 1, "maximum": 1},
                            {"type": "string", "enum": ["b"]},
                        ],
                        "minItems": 2,
                        "maxItems": 2,
                    }
                },
                "required": ["a"],
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    }


BUDGET_4K = {"thinking": {"type": "enabled", "budget_tokens": 4_000}, "max_tokens": 50_000}
ADAPTIVE = {"thinking": {"type": "adaptive"}}
EFFORT_LOW = {**ADAPTIVE, "output_config": {"effort": "low"}}


@pytest.mark.parametrize(
    ("model", "budget", "fields", "expected"),
    [
        ("gemini-2.0-flash", None, {}, None),
        ("gemini-2.5-flash", None, {}, {"thinkingBudget": 0}),
        ("gemini-2.5-pro", None, {}, {"thinkingBudget": 128}),
        ("gemini-2.5-flash-lite", 4_000, BUDGET_4K, {"thinkingBudget": 4_000}),
        ("gemini-2.5-flash", 90_000, BUDGET_4K, {"thinkingBudget": 24_576}),
        ("gemini-2.5-pro", 2_048, ADAPTIVE, {"thinkingBudget": -1}),
        ("gemini-2.5-pro", 512, EFFORT_LOW, {"thinkingBudget": 1_024}),
        ("gemini-3-flash-preview", None, {}, {"thinkingLevel": "minimal"}),
        ("gemini-3-pro-preview", None, {}, {"thinkingLevel": "low"}),
        ("gemini-3.7-flash", 4_000, BUDGET_4K, {"thinkingLevel": "low"}),
        ("gemini-3.7-flash", 10_000, BUDGET_4K, {"thinkingLevel": "medium"}),
        ("gemini-3-pro-preview", 10_000, BUDGET_4K, {"thinkingLevel": "high"}),
        ("gemini-3.7-flash", 2_048, ADAPTIVE, {"thinkingLevel": "high"}),
        ("gemini-3.7-flash", 512, EFFORT_LOW, {"thinkingLevel": "low"}),
        ("gemini-9-nova", None, {}, {"thinkingLevel": "low"}),
    ],
)
def test_thinking_is_asked_for_in_the_way_of_each_generation(
    model: str, budget: int | None, fields: Any, expected: dict[str, object] | None
) -> None:
    plan = OFF if budget is None else ThinkingPlan(on=True, budget_tokens=budget)
    told = config(model=model, plan=plan, **fields).get("thinkingConfig")

    shown = {"includeThoughts": budget is not None}
    assert told == (None if expected is None else expected | shown)


# T38
def test_the_count_is_asked_for_the_whole_request() -> None:
    request = translated("Hi", system="Be brief.", tools=[tool("a")])

    told = request.count_body(f"models/{MODEL}")["generateContentRequest"]
    assert told == {"model": f"models/{MODEL}", **request.body}
