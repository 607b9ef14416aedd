"""Chunks whose odd fields are passed over, in every chunk of a stream."""

import json
from time import process_time
from typing import Any

import pytest

from antechamber.dialects.openai_chat.chunks import ChunkDecoder
from tests.unit.dialects.openai_chat.scenes import calls, chunk, counts, piece, usage_chunk
from tests.unit.dialects.openai_chat.transcripts import ALL

ODD = {**chunk(content="Hi"), "usage": []}
DETAILED = counts(9, 2, prompt_tokens_details={"cached_tokens": 4})


def seconds(chunk_bytes: bytes) -> float:
    """The time for a thousand chunks of a stream, the least of some."""
    took: list[float] = []
    for _ in range(5):
        decode, began = ChunkDecoder().decode, process_time()
        for _ in range(1000):
            decode(chunk_bytes)
        took.append(process_time() - began)
    return min(took)


@pytest.mark.parametrize("name", ALL)
def test_what_follows_an_odd_chunk_is_read_as_ever(name: str) -> None:
    after_odd = ChunkDecoder()
    after_odd.decode(json.dumps(ODD).encode())
    chunks, _ = ALL[name]
    more = calls(piece(0, id="c", name="look", arguments={"at": 1}), usage=DETAILED)
    whole: dict[str, Any] = {"choices": [{"message": more["choices"][0]["delta"]}]}

    for one in (*chunks, more, whole, usage_chunk(9, 2)):
        data = json.dumps(one).encode()

        assert after_odd.decode(data) == ChunkDecoder().decode(data)


@pytest.mark.parametrize("usage", [[], {"prompt_tokens": "n/a"}, {"prompt_tokens_details": False}])
def test_t9_a_field_that_is_odd_in_every_chunk_makes_no_slow_stream(usage: object) -> None:
    usual, odd = chunk(content="Hi"), {**chunk(content="Hi"), "usage": usage}

    # Looking the fields up again for each chunk took two hundred times as long.
    assert seconds(json.dumps(odd).encode()) < 80 * seconds(json.dumps(usual).encode())
