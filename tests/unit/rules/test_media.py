"""Images and PDFs that are not what they say they are.

Numbers are the rows of the published error texts; the source stands behind them.
"""

import base64

import pytest

from tests.unit.media.images import in_base64, png
from tests.unit.rules.requests import (
    Asked,
    Case,
    Fields,
    assistant,
    call,
    cases,
    refusal,
    refusal_of_count,
    result,
    text,
    user,
    words,
)

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


def image(media_type: str = "image/png", data: str = PNG) -> Fields:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def pdf(data: str) -> Fields:
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {"type": "document", "source": source}


def sized(width: int, height: int) -> Fields:
    return image(data=in_base64(png(width, height)))


REFUSED: list[Case] = [
    (
        "49 lobehub/lobehub#14711: an image too large",
        {"messages": [user("Hi", image(data="A" * (10 * 1024 * 1024 + 4)))]},
        "messages.0.content.1.image.source.base64: image exceeds 10 MB maximum: "
        "10485764 bytes > 10485760 bytes",
    ),
    (
        "53: an empty image",
        {"messages": [user(image(data=""))]},
        "messages.0.content.0.image.source.base64.data: image cannot be empty",
    ),
    (
        "53: no image",
        {"messages": [user(image(data=base64.b64encode(b"hello, I am text").decode()))]},
        "messages.0.content.0.image.source.base64.data: Could not process image",
    ),
    (
        "53: no base64",
        {"messages": [user(image(data="<base64>"))]},
        "messages.0.content.0.image.source.base64.data: Could not process image",
    ),
    (
        "53 anthropics/claude-code#13131: another type of image",
        {"messages": [user(image("image/jpeg"))]},
        "messages.0.content.0.image.source.base64.data: "
        "Image does not match the provided media type image/jpeg",
    ),
    (
        "53: the same inside a tool result",
        {
            "messages": [
                user("Hi"),
                assistant(call()),
                user(result(content=[text("Here:"), image("image/gif")])),
            ]
        },
        "messages.2.content.0.tool_result.content.1.image.source.base64.data: "
        "Image does not match the provided media type image/gif",
    ),
    (
        "53: an empty PDF",
        {"messages": [user(pdf(""))]},
        "messages.0.content.0.pdf.source.base64.data: PDF cannot be empty",
    ),
    (
        "53: no PDF",
        {"messages": [user(pdf(PNG))]},
        "messages.0.content.0.pdf.source.base64.data: The PDF specified was not valid",
    ),
    (
        "50 anthropics/claude-code#4778: a side that is too long",
        {"messages": [user(sized(8_001, 10))]},
        "messages.0.content.0.image.source.base64.data: At least one of the image dimensions "
        "exceed max allowed size: 8000 pixels",
    ),
    (
        "51 anthropics/claude-code#49537: and a shorter one among many",
        {"messages": [user(*[sized(10, 10)] * 20, sized(10, 2_001))]},
        "messages.0.content.20.image.source.base64.data: At least one of the image dimensions "
        "exceed max allowed size for many-image requests: 2000 pixels",
    ),
    (
        "53: more images than the window is for",
        {"messages": [user(*[sized(10, 10)] * 101)]},
        "Too much media: 0 document pages + 101 images > 100",
    ),
    (
        "an image that must not be shrunk",
        {
            "messages": [
                user({**sized(3_000, 1_500), "transformations": {"oversized_image": "error"}})
            ]
        },
        "messages.0.content.0.image.source.base64.data: image dimensions 3000x1500 exceed the "
        "largest that fit: 1568x784",
    ),
]


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("fields", "expected"), cases(REFUSED))
def test_both_fidelities_refuse_in_the_published_words(fields, expected, fidelity) -> None:
    error = refusal(Asked(fidelity=fidelity), **fields)

    assert words(error) == expected


