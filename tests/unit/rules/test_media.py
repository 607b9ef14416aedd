"""Images and PDFs that are not what they say they are.

Numbers are the rows of the published error texts; the source stands behind them.
"""

import base64
from dataclasses import dataclass
from typing import Any

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
    tool,
    user,
    words,
)

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
AS_IT_IS: Fields = {"transformations": {"oversized_image": "error"}}
LOOK = tool("screenshot")


def image(media_type: str = "image/png", data: str = PNG) -> Fields:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def in_parts(*content: object) -> Fields:
    return {"type": "document", "source": {"type": "content", "content": list(content)}}


def pdf(data: str) -> Fields:
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {"type": "document", "source": source}


def sized(width: int, height: int, **fields: object) -> Fields:
    return {**image(data=in_base64(png(width, height))), **fields}


def screenshots(*images: object, toolset: str | None = "computer") -> list[Fields]:
    """Return a conversation in which a toolset took these."""
    taking = call(name="screenshot", toolset_name=toolset)
    shown = result(content=[text("Here:"), *images])
    return [user("Look."), assistant(taking), user(shown, "Well?")]


REFUSED: list[Case] = [
    (
        "49 lobehub/lobehub#14711: an image too large",
        {"messages": [user("Hi", image(data="A" * (10 * 1024 * 1024 + 4)))]},
        "messages.0.content.1.image.source.base64: image exceeds 10 MB maximum: "
        "10485764 bytes > 10485760 bytes",
    ),
    (
        "anthropics/claude-code#4534: an empty image",
        {"messages": [user(image(data=""))]},
        "messages.0.content.0.image.source.base64: image cannot be empty",
    ),
    (
        "53 anthropics/claude-code#56511: no image",
        {"messages": [user(image(data=base64.b64encode(b"hello, I am text").decode()))]},
        "Could not process image",
    ),
    (
        "no base64",
        {"messages": [user(image(data=f"data:image/png;base64,{PNG}"))]},
        "messages.0.content.0.image.source.base64: invalid base64 data",
    ),
    (
        "anthropics/anthropic-sdk-typescript#603: the same inside a tool result",
        {
            "messages": [
                user("Hi"),
                assistant(call()),
                user(result(content=[image(data=PNG[:10] + " " + PNG[10:])])),
            ]
        },
        "messages.2.content.0.tool_result.content.0.image.source.base64: invalid base64 data",
    ),
    (
        "53 vybestack/llxprt-code#2130: another type of image",
        {"messages": [user(image("image/jpeg"))]},
        "messages.0.content.0.image.source.base64: The image was specified using the image/jpeg "
        "media type, but the image appears to be a image/png image",
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
        "messages.2.content.0.tool_result.content.1.image.source.base64: The image was specified "
        "using the image/gif media type, but the image appears to be a image/png image",
    ),
    (
        "53: an empty PDF",
        {"messages": [user(pdf(""))]},
        "messages.0.content.0.pdf.source.base64.data: PDF cannot be empty",
    ),
    (
        "53 anthropics/claude-code#5174: no PDF",
        {"messages": [user(pdf(PNG))]},
        "messages.0.content.0.pdf.source.base64.data: The PDF specified was not valid.",
    ),
    (
        "a PDF that is no base64",
        {"messages": [user(pdf("%PDF-1.7"))]},
        "messages.0.content.0.pdf.source.base64: invalid base64 data",
    ),
    (
        "the first of several faults, whatever has it",
        {"messages": [user(pdf("")), assistant("Yes?"), user(image(data=""))]},
        "messages.0.content.0.pdf.source.base64.data: PDF cannot be empty",
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
            "messages": [user(sized(3_000, 1_500, **AS_IT_IS))],
        },
        "messages.0.content.0.image.source.base64.data: image dimensions 3000x1500 exceed the "
        "largest that fit: 1568x784",
    ),
    (
        "nor one that a toolset took",
        {"messages": screenshots(sized(3_840, 2_160))},
        "messages.2.content.0.tool_result.content.1.image.source.base64.data: image dimensions "
        "3840x2160 exceed the largest that fit: 1456x819",
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
            {"messages": [user(sized(1_000, 999, **AS_IT_IS))]},
            id="one that need not be shrunk",
        ),
        pytest.param(
            {"messages": screenshots(sized(1_000, 999))}, id="a screenshot that need not be shrunk"
        ),
        pytest.param(
            {"messages": screenshots(sized(3_840, 2_160), toolset=None), "tools": [LOOK]},
            id="a large image that a tool of the client's gave",
        ),
        pytest.param(
            {"messages": [*screenshots(), user(sized(3_840, 2_160))]},
            id="a large image beside screenshots",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """A request with images that are too large, and what the code of its refusal says."""

    messages: list[Fields]
    first: str
    most: int
    paths: list[str]


LARGE, FINE = sized(8_001, 10), sized(10, 10)
TOO_LARGE = {
    "sides that are too long": TooLarge(
        messages=[
            user(in_parts(FINE, LARGE), FINE, LARGE, LARGE),
            assistant(call()),
            user(result(content=[text("Here:"), LARGE, in_parts(LARGE)]), LARGE),
        ],
        first="messages.0.content.0.document.source.content.content.1.image.source.base64.data",
        most=8_000,
        paths=[
            "messages.0.content.0.source.content.1",
            "messages.0.content.2",
            "messages.0.content.3",
            "messages.2.content.0.content.1",
            "messages.2.content.0.content.2.source.content.0",
            "messages.2.content.1",
        ],
    ),
    "among many": TooLarge(
        messages=[user(*[FINE] * 20, sized(10, 2_001), FINE, sized(2_001, 10))],
        first="messages.0.content.20.image.source.base64.data",
        most=2_000,
        paths=["messages.0.content.20", "messages.0.content.22"],
    ),
    "images that must not be shrunk": TooLarge(
        messages=[
            user(sized(3_000, 3_000), sized(3_000, 1_500, **AS_IT_IS), sized(10, 10, **AS_IT_IS)),
            *screenshots(FINE, sized(1_600, 1_600)),
        ],
        first="messages.0.content.1.image.source.base64.data",
        most=1_092,  # of both the smaller: what has no longer side fits, whatever its other side
        paths=["messages.0.content.1", "messages.3.content.0.content.2"],
    ),
}


@pytest.mark.parametrize("case", TOO_LARGE.values(), ids=TOO_LARGE)
def test_the_code_of_images_that_are_too_large_names_the_most_and_where_all_stand(
    case: TooLarge,
) -> None:
    """SDK 2.12: ``image_dimensions_too_large_error_details``."""
    error = refusal(Asked(), messages=case.messages)

    assert error is not None
    assert error.message.startswith(f"{case.first}: ")
    assert error.details == {
        "error_code": "image_dimensions_too_large",
        "max_side_length_pixels": case.most,
        "paths": case.paths,
    }


def test_the_result_may_say_by_itself_that_a_toolset_gave_it() -> None:
    messages = screenshots(sized(3_840, 2_160), toolset=None)
    last: Any = messages[-1]
    last["content"][0]["toolset_name"] = "browser"

    assert "3840x2160" in str(words(refusal(Asked(), messages=messages)))


def test_a_model_with_a_larger_window_takes_more_images() -> None:
    messages = [user(*[sized(10, 10)] * 600)]

    assert refusal(Asked(), model="claude-opus-5", messages=messages) is None
    assert refusal(Asked(), model="claude-haiku-4-5", messages=messages) is not None
