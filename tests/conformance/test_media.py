"""Images and PDFs through the door: what is refused, and what a model without eyes gets of them."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic
from anthropic.types import ImageDimensionsTooLargeError
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
    drawn = Image.new("RGB", (1000, 240), "white")
    ImageDraw.Draw(drawn).text((20, 20), text, fill="black", font_size=28)
    return shown(drawn)


def image(width: int, height: int) -> Any:
    return shown(Image.new("L", (width, height)))


def shown(image: Image.Image) -> Any:
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
            "messages.0.content.0.image.source.base64: The image was specified using the "
            "image/jpeg media type, but the image appears to be a image/png image",
        ),
        (
            {**IMAGE, "source": {**IMAGE["source"], "data": ""}},
            "messages.0.content.0.image.source.base64: image cannot be empty",
        ),
        (
            {**IMAGE, "source": {**IMAGE["source"], "data": "bm90IGFuIGltYWdl"}},
            "Could not process image",
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "bm9wZQ=="},
            },
            "messages.0.content.0.pdf.source.base64.data: The PDF specified was not valid.",
        ),
        (
            {**IMAGE, "source": {**IMAGE["source"], "data": f"data:image/png;base64,{PNG}"}},
            "messages.0.content.0.image.source.base64: invalid base64 data",
        ),
    ],
    ids=["type", "empty", "garbage", "pdf", "data url"],
)
def test_media_that_are_not_what_they_say_are_refused(
    http: httpx2.Client, block: dict[str, Any], message: str
) -> None:
    answer = http.post("/v1/messages", json=body([block, {"type": "text", "text": "What is it?"}]))

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"] == message


@requirement("media:oversized")
def test_the_sdk_is_told_where_all_images_stand_that_are_too_large(client: Anthropic) -> None:
    large = image(8_001, 1)
    messages: Any = [
        user([large, image(10, 10), large, QUESTION]),
        assistant([tool_use()]),
        user([tool_result([QUESTION, large])]),
    ]

    with pytest.raises(ImageDimensionsTooLargeError) as raised:
        client.messages.create(model=OPUS, max_tokens=1, messages=messages)

    assert raised.value.details is not None
    assert raised.value.details.max_side_length_pixels == 8_000
    assert raised.value.details.paths == [
        "messages.0.content.0",
        "messages.0.content.2",
        "messages.2.content.0.content.1",
    ]


@requirement("media:oversized")
@pytest.mark.parametrize("toolset", ["computer", "browser"])
def test_a_screenshot_is_refused_rather_than_shrunk(client: Anthropic, toolset: str) -> None:
    call = {**tool_use(), "toolset_name": toolset}
    messages: Any = [user("Look."), assistant([call]), user([tool_result([image(3_840, 2_160)])])]

    with pytest.raises(ImageDimensionsTooLargeError) as raised:
        client.messages.create(model=OPUS, max_tokens=1, messages=messages)

    assert raised.value.details is not None
    assert raised.value.details.paths == ["messages.2.content.0.content.0"]


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
