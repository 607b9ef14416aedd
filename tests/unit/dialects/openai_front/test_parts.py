import base64

import pytest

from antechamber.wire.errors import InvalidRequest
from tests.unit.dialects.openai_front.requests import body, converted, text, user

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"


def image(url: str, **fields: object) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": url, **fields}}


def block(part: object) -> dict[str, object]:
    return body(user([part]))["messages"][0]["content"][0]


def test_an_image_by_address_is_one_to_fetch() -> None:
    assert block(image("https://a.example/b.png")) == {
        "type": "image",
        "source": {"type": "url", "url": "https://a.example/b.png"},
    }


@pytest.mark.parametrize("named", ["image/png", "image/jpeg", "image/jpg", "application/x"])
def test_what_an_image_is_follows_from_its_bytes(named: str) -> None:
    assert block(image(f"data:{named};base64,{PNG}"))["source"] == {
        "type": "base64",
        "media_type": "image/png",
        "data": PNG,
    }


@pytest.mark.parametrize("url", ["", "b.png", "file:///b.png", "data:image/png,raw"])
def test_an_image_that_is_neither_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^messages\.0\.content\.0\.image_url\.url: Must be"):
        block(image(url))


def test_the_detail_of_an_image_is_told_to_be_ignored() -> None:
    address = "https://a.example/b.png"

    assert converted(user([image(address, detail="low")])).ignored == ("messages.image_url.detail",)
    assert converted(user([image(address, detail="auto")])).ignored == ()


def test_a_file_is_a_document() -> None:
    data = base64.b64encode(b"%PDF-1.7").decode()
    pdf = {"file_data": f"data:application/pdf;base64,{data}", "filename": "a.pdf"}
    words = base64.b64encode("Grüße".encode()).decode()
    plain = {"file_data": f"data:text/plain;charset=utf-8;base64,{words}"}

    assert block({"type": "file", "file": pdf}) == {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": data},
        "title": "a.pdf",
    }
    assert block({"type": "file", "file": {"file_data": data}})["type"] == "document"
    assert block({"type": "file", "file": plain})["source"] == {
        "type": "text",
        "media_type": "text/plain",
        "data": "Grüße",
    }
    assert block({"type": "file", "file": {"file_id": "file_1"}})["source"] == {
        "type": "file",
        "file_id": "file_1",
    }


@pytest.mark.parametrize("data", [None, "data:application/zip;base64,AAAA"])
def test_another_file_is_refused(data: str | None) -> None:
    with pytest.raises(InvalidRequest, match=r"file\.file_data: Must be a PDF or a text"):
        block({"type": "file", "file": {"file_data": data}})


def test_a_text_file_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="is not UTF-8 in base64"):
        block({"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}})


def test_speech_is_refused() -> None:
    part = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}

    with pytest.raises(InvalidRequest, match=r"^messages\.0\.content\.1: Audio input is not"):
        body(user([text("Listen."), part]))
