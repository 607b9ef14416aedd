"""Signatures of Gemini's, from an answer through a client back to the same parts."""

from typing import Any

import pytest

from antechamber.dialects.gemini.state import Signed, cargo_with, signed_in
from antechamber.wire.signatures import Verdict
from tests.unit.dialects.gemini.recordings import (
    PARALLEL_CALLS,
    SIGNED_AT_THE_END,
    SIGNED_CALL,
    THOUGHT_THEN_CALL_WITHOUT_ARGUMENTS,
    THOUGHT_THEN_SIGNED_TEXT,
    Chunk,
    chunk,
)
from tests.unit.dialects.gemini.scenes import (
    MODEL,
    OFF,
    ON,
    SIGNER,
    assistant,
    content_of,
    events_of,
    result,
    sent,
    tool,
    user,
)

SKIPS = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
TOOLS = [tool("weather"), tool("read_theme")]


def sent_back(chunks: list[Chunk], *, thinks: bool = True, model: str = MODEL) -> list[Any]:
    """Answer, let the client send the answer back, and return the parts that Gemini gets."""
    content = content_of(events_of(chunks, thinks=thinks))
    results = [result(block["id"]) for block in content if block["type"] == "tool_use"]
    told = sent(
        "Hi",
        assistant(*content),
        user(*results, {"type": "text", "text": "Go on."}),
        tools=TOOLS,
        plan=ON if thinks else OFF,
        model=model,
    )
    return told["contents"][1]["parts"]


def signatures(parts: list[Any]) -> list[tuple[str, str | None]]:
    kinds = ("functionCall", "text")
    return [
        (next(kind for kind in kinds if kind in part), part.get("thoughtSignature"))
        for part in parts
    ]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (THOUGHT_THEN_SIGNED_TEXT, [("text", "CiIBcg==")]),
        (SIGNED_CALL, [("functionCall", "EpEgCg==")]),
        (PARALLEL_CALLS, [("functionCall", "AY89aQ=="), ("functionCall", None)]),
        (THOUGHT_THEN_CALL_WITHOUT_ARGUMENTS, [("functionCall", "AY89aw==")]),
        (SIGNED_AT_THE_END, [("text", None)]),
    ],
)
def test_signatures_go_back_on_the_parts_that_they_came_on(
    chunks: list[Chunk], expected: list[tuple[str, str | None]]
) -> None:
    assert signatures(sent_back(chunks)) == expected


@pytest.mark.parametrize("chunks", [SIGNED_CALL, PARALLEL_CALLS])
def test_signatures_of_calls_survive_where_no_thoughts_were_asked_for(
    chunks: list[Chunk],
) -> None:
    assert signatures(sent_back(chunks, thinks=False)) == signatures(sent_back(chunks))


def test_text_and_call_in_one_answer_keep_their_own_signatures() -> None:
    chunks = [
        chunk({"text": "Hm", "thought": True, "thoughtSignature": "T0=="}),
        chunk({"text": "Let me", "thoughtSignature": "T1=="}),
        chunk({"text": " look."}),
        chunk({"text": "", "thoughtSignature": "T2=="}),
        chunk({"functionCall": {"name": "weather", "args": {}}, "thoughtSignature": "C1=="}),
        chunk({"functionCall": {"name": "weather", "args": {}}, "thoughtSignature": "C2=="}),
        chunk(finish="STOP"),
    ]

    assert sent_back(chunks)[0] == {"text": "Hm", "thought": True, "thoughtSignature": "T0=="}
    assert signatures(sent_back(chunks))[1:] == [
        ("text", "T1=="),
        ("text", "T2=="),
        ("functionCall", "C1=="),
        ("functionCall", "C2=="),
    ]


def test_signatures_survive_where_thoughts_are_not_shown() -> None:
    chunks = THOUGHT_THEN_CALL_WITHOUT_ARGUMENTS
    thought, call = content_of(events_of(chunks), show_thinking=False)
    told = sent("Hi", assistant(thought, call), user(result(call["id"])), tools=TOOLS)

    assert thought["thinking"] == ""
    assert signatures(told["contents"][1]["parts"]) == [("functionCall", "AY89aw==")]


def test_another_model_gets_no_signatures_of_this_one() -> None:
    assert signatures(sent_back(SIGNED_CALL, model="gemini-2.5-pro")) == [("functionCall", SKIPS)]


def test_what_carries_the_signatures_is_signed_by_this_server() -> None:
    (carrier, _) = content_of(events_of(SIGNED_CALL))
    (thought, _) = content_of(events_of(THOUGHT_THEN_SIGNED_TEXT))

    verify = SIGNER.verify
    assert carrier["type"] == "redacted_thinking"
    assert verify("redacted_thinking", "", carrier["data"]) is Verdict.OURS
    assert verify("thinking", thought["thinking"], thought["signature"]) is Verdict.OURS


def test_thoughts_without_state_of_gemini_are_dropped() -> None:
    thought = {"type": "thinking", "thinking": "Hm", "signature": SIGNER.sign("thinking", "Hm")}
    told = sent("Hi", assistant(thought, {"type": "text", "text": "Yes"}), "Well?")

    assert told["contents"][1]["parts"] == [{"text": "Yes"}]


def test_a_history_without_its_carrier_is_sent_with_the_mark_that_skips_the_check() -> None:
    _, call = content_of(events_of(SIGNED_CALL))
    told = sent("Hi", assistant(call), user(result(call["id"])), tools=TOOLS)

    assert signatures(told["contents"][1]["parts"]) == [("functionCall", SKIPS)]


@pytest.mark.parametrize(
    "cargo",
    [
        b"",
        b"{}",
        b"\xff",
        b"opaque",
        b'{"v":2,"gemini":"m","parts":[]}',
        b'{"v":1,"gemini":"m","parts":[["no such place","x"]]}',
        b'{"v":1,"gemini":"another","parts":[["call","x"]]}',
    ],
)
def test_cargo_of_others_holds_no_signatures(cargo: bytes) -> None:
    assert signed_in(cargo, model="m") == ()


def test_cargo_is_read_as_it_was_written() -> None:
    signed = (Signed("thought", "a"), Signed("call", "b"))

    assert signed_in(cargo_with(signed, model="m"), model="m") == signed
    assert cargo_with((), model="m") == b""
