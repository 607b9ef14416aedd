"""Files of this server on an upstream of the same API, which knows nothing of them."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.servers import running_server

MODEL = "claude-sonnet-5-5"
SAID = "The lease ends on 30 September 2031."
LEASE = f"The rent is 940 euros a month. {SAID} Parrots are not welcome."
UPSTREAM = """
[media]
max_pdf_bytes = 1024

[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"
"""
REPLIES = f'[[replies]]\ntext = "Good question. {SAID} Shall I go on?"\n'
OURS = """
[[engines]]
name = "upstream"
type = "messages_api"
base_url = "{url}"
api_key = "any"

[[models]]
id = "claude-*"
engines = ["upstream"]
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anthropic]:
    folder = tmp_path_factory.mktemp("relayed-files")
    files = {"replies.toml": REPLIES}
    with (
        running_server(folder / "upstream", config=UPSTREAM, files=files) as upstream,
        running_server(folder / "ours", config=OURS.format(url=upstream.url)) as ours,
        # Without the watch of the others: a refusal has the id of whoever refused in its body.
        Anthropic(base_url=ours.url, api_key="any", max_retries=0) as client,
    ):
        yield client
        assert not ours.bugs()


def asked(client: Anthropic) -> tuple[str, list[Any]]:
    file = client.files.upload(file=("lease.txt", LEASE.encode(), "text/plain"))
    document = {
        "type": "document",
        "source": {"type": "file", "file_id": file.id},
        "citations": {"enabled": True},
    }
    other = {
        **document,
        "source": {"type": "text", "media_type": "text/plain", "data": "Nothing of that kind."},
    }
    question = {"type": "text", "text": "When does the lease end?"}
    return file.id, [{"role": "user", "content": [other, document, question]}]


def test_what_it_cites_has_the_id_of_the_file(client: Anthropic) -> None:
    file_id, messages = asked(client)

    message = client.messages.create(model=MODEL, max_tokens=100, messages=messages)

    [citation] = [
        each for block in message.content if block.type == "text" for each in block.citations or ()
    ]
    assert citation.type == "char_location"
    assert (citation.document_index, citation.file_id) == (1, file_id)
    assert citation.cited_text.strip() == SAID


def test_so_has_what_it_cites_in_a_stream(client: Anthropic) -> None:
    file_id, messages = asked(client)

    with client.messages.stream(model=MODEL, max_tokens=100, messages=messages) as stream:
        [citation] = [event.citation for event in stream if event.type == "citation"]

    assert citation.type == "char_location"
    assert citation.file_id == file_id


def test_a_file_of_this_server_is_not_put_into_a_container_of_the_upstreams(
    client: Anthropic,
) -> None:
    ours = client.files.upload(file=("rows.csv", b"a,b", "text/csv")).id
    tools: Any = [{"type": "code_execution_20250825", "name": "code_execution"}]

    def refusal(*file_ids: str) -> str:
        content: Any = [{"type": "container_upload", "file_id": each} for each in file_ids]
        with pytest.raises(anthropic.BadRequestError) as raised:
            client.messages.create(
                model=MODEL,
                max_tokens=10,
                messages=[{"role": "user", "content": content}],
                tools=tools,
            )
        return str(raised.value)

    said = f"messages.0.content.1.container_upload: File `{ours}` is kept by this server, and"
    assert said in refusal("file_of_the_upstream", ours, ours)
    # The upstream of this test runs no code, and says so of what it gets.
    assert "does not support tool types" in refusal("file_of_the_upstream")


def test_its_refusal_names_what_the_client_wrote(client: Anthropic) -> None:
    file = client.files.upload(file=("a.pdf", b"%PDF-1.7" + bytes(2048), "application/pdf"))
    document: Any = {"type": "document", "source": {"type": "file", "file_id": file.id}}

    with pytest.raises(anthropic.BadRequestError) as raised:
        client.messages.create(
            model=MODEL, max_tokens=10, messages=[{"role": "user", "content": [document]}]
        )

    assert "source.base64" not in str(raised.value)
    assert "messages.0.content.0" in str(raised.value)
