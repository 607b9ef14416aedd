"""Images and PDFs through the door: what is refused, and what a model without eyes gets of them."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic
from fpdf import FPDF
from PIL import Image, ImageDraw

from tests.conformance.bodies import OPUS, assistant, body, tool_result, tool_use, user
from tests.conformance.exchanges import sdk_client
from tests.conformance.manifest import requirement
from tests.servers import RunningServer

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(24)).decode()
IMAGE: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
QUESTION: Any = {"type": "text", "text": "What is it?"}


@pytest.fixture
def reader(embedded: RunningServer) -> Iterator[Anthropic]:
    """A client of the embedded model, which sees nothing."""
    with sdk_client(embedded.url, timeout=120.0) as client:
        yield client


def shot(text: str) -> Any:
    image = Image.new("RGB", (1000, 240), "white")
    ImageDraw.Draw(image).text((20, 20), text, fill="black", font_size=28)
    written = io.BytesIO()
    image.save(written, "PNG")
    data = base64.b64encode(written.getvalue()).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def pdf(*pages: str) -> Any:
    made = FPDF()
    made.set_font("helvetica", size=14)
    for text in pages:
        made.add_page()
        made.write(text=text)
    data = base64.b64encode(bytes(made.output())).decode()
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {"type": "document", "source": source}


def tokens(client: Anthropic, *content: Any) -> int:
    counted = client.messages.count_tokens(model=OPUS, messages=[user([*content, QUESTION])])
    return counted.input_tokens


@requirement("media:shapes")
@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            {**IMAGE, "source": {**IMAGE["source"], "media_type": "image/jpeg"}},
            "messages.0.content.0.image.source.base64.data: Image does not match the provided "
            "media type image/jpeg",
        ),
        (
            {**IMAGE, "source": {**IMAGE["source"], "data": ""}},
            "messages.0.content.0.image.source.base64.data: image cannot be empty",
        ),
        (
            {**IMAGE, "source": {**IMAGE["source"], "data": "bm90IGFuIGltYWdl"}},
            "messages.0.content.0.image.source.base64.data: Could not process image",
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "bm9wZQ=="},
            },
            "messages.0.content.0.pdf.source.base64.data: The PDF specified was not valid",
        ),
    ],
    ids=["type", "empty", "garbage", "pdf"],
)
def test_media_that_are_not_what_they_say_are_refused(
    http: httpx2.Client, block: dict[str, Any], message: str
) -> None:
    answer = http.post("/v1/messages", json=body([block, {"type": "text", "text": "What is it?"}]))

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"] == message


@requirement("media:images")
@pytest.mark.parametrize("place", ["message", "tool_result"])
def test_an_image_costs_what_its_size_says_wherever_it_stands(
    client: Anthropic, place: str
) -> None:
    def count(block: Any) -> int:
        inside = [user("Look."), assistant([tool_use()]), user([tool_result([block]), QUESTION])]
        messages: Any = inside if place == "tool_result" else [user([block, QUESTION])]
        return client.messages.count_tokens(model=OPUS, messages=messages).input_tokens

    beside = count({"type": "text", "text": "-"}) - 1

    assert count(shot("The gate is open.")) == beside + 36 * 9  # 1000 by 240 in patches of 28


@requirement("media:text-only-model")
@pytest.mark.xdist_group("embedded")
def test_a_model_without_eyes_is_told_what_can_be_read(reader: Anthropic) -> None:
    words = "Platform nine leaves at seven and calls at every stop to the sea"

    blank, written = tokens(reader, shot("")), tokens(reader, shot("\n".join([words] * 3)))
    document = tokens(reader, pdf(words, words))

    assert written > blank + 20
    assert document > tokens(reader) + 20


@requirement("media:text-only-model")
@pytest.mark.xdist_group("embedded")
def test_what_is_counted_is_what_is_read(reader: Anthropic) -> None:
    """BerriAI/litellm#36604: foreign tokenizers count 85 tokens an image."""
    inside: Any = [
        user("Look."),
        assistant([tool_use()]),
        user([tool_result([shot("The gate is open.")]), pdf("A lamp."), QUESTION]),
    ]

    counted = reader.messages.count_tokens(model=OPUS, messages=inside)
    message = reader.messages.create(model=OPUS, max_tokens=1, messages=inside)

    assert message.usage.input_tokens == counted.input_tokens


@requirement("media:text-only-model")
@pytest.mark.xdist_group("embedded")
def test_a_broken_image_is_refused_before_a_model_without_eyes_too(reader: Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="Could not process image"):
        reader.messages.create(**body([IMAGE, QUESTION], max_tokens=10))