@pytest.mark.parametrize(("fields", "expected"), cases(REFUSED))
def test_counting_refuses_what_creating_refuses(fields, expected) -> None:
    error = refusal_of_count(Asked(), **fields)

    assert words(error) == expected


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"messages": [user("Look:", image())]}, id="a PNG"),
        pytest.param({"messages": [user(sized(8_000, 8_000))]}, id="one as large as may be"),
        pytest.param({"messages": [user(*[sized(2_000, 2_000)] * 100)]}, id="as many as may be"),
        pytest.param(
            {
                "messages": [
                    user({**sized(1_000, 999), "transformations": {"oversized_image": "error"}})
                ]
            },
            id="one that need not be shrunk",
        ),
        pytest.param(
            {
                "messages": [
                    user(
                        image(
                            "image/jpeg", base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(40)).decode()
                        )
                    )
                ]
            },
            id="a JPEG",
        ),
        pytest.param(
            {
                "messages": [
                    user(image("image/gif", base64.b64encode(b"GIF89a" + bytes(40)).decode()))
                ]
            },
            id="a GIF",
        ),
        pytest.param(
            {
                "messages": [
                    user(
                        image(
                            "image/webp", base64.b64encode(b"RIFF....WEBPVP8 " + bytes(40)).decode()
                        )
                    )
                ]
            },
            id="a WebP",
        ),
        pytest.param(
            {"messages": [user(image("image/gif", base64.b64encode(b"GIF89a").decode()))]},
            id="a tiny image",
        ),
        pytest.param(
            {"messages": [user(pdf(base64.b64encode(b"%PDF-1.7\n" + bytes(30)).decode()))]},
            id="a PDF",
        ),
    ],
)
def test_media_that_are_what_they_say_are_accepted(fields, fidelity) -> None:
    assert words(refusal(Asked(fidelity=fidelity), **fields)) is None


def padded(head: bytes, characters: int) -> str:
    return base64.b64encode(head + bytes(40)).decode().ljust(characters, "A")


JPEG = b"\xff\xd8\xff\xe0"
FIVE_MB = 5 * 1024 * 1024
LOWER: list[Case] = [
    (
        "49 earendil-works/pi#424: an image beyond a limit of one's own",
        {"messages": [user(image(data=padded(b"\x89PNG\r\n\x1a\n", 6_275_800)))]},
        "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum: "
        "6275800 bytes > 5242880 bytes",
    ),
    (
        "the same inside a tool result",
        {
            "messages": [
                user("Hi"),
                assistant(call()),
                user(result(content=[image("image/jpeg", padded(JPEG, FIVE_MB + 4))])),
            ]
        },
        "messages.2.content.0.tool_result.content.0.image.source.base64: "
        "image exceeds 5 MB maximum: 5242884 bytes > 5242880 bytes",
    ),
    (
        "a PDF, which has no limit but the body's until there is one",
        {"messages": [user(pdf(padded(b"%PDF-1.7\n", 1_572_868)))]},
        "messages.0.content.0.pdf.source.base64: PDF exceeds 1.5 MB maximum: "
        "1572868 bytes > 1572864 bytes",
    ),
]


@pytest.mark.parametrize(("fields", "expected"), cases(LOWER))
def test_lower_limits_are_told_in_the_published_words(fields, expected) -> None:
    asked = Asked(max_image_bytes=FIVE_MB, max_pdf_bytes=1_572_864)

    assert words(refusal(asked, **fields)) == expected
    assert words(refusal_of_count(asked, **fields)) == expected


def test_what_is_just_as_large_as_the_limit_is_accepted() -> None:
    asked = Asked(max_image_bytes=1_024, max_pdf_bytes=2_048)
    shown = user(
        image("image/jpeg", padded(JPEG, 1_024)), pdf(padded(b"%PDF-1.7\n", 2_048)), "What is it?"
    )

    assert words(refusal(asked, messages=[shown])) is None


def test_the_code_of_a_side_that_is_too_long_names_the_most_and_the_place() -> None:
    """SDK 2.12: ``image_dimensions_too_large``."""
    error = refusal(Asked(), messages=[user(sized(9_000, 10))])

    assert error is not None
    assert error.details == {
        "error_code": "image_dimensions_too_large",
        "max_side_length_pixels": 8_000,
        "paths": ["messages.0.content.0.image.source.base64.data"],
    }


def test_a_model_with_a_larger_window_takes_more_images() -> None:
    messages = [user(*[sized(10, 10)] * 600)]

    assert refusal(Asked(), model="claude-opus-5", messages=messages) is None
    assert refusal(Asked(), model="claude-haiku-4-5", messages=messages) is not None
