"""Whatever comes as a body is read or refused as the caller's fault, never anything else."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request
from antechamber.wire.shape import BRANCH_MARK
from tests.unit.wire.bodies import ACCEPTED, body, encoded, with_block


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "EOF while parsing a value"),
        (b"hello", "expected value"),
        (b'{"model": "x",}', "trailing comma"),
        (b'{"model": "x"} {}', "trailing characters"),
        (b'{"model": "x"', "EOF while parsing an object"),
        (b"{'model': 1}", "key must be a string"),
        (b'\xef\xbb\xbf{"model": 1}', "expected value"),
        (b'{"model": "\xff"}', "invalid unicode code point"),
        # A lone surrogate has no UTF-8 (anthropics/claude-code#60394).
        (b'{"model": "\\ud83d"}', "unexpected end of hex escape"),
        (b'{"model": "\\udc00"}', "lone leading surrogate in hex escape"),
        (b'{"a": ' + b"[" * 100_000, "recursion limit exceeded"),
        (b'{"max_tokens": ' + b"1" * 5_000 + b"}", "number out of range"),
    ],
)
def test_what_is_no_json_is_told_where_it_breaks(sent: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_message_request(sent)

    told = f"The request body is not valid JSON: {reason} at line 1 column "
    assert caught.value.message.startswith(told)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_cannot_be_written_again_is_refused(number: str) -> None:
    block = {"type": "tool_use", "id": "a", "name": "f", "input": {"a": [{"b": "HERE"}]}}
    sent = encoded(with_block(block)).replace(b'"HERE"', number.encode())

    with pytest.raises(InvalidRequest) as caught:
        parse_message_request(sent)

    path = "messages.0.content.0.tool_use.input"
    assert caught.value.message == f"{path}: Input should be a finite number"


@pytest.mark.parametrize("field", ["temperature", "top_p", "top_k", "max_tokens"])
def test_not_a_number_passes_no_limit(field: str) -> None:
    sent = encoded(body(**{field: "HERE"})).replace(b'"HERE"', b"NaN")

    with pytest.raises(InvalidRequest):
        parse_message_request(sent)


def test_the_words_for_such_numbers_are_fine_in_a_text() -> None:
    sent = body(system="NaN, Infinity, -Infinity")

    assert parse_message_request(encoded(sent)).system


@pytest.mark.parametrize(
    "sent",
    [
        b'{"model":"m","max_tokens":1,"messages":[' + b"1," * 200_000 + b"1]}",
        b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":['
        + b"1," * 200_000
        + b"1]}]}",
        b'{"model":"m","tools":[{"name":"f","input_schema":{"type":"object","required":['
        + b"1," * 200_000
        + b"1]}}]}",
    ],
)
def test_a_long_list_of_faults_costs_one(sent: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_message_request(sent)

    assert len(caught.value.message) < 100


def test_a_flood_of_unknown_keys_is_not_spelled_out() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_message_request(encoded({f"k{number}": 0 for number in range(5_000)}))

    assert caught.value.message == "More than 1000 fields of the request are not valid"


@pytest.mark.parametrize("key", ["", ".", "\x00", BRANCH_MARK, f"{BRANCH_MARK}a{BRANCH_MARK}b"])
def test_an_unknown_key_of_any_name_is_refused(key: str) -> None:
    for sent in (body(**{key: 1}), body(metadata={key: 1}), with_block({"type": "text", key: 1})):
        with pytest.raises(InvalidRequest):
            parse_message_request(encoded(sent))


# ---- fuzzing -----------------------------------------------------------------

# Any JSON; no surrogates, which json.dumps would write as lone escapes.
_WORDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=BRANCH_MARK), max_size=8
)
_NAMES = st.sampled_from(
    ["type", "text", "content", "role", "name", "input", "source", "id", "cache_control", "system"]
)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | _NAMES
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS | _NAMES, inner, max_size=3),
    max_leaves=8,
)
_BODIES = st.sampled_from([*ACCEPTED.values()])


@settings(max_examples=300)
@given(data=st.data())
def test_a_damaged_body_is_read_or_refused(data: st.DataObject) -> None:
    _read_or_refused(_damaged_body(data))


@pytest.mark.slow
@settings(max_examples=5000)
@given(data=st.data())
def test_many_damaged_bodies_are_read_or_refused(data: st.DataObject) -> None:
    _read_or_refused(_damaged_body(data))


def _damaged_body(data: st.DataObject) -> bytes:
    damaged = deepcopy(data.draw(_BODIES))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged = _damage(damaged, data)

    return json.dumps(damaged).encode()


@settings(max_examples=300)
@given(data=st.data())
def test_flipped_bytes_are_read_or_refused(data: st.DataObject) -> None:
    sent = bytearray(encoded(data.draw(_BODIES)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(sent) - 1))
        sent[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))

    _read_or_refused(bytes(sent))


@settings(max_examples=300)
@given(_JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    _read_or_refused(json.dumps(value).encode())


@settings(max_examples=500)
@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(sent: bytes) -> None:
    _read_or_refused(sent)


def _read_or_refused(sent: bytes) -> None:
    parsers: list[Callable[[bytes], object]] = [parse_message_request, parse_count_tokens_request]
    for parse in parsers:
        try:
            request = parse(sent)
        except InvalidRequest as refusal:
            assert refusal.message
            assert not refusal.message.endswith(".")
            assert BRANCH_MARK not in refusal.message
            refusal.message.encode()
        else:
            if isinstance(request, MessageRequest):
                encode_json(request.model_dump(exclude_unset=True))


def _damage(value: Any, data: st.DataObject) -> Any:
    """Return ``value`` with one thing wrong somewhere in it."""
    keys = (
        list(value)
        if isinstance(value, dict)
        else list(range(len(value)))
        if isinstance(value, list)
        else []
    )
    if not keys or data.draw(st.booleans(), label="here"):
        return _damaged_here(value, keys, data)
    key = data.draw(st.sampled_from(keys), label="key")
    value[key] = _damage(value[key], data)
    return value


def _damaged_here(value: Any, keys: list[Any], data: st.DataObject) -> Any:
    how = data.draw(st.sampled_from(["drop", "extra", "replace"]), label="how")
    if how == "drop" and keys:
        del value[data.draw(st.sampled_from(keys))]
    elif how == "extra" and isinstance(value, dict):
        value[data.draw(_WORDS | _NAMES)] = data.draw(_JSON)
    elif how == "extra" and isinstance(value, list):
        value.append(data.draw(_JSON))
    else:
        return data.draw(_JSON)
    return value
