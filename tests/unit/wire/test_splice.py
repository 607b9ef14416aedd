"""Fields are exchanged in the bytes of an object, and all others stay as they were."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.wire.splice import array_of, field_of, items_of, with_fields

# Half of a pair of surrogates is no JSON text, here as at the hosted API.
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
SPACE = st.sampled_from(["", " ", "\n", "\t", "\r\n  "])


@st.composite
def objects(draw: st.DrawFn) -> tuple[bytes, dict[str, bytes]]:
    """Return an object as some client may write it, and the text of each of its fields."""
    fields: dict[str, bytes] = {}
    members: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        name = draw(TEXTS | st.sampled_from(["model", "thinking"]))
        value = json.dumps(
            draw(VALUES),
            ensure_ascii=draw(st.booleans()),
            indent=draw(st.sampled_from([None, 2])),
        )
        fields[name] = value.encode()
        written = json.dumps(name, ensure_ascii=draw(st.booleans()))
        members.append(draw(SPACE) + written + draw(SPACE) + ":" + draw(SPACE) + value)
    text = "{" + (draw(SPACE) + ",").join(members) + draw(SPACE) + "}"
    return (draw(SPACE) + text + draw(SPACE)).encode(), fields


def texts_of(text: bytes) -> dict[str, bytes]:
    return {name: field_of(text, name) or b"" for name in json.loads(text)}


@given(objects(), VALUES)
def test_an_edit_leaves_the_bytes_of_every_other_field(
    made: tuple[bytes, dict[str, bytes]], value: Any
) -> None:
    text, fields = made
    new = json.dumps(value).encode()

    edited = with_fields(text, {"model": new})

    assert texts_of(edited) == {**fields, "model": new}
    assert list(json.loads(edited)) == list({**fields, "model": new})


@given(objects(), st.data())
def test_a_field_that_is_taken_out_takes_nothing_with_it(
    made: tuple[bytes, dict[str, bytes]], data: st.DataObject
) -> None:
    text, fields = made
    gone = data.draw(st.sampled_from([*fields, "not there"]))

    edited = with_fields(text, {gone: None})

    assert texts_of(edited) == {name: each for name, each in fields.items() if name != gone}


@given(objects())
def test_without_edits_the_text_is_the_same_object(made: tuple[bytes, dict[str, bytes]]) -> None:
    assert with_fields(made[0], {}) is made[0]


def test_numbers_escapes_and_white_space_inside_of_values_stay() -> None:
    text = b'{"model":"a", "x" : 1.0e+2 ,"y":"\\u00e9\\/\xc3\xa9", "z":[ 1,\n2 ],"n":1234567890}'

    assert with_fields(text, {"model": b'"b"'}) == (
        b'{"model":"b","x":1.0e+2,"y":"\\u00e9\\/\xc3\xa9","z":[ 1,\n2 ],"n":1234567890}'
    )


def test_of_a_key_that_comes_twice_the_last_one_stays() -> None:
    text = b'{"a":1,"model":"first","a":2,"m\\u006fdel":"last"}'

    assert field_of(text, "model") == b'"last"'
    assert with_fields(text, {"b": b"3"}) == b'{"a":2,"model":"last","b":3}'
    assert with_fields(text, {"model": b'"new"'}) == b'{"a":2,"model":"new"}'


@pytest.mark.parametrize("text", [b"", b"[]", b'"a"', b"null", b'{"a":}', b'{"a":1', b'{"a":NaN}'])
def test_what_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        with_fields(text, {"a": b"1"})


@given(st.lists(VALUES.map(lambda value: json.dumps(value).encode()), max_size=5))
def test_an_array_falls_into_its_items_and_is_made_of_them(items: list[bytes]) -> None:
    assert items_of(array_of(items)) == items
    assert items_of(b"[ " + b" , ".join(items) + b"\n]") == items
