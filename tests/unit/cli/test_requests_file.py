import pytest

from antechamber.cli.batches.requests_file import read_requests
from antechamber.cli.failures import CommandFailed

GOOD = b'{"custom_id":"%s","params":{"model":"m","max_tokens":9,"messages":[],"top_k": 1.0}}'


def good(custom_id: str) -> bytes:
    return GOOD % custom_id.encode()


def told(*lines: bytes) -> list[str]:
    with pytest.raises(CommandFailed) as refused:
        read_requests(lines, "a.jsonl")
    return str(refused.value).splitlines()


def test_requests_are_kept_as_they_are_written() -> None:
    lines = [good("a") + b"\r\n", b"\n", b"  " + good("b") + b"\n", b"  \n", good("c")]

    assert read_requests(lines, "a.jsonl") == [good("a"), good("b"), good("c")]


def test_the_mark_that_some_editors_begin_a_file_with_is_left_out() -> None:
    assert read_requests([b"\xef\xbb\xbf" + good("a")], "a.jsonl") == [good("a")]


def test_every_fault_is_told_with_its_line() -> None:
    lines = [
        good("a"),
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"params": {"model": "m", "max_tokens": 1, "messages": []}}',
        b'{"custom_id": "b", "params": {"model": "m", "messages": []}}',
        good("not a good one"),
        good("a"),
        good("c")[:-1] + b', "more": 1}',
    ]

    assert told(*lines) == [
        "a.jsonl: nothing was sent",
        "line 3: Input data was truncated",
        "line 4: Expected `object`, got `array`",
        "line 5: JSON is malformed: invalid character (byte 0)",
        "line 6: Object missing required field `custom_id`",
        "line 7: Object missing required field `max_tokens` - at `params`",
        "line 8: Expected `str` matching regex '^[a-zA-Z0-9_-]{1,64}$' - at `custom_id`",
        "line 9: custom_id a is that of line 1 too",
        "line 10: Object contains unknown field `more`",
    ]


def test_of_many_faults_ten_are_told() -> None:
    _, *faults, rest = told(*[b"{"] * 1234)

    assert len(faults) == 10
    assert rest == "and 1,224 more"


def test_nesting_without_an_end_is_a_fault_as_others() -> None:
    assert told(good("a").replace(b"[]", b"[" * 100_000))[1].startswith("line 1: ")


def test_a_file_without_requests_is_told_so() -> None:
    assert told(b"\n", b"") == ["a.jsonl: there is no request in it"]
