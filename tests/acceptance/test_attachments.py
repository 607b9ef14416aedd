"""What reaches an engine of the images and documents of a request."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from fpdf import FPDF
from PIL import Image

from tests.acceptance.model_host import ModelHost, model_host
from tests.prepared_documents import DOCUMENTS, Prepared
from tests.servers import RunningServer, running_server
from tests.unit.media.mutants import CATALOG, pdf_with

READS, SEES, RELAYED = "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"
CONFIG = """
[fetch]
allow_private_addresses = true
[[engines]]
name = "chat"
type = "openai_chat"
host = "generic"
base_url = "{url}/v1"
[[engines]]
name = "relay"
type = "messages_api"
base_url = "{url}"
[[models]]
id = "claude-sonnet-5-5"
engines = ["chat"]
image_input = false
[[models]]
id = "claude-opus-5-5"
engines = ["chat"]
[[models]]
id = "claude-haiku-5-5"
engines = ["relay"]
"""


@pytest.fixture(scope="module")
def host() -> Iterator[ModelHost]:
    with model_host() as it:
        yield it


@pytest.fixture(scope="module")
def server(host: ModelHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    config = CONFIG.replace("{url}", host.url)
    with running_server(tmp_path_factory.mktemp("attachments"), config=config) as it:
        yield it
        assert not it.bugs()


@pytest.fixture
def client(server: RunningServer) -> Iterator[Anthropic]:
    with Anthropic(base_url=server.url, api_key="k", max_retries=0, timeout=90) as it:
        yield it


def source(data: bytes, media_type: str) -> Any:
    encoded = base64.b64encode(data).decode()
    return {"type": "base64", "media_type": media_type, "data": encoded}


def block(data: bytes, media_type: str) -> Any:
    kind = "document" if media_type == "application/pdf" else "image"
    return {"type": kind, "source": source(data, media_type)}


def ask(client: Anthropic, model: str, *content: Any) -> anthropic.types.Message:
    return client.messages.create(
        model=model, max_tokens=10, messages=[{"role": "user", "content": list(content)}]
    )


def refusal(client: Anthropic, model: str, *content: Any) -> str:
    with pytest.raises(anthropic.BadRequestError) as raised:
        ask(client, model, *content)
    body: Any = raised.value.body
    return body["error"]["message"]


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(written, kind)
    return written.getvalue()


def pdf(*pages: str, password: str | None = None) -> bytes:
    made = FPDF()
    made.set_font("helvetica", size=14)
    for text in pages:
        made.add_page()
        made.write(text=text)
    if password is not None:
        made.set_encryption(owner_password="owner", user_password=password)
    return bytes(made.output())


def seen(part: dict[str, Any]) -> Image.Image:
    head, _, data = part["image_url"]["url"].partition(",")
    assert head.startswith("data:image/")
    return Image.open(io.BytesIO(base64.b64decode(data)))


# ---- a model that only reads -------------------------------------------------------------------


@pytest.mark.parametrize("prepared", DOCUMENTS, ids=lambda prepared: prepared.name)
def test_the_fact_is_in_the_prompt_of_a_model_that_only_reads(
    client: Anthropic, host: ModelHost, prepared: Prepared
) -> None:
    question = {"type": "text", "text": prepared.question}

    ask(client, READS, block(prepared.make(), prepared.media_type), question)

    assert prepared.fact in host.told
    assert "image_url" not in str(host.asked[-1])


def test_it_is_told_that_it_does_not_see_an_image(client: Anthropic, host: ModelHost) -> None:
    ask(client, READS, block(picture(40, 40), "image/png"))

    assert "You cannot see this image." in host.told


def test_pages_have_their_numbers_and_the_document_its_title(
    client: Anthropic, host: ModelHost
) -> None:
    document = {**block(pdf("One fish.", "Two fish."), "application/pdf"), "title": "Fish"}

    ask(client, READS, {**document, "context": "A poem."})

    assert '<page number="1">\nOne fish.\n</page>' in host.told
    assert '<page number="2">\nTwo fish.\n</page>' in host.told
    assert "Fish\nA poem.\n" in host.told


def test_an_image_in_the_result_of_a_tool_is_read_out_too(
    client: Anthropic, host: ModelHost
) -> None:
    shot = next(each for each in DOCUMENTS if each.kind == "image")
    content: Any = [block(shot.make(), shot.media_type)]
    call: Any = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}

    client.messages.create(
        model=READS,
        max_tokens=10,
        tools=[{"name": "look", "input_schema": {"type": "object"}}],
        messages=[
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": [call]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": content}],
            },
        ],
    )

    assert shot.fact in host.told


# ---- a model that sees -------------------------------------------------------------------------


def test_an_image_that_fits_goes_as_it_is(client: Anthropic, host: ModelHost) -> None:
    data = picture(300, 200)

    ask(client, SEES, block(data, "image/png"))

    assert host.parts[0]["image_url"]["url"].endswith(base64.b64encode(data).decode())


def test_one_that_does_not_is_shrunk(client: Anthropic, host: ModelHost) -> None:
    ask(client, SEES, block(picture(6_000, 3_000, "JPEG"), "image/jpeg"))

    assert max(seen(host.parts[0]).size) <= 2_576


def test_it_sees_the_pages_of_a_pdf_beside_their_text(client: Anthropic, host: ModelHost) -> None:
    ask(client, SEES, block(pdf("One fish.", "Two fish."), "application/pdf"))

    images = [part for part in host.parts if part["type"] == "image_url"]
    assert len(images) == 2
    assert seen(images[0]).size[0] > 500
    assert "Two fish." in host.told


def test_of_a_scanned_page_it_gets_the_image_and_no_word_about_text(
    client: Anthropic, host: ModelHost
) -> None:
    scan = next(each for each in DOCUMENTS if each.name == "scanned letter")

    ask(client, SEES, block(scan.make(), scan.media_type))

    assert [part["type"] for part in host.parts].count("image_url") >= 1
    assert '<page number="1"/>' in host.told
    assert "no text" not in host.told


# ---- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [READS, SEES])
def test_a_file_is_shown_as_often_as_it_is_named(
    client: Anthropic, host: ModelHost, model: str
) -> None:
    file = client.files.upload(file=("fish.pdf", pdf("Red fish."), "application/pdf"))
    named = {"type": "document", "source": {"type": "file", "file_id": file.id}}

    ask(client, model, named, named)

    assert host.told.count("Red fish.") == 2


def test_a_text_file_is_a_document(client: Anthropic, host: ModelHost) -> None:
    file = client.files.upload(file=("fish.txt", b"Blue fish.", "text/plain"))

    ask(client, READS, {"type": "document", "source": {"type": "file", "file_id": file.id}})

    assert "<document>\nBlue fish.\n</document>" in host.told


def test_an_upstream_of_the_same_api_gets_the_bytes_in_the_place_of_the_file(
    client: Anthropic, host: ModelHost
) -> None:
    data = picture(30, 20)
    file = client.files.upload(file=("fish.png", data, "image/png"))

    ask(client, RELAYED, {"type": "image", "source": {"type": "file", "file_id": file.id}})

    assert host.parts[0]["source"] == source(data, "image/png")


def test_a_file_of_the_upstreams_own_stays_named(client: Anthropic, host: ModelHost) -> None:
    named = {"type": "file", "file_id": "file_011CNha8iCJcU1wXNR6q4V8w"}

    ask(client, RELAYED, {"type": "image", "source": named})

    assert host.parts[0]["source"] == named


def test_a_file_that_is_not_there_is_not_found(client: Anthropic) -> None:
    named = {"type": "file", "file_id": "file_011CNha8iCJcU1wXNR6q4V8w"}

    with pytest.raises(anthropic.NotFoundError, match="File `file_011CNha8iCJcU1wXNR6q4V8w` not"):
        ask(client, READS, {"type": "image", "source": named})


def test_a_file_of_the_wrong_type_is_refused(client: Anthropic) -> None:
    file = client.files.upload(file=("fish.txt", b"Blue fish.", "text/plain"))

    words = refusal(
        client, READS, {"type": "image", "source": {"type": "file", "file_id": file.id}}
    )

    assert words == (
        f"messages.0.content.0.image.source.file.file_id: File `{file.id}` is of type text/plain; "
        "this block takes image/jpeg, image/png, image/gif, image/webp"
    )


# ---- faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [READS, SEES])
def test_what_is_wrong_with_a_document_is_said_in_the_published_words(
    client: Anthropic, model: str
) -> None:
    at = "messages.0.content.0.pdf.source.base64.data"
    whole = pdf("One fish.")
    locked = pdf("One fish.", password="secret")
    long = pdf(*["Fish."] * 601)

    assert [
        refusal(client, model, block(data, "application/pdf"))
        for data in (locked, whole[: len(whole) // 3], long)
    ] == [
        f"{at}: The PDF specified is password protected",
        f"{at}: The PDF specified was not valid.",
        f"{at}: A maximum of 600 PDF pages may be provided.",
    ]


@pytest.mark.parametrize("model", [READS, SEES])
def test_an_image_that_breaks_off_is_not_processed(client: Anthropic, model: str) -> None:
    whole = picture(300, 200)

    words = refusal(client, model, block(whole[: len(whole) // 2], "image/png"))

    assert words == "Could not process image"


@pytest.mark.parametrize("model", [READS, SEES])
@pytest.mark.parametrize(("kind", "data"), [("image", picture(300, 200)), ("pdf", pdf("Fish."))])
def test_base64_in_lines_is_told_to_be_none(
    client: Anthropic, model: str, kind: str, data: bytes
) -> None:
    sent = block(data, "image/png" if kind == "image" else "application/pdf")
    sent["source"]["data"] = base64.encodebytes(data).decode()

    words = refusal(client, model, sent)

    assert words == f"messages.0.content.0.{kind}.source.base64: invalid base64 data"


@pytest.mark.parametrize("model", [READS, SEES])
def test_a_pdf_without_pages_is_told_to_be_empty(client: Anthropic, model: str) -> None:
    empty = pdf_with(CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>")

    words = refusal(client, model, block(empty, "application/pdf"))

    assert words == "messages.0.content.0.pdf.source.base64.data: PDF cannot be empty"


def test_the_first_of_several_faults_is_told(client: Anthropic) -> None:
    broken = block(picture(300, 200)[:200], "image/png")
    locked = block(pdf("One fish.", password="secret"), "application/pdf")

    words = refusal(client, SEES, block(picture(10, 10), "image/png"), locked, locked, broken)

    assert words.startswith("messages.0.content.1.pdf")


def test_a_file_that_a_toolset_took_is_not_shrunk(client: Anthropic) -> None:
    file = client.files.upload(file=("a.png", picture(3_840, 2_160), "image/png"))
    call = {"type": "tool_use", "id": "toolu_1", "name": "screenshot", "input": {}}
    taken = {"type": "image", "source": {"type": "file", "file_id": file.id}}
    messages: Any = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": [{**call, "toolset_name": "computer"}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [taken]}],
        },
    ]

    with pytest.raises(anthropic.BadRequestError, match="3840x2160 exceed the largest") as raised:
        client.messages.create(model=SEES, max_tokens=10, messages=messages)

    body: Any = raised.value.body
    assert body["error"]["details"]["paths"] == ["messages.2.content.0.content.0"]


def test_an_address_where_nothing_is_gets_the_published_words(client: Anthropic) -> None:
    words = refusal(
        client, READS, {"type": "image", "source": {"type": "url", "url": "http://127.0.0.1:9/x"}}
    )

    assert words == "Unable to download the file. Please verify the URL and try again."


def test_counting_counts_what_is_shown(client: Anthropic, host: ModelHost) -> None:
    document = block(pdf("One fish. " * 50), "application/pdf")
    messages: Any = [{"role": "user", "content": [document]}]

    short = client.messages.count_tokens(model=READS, messages=[{"role": "user", "content": "Hi"}])
    long = client.messages.count_tokens(model=READS, messages=messages)

    assert long.input_tokens > short.input_tokens + 100


# ---- what must not happen ----------------------------------------------------------------------


@pytest.mark.parametrize("model", [READS, RELAYED])
@pytest.mark.parametrize(
    ("data", "media_type", "kind", "words"),
    [
        (b"a,b", "text/csv", "document", "is of type text/csv"),
        (b"a,b", "text/csv", "image", "is of type text/csv"),
        (picture(9, 9), "image/png", "document", "is of type image/png"),
        (b"%PDF-1.7", "application/pdf", "image", "is of type application/pdf"),
        (b"h\xe4llo", "text/plain", "document", "The text file is not valid UTF-8"),
        (b" ", "text/plain", "document", "The text file is empty"),
        (b"no image", "image/png", "image", "Could not process image"),
    ],
    ids=["csv", "csv as image", "png", "pdf as image", "latin-1", "blank", "no image"],
)
def test_a_file_that_does_not_fit_is_refused_before_every_engine(
    client: Anthropic, model: str, data: bytes, media_type: str, kind: str, words: str
) -> None:
    file = client.files.upload(file=("a.bin", data, media_type))

    refused = refusal(client, model, {"type": kind, "source": {"type": "file", "file_id": file.id}})

    assert words in refused


def test_a_relay_gets_an_image_by_the_type_that_it_is(client: Anthropic, host: ModelHost) -> None:
    data = picture(30, 20)
    file = client.files.upload(file=("fish.jpg", data, "image/jpeg"))

    ask(client, RELAYED, {"type": "image", "source": {"type": "file", "file_id": file.id}})

    assert host.parts[0]["source"] == source(data, "image/png")


@pytest.mark.parametrize("model", [READS, RELAYED])
def test_one_file_named_again_and_again_is_as_much_as_it_comes_to(
    client: Anthropic, host: ModelHost, model: str
) -> None:
    file = client.files.upload(file=("a.txt", b"fish " * 400_000, "text/plain"))
    named: Any = {"type": "document", "source": {"type": "file", "file_id": file.id}}
    host.asked.clear()

    with pytest.raises(anthropic.APIStatusError) as raised:
        ask(client, model, *[named] * 40)

    assert raised.value.status_code == 413
    assert host.asked == []


def test_more_documents_than_a_request_may_have_are_not_fetched_to_find_that_out(
    client: Anthropic, host: ModelHost
) -> None:
    host.fetched = 0
    document = {"type": "document", "source": {"type": "url", "url": f"{host.url}/fish.pdf"}}

    words = refusal(client, READS, *[document] * 601)

    assert words == "Too much media: 601 document pages + 0 images > 600"
    assert host.fetched == 0


def test_nothing_more_is_fetched_after_the_first_fault(client: Anthropic, host: ModelHost) -> None:
    host.fetched = 0
    image = {"type": "image", "source": {"type": "url", "url": f"{host.url}/none.png"}}

    words = refusal(client, READS, *[image] * 20)

    assert words.startswith("Unable to download")
    assert 0 < host.fetched < 10


@pytest.mark.parametrize("model", [READS, RELAYED])
def test_files_that_cannot_be_reached_are_told_as_a_fault_that_passes(
    client: Anthropic, server: RunningServer, model: str
) -> None:
    file = client.files.upload(file=("a.txt", b"Blue fish.", "text/plain"))
    blob = next(path for path in server.folder.rglob("*") if path.name == file.id)
    blob.unlink()
    blob.symlink_to(blob.name)

    with pytest.raises(anthropic.APIStatusError) as raised:
        ask(client, model, {"type": "document", "source": {"type": "file", "file_id": file.id}})
    answered = ask(client, model, {"type": "text", "text": "Are you there?"})

    assert raised.value.status_code == 529
    assert answered.content
