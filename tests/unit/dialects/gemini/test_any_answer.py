"""Answers made of any parts in any order: the stream is well-formed, and state comes back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from antechamber.turn.events import TurnEnded
from antechamber.wire.errors import ApiError
from tests.stream_grammar import check_stream
from tests.unit.dialects.gemini.recordings import Chunk, chunk
from tests.unit.dialects.gemini.scenes import (
    assistant,
    content_of,
    events_of,
    result,
    sent,
    tool,
    user,
)
from tests.unit.turn.engine_turns import played, shown

SKIPS = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
_words = st.sampled_from(["", "Hm", " ", "two words", "\n", "é\u2028"])
_signatures = st.none() | st.sampled_from(["AA==", "BB==", "CC=="])


def _part(kind: Chunk, signature: str | None) -> Chunk:
    return kind if signature is None else kind | {"thoughtSignature": signature}


_kinds = (
    st.builds(lambda text: {"text": text}, _words)
    | st.builds(lambda text: {"text": text, "thought": True}, _words)
    | st.builds(lambda n: {"functionCall": {"name": "a", "args": {"n": n}}}, st.integers(0, 9))
    | st.just({})
)
parts = st.lists(st.builds(_part, _kinds, _signatures), max_size=7)
finishes = st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY"])


def _chunks(parts: list[Chunk], finish: str) -> list[Chunk]:
    return [*map(chunk, parts), chunk(finish=finish)]


# T1 T2 T5 T12 T16
@given(parts, finishes, st.booleans(), st.booleans())
def test_any_answer_is_a_stream_that_passes_the_grammar(
    parts: list[Chunk], finish: str, thinks: bool, one_call: bool
) -> None:
    events = events_of(_chunks(parts, finish), thinks=thinks, one_call=one_call)

    check_stream(shown(played(events)))


@given(parts, st.booleans())
def test_no_word_of_an_answer_is_lost_nor_made_up(parts: list[Chunk], thinks: bool) -> None:
    content = content_of(events_of(_chunks(parts, "STOP"), thinks=thinks))

    said = "".join(block.get("text", "") for block in content)
    written = "".join(part.get("text", "") for part in parts if "thought" not in part)
    # A block of blanks alone is left out, and may have stood between two words.
    assert "".join(said.split()) == "".join(written.split())


# T24
@given(parts, st.booleans())
def test_every_call_comes_back_to_gemini_with_the_signature_that_it_had(
    parts: list[Chunk], thinks: bool
) -> None:
    content = content_of(events_of(_chunks(parts, "STOP"), thinks=thinks))
    results = [result(block["id"]) for block in content if block["type"] == "tool_use"]
    told = sent("Hi", assistant(*content), user(*results), tools=[tool("a")])

    expected = [
        (part["functionCall"]["args"], part.get("thoughtSignature"))
        for part in parts
        if "functionCall" in part
    ]
    if expected and expected[0][1] is None:
        expected[0] = (expected[0][0], SKIPS)
    assert _calls(told) == expected


def _calls(body: dict[str, Any]) -> list[tuple[object, str | None]]:
    return [
        (part["functionCall"]["args"], part.get("thoughtSignature"))
        for content in body["contents"]
        for part in content["parts"]
        if "functionCall" in part
    ]


_names = st.sampled_from(
    ["candidates", "content", "parts", "text", "functionCall", "name", "error", "finishReason"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("STOP"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_names | st.text(max_size=3), inner, max_size=4)
    ),
)


# T59
@given(anything)
def test_whatever_json_comes_it_is_an_answer_or_a_failure(value: object) -> None:
    try:
        events = events_of([value])
    except ApiError as failure:
        assert "gemini" in failure.message
    else:
        assert isinstance(events[-1], TurnEnded)
