"""Citations of an engine that does not cite by itself: found by the server, in the API's shapes."""

import base64
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from fpdf import FPDF

from tests.conformance.bodies import OPUS, assistant, tool_result, tool_use, user
from tests.conformance.conftest import StartServer
from tests.conformance.exchanges import sdk_client
from tests.conformance.manifest import requirement

LEASE = (
    "The flat is on the third floor. The rent is 940 euros a month, to be paid on the first day. "
    "Dogs are welcome, parrots are not. The lease ends on 30 September 2031."
)
SAID = "The lease ends on 30 September 2031."
REPLIES = f"""
[[replies]]
text = "Good question. {SAID} Shall I go on?"
"""
ON: Any = {"enabled": True}
QUESTION: Any = {"type": "text", "text": "When does the lease end?"}


@pytest.fixture
def citing(start_server: StartServer) -> Iterator[Anthropic]:
    with sdk_client(start_server(REPLIES).url) as client:
        yield client


def text_document(**fields: Any) -> Any:
    source = {"type": "text", "media_type": "text/plain", "data": LEASE}
    return {"type": "document", "source": source, "citations": ON, **fields}


def pdf_document(*pages: str) -> Any:
    made = FPDF()
    made.set_font("helvetica", size=12)
    for text in pages:
        made.add_page()
        made.write(text=text)
    data = base64.b64encode(bytes(made.output())).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {"type": "document", "source": source, "citations": ON, "title": "Lease"}


def blocks_document(*texts: str) -> Any:
    content = [{"type": "text", "text": text} for text in texts]
    return {
        "type": "document",
        "source": {"type": "content", "content": content},
        "citations": ON,
    }


def found(*texts: str) -> Any:
    return {
        "type": "search_result",
        "source": "https://example.com/lease",
        "title": "Lease",
        "content": [{"type": "text", "text": text} for text in texts],
        "citations": ON,
    }


def answered(client: Anthropic, *content: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    message = client.messages.create(
        model=OPUS, max_tokens=100, messages=[user([*content, QUESTION])]
    )
    return [
        (block.text, [each.to_dict() for each in block.citations or []])
        for block in message.content
        if block.type == "text"
    ]


def the_cited(blocks: list[tuple[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    ((text, (citation,)),) = [(text, citations) for text, citations in blocks if citations]
    assert text.strip() == SAID
    assert "".join(text for text, _ in blocks) == f"Good question. {SAID} Shall I go on?"
    return citation


@requirement("citations:char")
def test_a_text_is_cited_by_its_characters(citing: Anthropic) -> None:
    citation = the_cited(answered(citing, text_document(title="Lease")))

    start = LEASE.index(SAID)
    assert citation == {
        "type": "char_location",
        "cited_text": SAID,
        "document_index": 0,
        "document_title": "Lease",
        "file_id": None,
        "start_char_index": start,
        "end_char_index": start + len(SAID),
    }


@requirement("citations:page")
def test_a_pdf_is_cited_by_its_pages(citing: Anthropic) -> None:
    plain = {**text_document(), "citations": ON}
    other = {**plain, "source": {**plain["source"], "data": "Nothing of that kind."}}

    citation = the_cited(answered(citing, other, pdf_document("The rent is 940 euros.", SAID)))

    assert citation == {
        "type": "page_location",
        "cited_text": SAID,
        "document_index": 1,
        "document_title": "Lease",
        "file_id": None,
        "start_page_number": 2,
        "end_page_number": 3,
    }


@requirement("citations:block")
def test_a_document_of_blocks_is_cited_by_them(citing: Anthropic) -> None:
    citation = the_cited(answered(citing, blocks_document("The rent is 940 euros.", SAID)))

    assert citation == {
        "type": "content_block_location",
        "cited_text": SAID,
        "document_index": 0,
        "document_title": None,
        "file_id": None,
        "start_block_index": 1,
        "end_block_index": 2,
    }


@requirement("citations:search-result")
def test_a_search_result_is_cited_in_a_message_and_in_the_result_of_a_tool(
    citing: Anthropic,
) -> None:
    expected = {
        "type": "search_result_location",
        "cited_text": SAID,
        "search_result_index": 1,
        "source": "https://example.com/lease",
        "title": "Lease",
        "start_block_index": 0,
        "end_block_index": 1,
    }
    inside: Any = [
        user("When?"),
        assistant([tool_use()]),
        user([tool_result([found("The rent is 940 euros."), found(SAID)])]),
    ]

    beside = the_cited(answered(citing, found("The rent is 940 euros."), found(SAID)))
    message = citing.messages.create(model=OPUS, max_tokens=100, messages=inside)

    assert beside == expected
    assert [
        citation.to_dict()
        for block in message.content
        if block.type == "text"
        for citation in block.citations or []
    ] == [expected]


@requirement("citations:stream")
def test_a_stream_has_them_as_deltas(citing: Anthropic) -> None:
    with citing.messages.stream(
        model=OPUS, max_tokens=100, messages=[user([text_document(), QUESTION])]
    ) as stream:
        deltas = [event for event in stream if event.type == "citation"]
        whole = stream.get_final_message()

    assert [delta.citation.cited_text for delta in deltas] == [SAID]
    assert [
        (block.text.strip(), [each.cited_text for each in block.citations or []])
        for block in whole.content
        if block.type == "text"
    ] == [("Good question.", []), (SAID, [SAID]), ("Shall I go on?", [])]


@requirement("citations:echo")
def test_a_cited_answer_goes_back_as_it_came(citing: Anthropic) -> None:
    asked = user([text_document(), QUESTION])
    first = citing.messages.create(model=OPUS, max_tokens=100, messages=[asked])

    second = citing.messages.create(
        model=OPUS,
        max_tokens=100,
        messages=[asked, {"role": "assistant", "content": first.content}, user("And the rent?")],
    )

    assert second.content


@requirement("citations:nothing")
def test_nothing_is_cited_where_nobody_asked_for_it(citing: Anthropic) -> None:
    blocks = answered(citing, text_document(citations={"enabled": False}))

    assert [citations for _, citations in blocks] == [[]]


@requirement("citations:all-or-none")
def test_citations_are_for_all_documents_or_for_none(citing: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="citations"):
        answered(citing, text_document(), text_document(citations={"enabled": False}))


@requirement("citations:formats")
def test_citations_and_a_schema_exclude_each_other(citing: Anthropic) -> None:
    schema: Any = {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }

    with pytest.raises(anthropic.BadRequestError, match="not supported when citations are enabled"):
        citing.messages.create(
            model=OPUS,
            max_tokens=100,
            output_config={"format": {"type": "json_schema", "schema": schema}},
            messages=[user([text_document(), QUESTION])],
        )
