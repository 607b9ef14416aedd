"""Files that an upstream got as bytes, in what it says of them."""

import json
from typing import Any

import pytest

from antechamber.turn.relay import RelayReader
from antechamber.turn.sent_files import SentFiles

FILES = SentFiles(
    by_document={0: "file_lease", 2: "file_plan"},
    paths=frozenset([b"messages.0.content.0", b"messages.2.content.1.tool_result.content.3"]),
)


def citation(index: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "char_location",
        "cited_text": 'The "rent" is 940 € a month.',
        "document_index": index,
        "document_title": None,
        "file_id": None,
        "start_char_index": 0,
        "end_char_index": 9,
        **fields,
    }


OF_SEARCH = {"type": "search_result_location", "source": "x", "search_result_index": 0}


def event(cited: dict[str, Any], newline: str = "\n") -> bytes:
    data = {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "citations_delta", "citation": cited},
    }
    lines = ["event: content_block_delta", f"data: {json.dumps(data, ensure_ascii=False)}", "", ""]
    return newline.join(lines).encode()


def told(events: bytes) -> list[dict[str, Any]]:
    lines = [line for line in events.splitlines() if line.startswith(b"data:")]
    return [json.loads(line[5:])["delta"]["citation"] for line in lines]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_streamed_citation_names_the_file(newline: str) -> None:
    reader = RelayReader(files=FILES)
    events = event(citation(2), newline) + event(citation(1), newline) + event(OF_SEARCH, newline)

    passed = b"".join([reader.feed(events[:70]), reader.feed(events[70:]), reader.end()])

    assert told(passed) == [citation(2, file_id="file_plan"), citation(1), OF_SEARCH]


def test_other_events_pass_untouched() -> None:
    text = b'data: {"type": "content_block_delta", "delta": {"text": "citations_delta"}}\n\n'
    broken = b'data: {"citations_delta"\n\ndata: {"type":"citations_delta"}\n\n'

    assert RelayReader(files=FILES).feed(text + broken) == text + broken


def test_a_file_that_the_upstream_names_stays() -> None:
    named = citation(0, file_id="file_of_theirs")

    assert told(RelayReader(files=FILES).feed(event(named))) == [named]


def test_citations_of_a_whole_answer_name_the_file() -> None:
    text = {"type": "text", "text": "Well.", "citations": None}
    cited = {"type": "text", "text": "So.", "citations": [citation(0), OF_SEARCH, citation(1)]}
    message = {"type": "message", "content": [text, cited], "usage": {"input_tokens": 3}}
    reader = RelayReader(model="ours", files=FILES)

    passed = json.loads(reader.feed_whole(json.dumps(message).encode()))

    expected = [citation(0, file_id="file_lease"), OF_SEARCH, citation(1)]
    assert passed["content"] == [text, {**cited, "citations": expected}]
    assert reader.usage.input_tokens == 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "messages.0.content.0.pdf.source.base64.data: A maximum of 100 PDF pages may be.",
            "messages.0.content.0.pdf.source.file: A maximum of 100 PDF pages may be.",
        ),
        (
            "messages.2.content.1.tool_result.content.3.image.source.base64: too large",
            "messages.2.content.1.tool_result.content.3.image.source.file: too large",
        ),
        # What the client itself sent in base64.
        ("messages.0.content.1.image.source.base64: too large",) * 2,
        ("messages.10.content.0.image.source.base64: too large",) * 2,
    ],
)
def test_a_refusal_has_the_path_that_the_client_wrote(words: str, expected: str) -> None:
    body = json.dumps({"type": "error", "error": {"message": words}}).encode()

    passed = RelayReader(files=FILES).feed_refusal(body)

    assert json.loads(passed)["error"]["message"] == expected
    assert RelayReader().feed_refusal(body) is body
