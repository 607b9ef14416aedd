"""What limits are told of a request before it is answered."""

import pytest

from antechamber.catalogue.facts import ImageTier
from antechamber.rules.cache_control import has_breakpoints
from antechamber.rules.input_estimate import guessed_input_tokens
from antechamber.wire.encoding import encode_json
from antechamber.wire.parse import parse_message_request
from tests.unit.media.images import in_base64, jpeg, png, segment
from tests.unit.rules.requests import (
    Fields,
    assistant,
    body_of,
    call,
    facts_of,
    parse,
    result,
    text,
    user,
)

MARK = {"cache_control": {"type": "ephemeral"}}
TOOL = {"name": "look", "input_schema": {"type": "object"}}


def is_marked(**fields: object) -> bool:
    body: Fields = {
        "model": "claude-opus-5",
        "max_tokens": 1,
        "messages": [user("One."), assistant("Two."), user("Three.")],
    }
    return has_breakpoints(parse_message_request(encode_json({**body, **fields})))


def test_a_request_without_marks_reads_no_cache() -> None:
    assert not is_marked()
    assert not is_marked(tools=[TOOL], system=[text("Be brief.")])


@pytest.mark.parametrize(
    "fields",
    [
        MARK,
        {"tools": [{**TOOL, **MARK}, TOOL]},
        {"system": [text("Be brief.", **MARK)]},
        {"messages": [user(text("One.", **MARK)), assistant("Two."), user("Three.")]},
        {"messages": [user("One."), assistant("Two."), user("Three.", text("Four.", **MARK))]},
    ],
)
def test_a_mark_anywhere_may_mean_a_read(fields: Fields) -> None:
    assert is_marked(**fields)


TIER = ImageTier(long_edge_px=1_568, max_tokens=1_568, formula="patches")
FILLING = bytes(30_000)
"""Of pixels; a body of less than 16 KB is not looked at."""


def image(data: bytes | str, media_type: str = "image/png") -> Fields:
    encoded = data if isinstance(data, str) else in_base64(data + FILLING)
    source = {"type": "base64", "media_type": media_type, "data": encoded}
    return {"type": "image", "source": source}


def guessed(*blocks: object, images: ImageTier = TIER) -> int:
    """Return the guess, without what stands for the text of the body."""
    fields = {"messages": [user(*blocks)]}
    data = sum(len(each["source"].get("data", "")) for each in blocks if isinstance(each, dict))
    size_bytes = len(encode_json(body_of(**fields)))
    return (
        guessed_input_tokens(parse(**fields), size_bytes, images).tokens - (size_bytes - data) // 4
    )


def test_text_is_a_token_for_four_bytes() -> None:
    assert guessed_input_tokens(parse(), 30_000, TIER) == (7_500, False)


def test_what_was_cited_is_nothing_when_it_is_sent_back() -> None:
    cited = {
        "type": "page_location",
        "cited_text": "The rent is due." * 1_000,
        "document_index": 0,
        "document_title": None,
        "start_page_number": 1,
        "end_page_number": 2,
    }
    request = parse(messages=[user("So?"), assistant(text("It is.", citations=[cited])), user("?")])

    assert guessed_input_tokens(request, 40_000, TIER) == (6_000, False)


def test_an_image_is_what_its_pixels_cost_however_many_bytes_it_has() -> None:
    small = image(png(1_000, 1_000))
    photo = image(jpeg(1_920, 1_080, segment(0xE1, 60_000)), "image/jpeg")

    assert guessed(small) == 1_296
    assert guessed(photo) == 1_560
    assert guessed(small, photo, small) == 1_296 + 1_560 + 1_296


@pytest.mark.parametrize(
    ("model", "tokens"), [("claude-sonnet-4-6", 1_560), ("claude-opus-4-7", 4_784), ("mine", 4_784)]
)
def test_newer_models_see_more_of_an_image(model: str, tokens: int) -> None:
    assert guessed(image(png(3_840, 2_160)), images=facts_of(model).image_tier) == tokens


@pytest.mark.parametrize("data", [png(0, 8), b"no image at all", "<base64>" * 4_000])
def test_an_image_whose_size_cannot_be_read_is_a_usual_one(data: bytes | str) -> None:
    assert guessed(image(data)) == 1_600


def test_images_inside_results_and_documents_count_too() -> None:
    shown = image(png(1_000, 1_000))
    document = {"type": "document", "source": {"type": "content", "content": [shown, text("A.")]}}
    fields = {
        "messages": [user("Look."), assistant(call()), user(result(content=[shown, document]))]
    }
    data = 2 * len(in_base64(png(1_000, 1_000) + FILLING))
    size_bytes = len(encode_json(body_of(**fields)))

    guess = guessed_input_tokens(parse(**fields), size_bytes, TIER)

    assert not guess.is_rough
    assert guess.tokens == (size_bytes - data) // 4 + 2 * 1_296


def test_a_pdf_is_a_token_for_forty_bytes() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "A" * 40_000}

    fields = {"messages": [user({"type": "document", "source": source})]}

    assert guessed({"type": "document", "source": source}) == 1_000
    assert guessed_input_tokens(parse(**fields), 60_000, TIER).is_rough


def test_what_is_elsewhere_is_not_guessed_at() -> None:
    source = {"type": "url", "url": "https://example.com/a.png"}

    assert guessed({"type": "image", "source": source}, "x" * 20_000) == 0


def test_a_small_body_is_not_looked_at() -> None:
    request = parse(messages=[user(image(in_base64(png(3_840, 2_160))))])

    assert guessed_input_tokens(request, 16 * 1024, TIER) == (4_096, False)
