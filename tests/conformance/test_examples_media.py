"""The examples about images, PDFs, files and batches of all four documents.

Names, texts and settings are the documents'; addresses are those of a web server of the test.
"""

import base64
import io
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from fpdf import FPDF
from PIL import Image, ImageDraw

from tests.conformance.conftest import EMBEDDED, SCRIPTED
from tests.conformance.exchanges import Watch, sdk_client
from tests.conformance.manifest import FOLDER, requirement
from tests.servers import RunningServer, running_server

FETCHING = "[fetch]\nallow_private_addresses = true\n"
PRICE = "The lamp costs 49 euros."


def picture(kind: str) -> bytes:
    image = Image.new("RGB", (480, 120), "white")
    ImageDraw.Draw(image).text((20, 40), PRICE, fill="black", font_size=32)
    written = io.BytesIO()
    image.save(written, kind)
    return written.getvalue()


def paper() -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica", size=14)
    pdf.write(text=PRICE)
    return bytes(pdf.output())


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with the images of the examples; its address."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "image.png").write_bytes(picture("PNG"))
    (folder / "image.jpg").write_bytes(picture("JPEG"))
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def _serving(folder: Path, engine: str) -> Generator[RunningServer]:
    replies = (FOLDER / "replies.toml").read_text(encoding="utf-8")
    config = FETCHING + (SCRIPTED if engine == "scripted" else EMBEDDED.format(completer="auto"))
    with running_server(folder, config=config, files={"replies.toml": replies}) as it:
        yield it
        assert not it.bugs()


@pytest.fixture(
    scope="module",
    params=[
        "scripted",
        pytest.param(
            "embedded",
            marks=[pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("embedded")],
        ),
    ],
)
def media_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with _serving(tmp_path_factory.mktemp("media"), request.param) as server:
        yield server


@pytest.fixture
def media_client(media_server: RunningServer, watch: Watch) -> Iterator[Anthropic]:
    with sdk_client(media_server.url, watch, timeout=540.0) as client:
        yield client


def in_base64(data: bytes) -> str:
    return base64.standard_b64encode(data).decode("utf-8")


def picture_source(kind: str) -> Any:
    """The picture in base64, as the documents show it."""
    media_type = f"image/{kind.lower()}"
    return {"type": "base64", "media_type": media_type, "data": in_base64(picture(kind))}


@requirement("examples:overview:pdf")
def test_a_pdf_and_its_breakpoint(media_client: Anthropic) -> None:
    source: Any = {"type": "base64", "media_type": "application/pdf", "data": in_base64(paper())}

    message = media_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=64,
        messages=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "document",
                        "source": source,
                        "cache_control": {"type": "ephemeral"},
                    },
                    {"type": "text", "text": "What does the lamp cost?"},
                ],
            }
        ],
    )

    assert message.usage.input_tokens > 0


@requirement("examples:overview:vision")
def test_an_image_in_base64_and_one_by_its_address(media_client: Anthropic, web: str) -> None:
    embedded = picture_source("PNG")
    addressed: Any = {"type": "url", "url": f"{web}/image.png"}

    for source in (embedded, addressed):
        message = media_client.messages.create(
            model="claude-opus-4-7",
            max_tokens=64,
            messages=[{"role": "user", "content": [{"type": "image", "source": source}]}],
        )
        assert message.stop_reason in ("end_turn", "max_tokens")


@requirement("examples:overview:files")
def test_a_file_is_uploaded_and_summarised(media_client: Anthropic, tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(paper())

    with path.open("rb") as opened:
        file = media_client.files.upload(file=opened, extra_body={"purpose": "user_data"})
    message = media_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=64,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "document", "source": {"type": "file", "file_id": file.id}},
                    {"type": "text", "text": "总结这份文档"},
                ],
            }
        ],
    )

    assert message.usage.input_tokens > 0


@requirement("examples:overview:batches")
def test_a_batch_of_two_tasks(media_client: Anthropic) -> None:
    params: Any = {
        "model": "claude-opus-4-7",
        "max_tokens": 16,
        "messages": [{"role": "user", "content": "Hello"}],
    }

    batch = media_client.messages.batches.create(
        requests=[
            {"custom_id": "task-1", "params": params},
            {"custom_id": "task-2", "params": params},
        ]
    )
    while batch.processing_status != "ended":
        batch = media_client.messages.batches.retrieve(batch.id)
    results = {
        each.custom_id: each.result for each in media_client.messages.batches.results(batch.id)
    }

    assert batch.request_counts.succeeded == 2
    assert {each.type for each in results.values()} == {"succeeded"}
    assert results.keys() == {"task-1", "task-2"}


@requirement("examples:guide:vision")
def test_the_ant_in_base64_and_by_its_address(media_client: Anthropic, web: str) -> None:
    question: Any = {"type": "text", "text": "What is in the above image?"}
    embedded = picture_source("JPEG")
    addressed: Any = {"type": "url", "url": f"{web}/image.jpg"}

    for source in (embedded, addressed):
        message = media_client.messages.create(
            model="claude-opus-4-7",
            max_tokens=64,
            messages=[{"role": "user", "content": [{"type": "image", "source": source}, question]}],
        )
        assert message.usage.output_tokens > 0


@requirement("examples:interface:vision")
def test_a_picture_is_described(media_client: Anthropic, web: str) -> None:
    question: Any = {"type": "text", "text": "描述这张图片"}
    embedded = picture_source("JPEG")
    addressed: Any = {"type": "url", "url": f"{web}/image.jpg"}

    for source in (addressed, embedded):
        message = media_client.messages.create(
            model="claude-3-opus-20240229",
            max_tokens=64,
            messages=[{"role": "user", "content": [{"type": "image", "source": source}, question]}],
        )
        assert message.usage.output_tokens > 0


@requirement("examples:reference:vision")
def test_an_image_of_the_reference(media_client: Anthropic, web: str) -> None:
    embedded = picture_source("PNG")
    addressed: Any = {"type": "url", "url": f"{web}/image.png"}

    for source, text in ((embedded, "What's in this image?"), (addressed, "Describe this image")):
        response = media_client.messages.create(
            model="claude-opus-4-7",
            max_tokens=64,
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "source": source},
                        {"type": "text", "text": text},
                    ],
                }
            ],
        )
        assert response.usage.output_tokens > 0
