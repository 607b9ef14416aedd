import pytest

from antechamber.rules.citations import citable, refuse_citations_of_some_only
from antechamber.rules.reading import Reading, read
from antechamber.wire.errors import InvalidRequest
from tests.unit.rules.requests import (
    Asked,
    Fields,
    assistant,
    call,
    context_of,
    parse,
    result,
    user,
)

ON = {"enabled": True}


def document(**fields: object) -> Fields:
    source = {"type": "text", "media_type": "text/plain", "data": "The grass is green."}
    return {"type": "document", "source": source, **fields}


def search_result(**fields: object) -> Fields:
    content = [{"type": "text", "text": "The sky is blue."}]
    return {"type": "search_result", "source": "a", "title": "A", "content": content, **fields}


def reading(*messages: Fields) -> Reading:
    request = parse(
        messages=list(messages), tools=[{"name": "look", "input_schema": {"type": "object"}}]
    )
    return read(request, context_of(request.model, Asked()))


def gave(*content: Fields) -> list[Fields]:
    """A conversation in which a tool has given something."""
    return [user("Hi"), assistant(call()), user(result(content=list(content)))]


@pytest.mark.parametrize(
    "messages",
    [
        [user("Hi")],
        [user(document(), search_result(), "Hi")],
        [user(document(citations=None), document(citations={"enabled": False}), "Hi")],
        [user(document(citations=ON), search_result(citations=ON), "Hi")],
        [user(document(citations=ON)), *gave(search_result(citations=ON))[1:]],
    ],
)
def test_all_or_none_may_be_cited(messages: list[Fields]) -> None:
    refuse_citations_of_some_only(reading(*messages))


@pytest.mark.parametrize(
    ("messages", "path"),
    [
        ([user(document(citations=ON), document(), "Hi")], "messages.0.content.1.document"),
        (
            [user(document(), search_result(citations=ON), "Hi")],
            "messages.0.content.1.search_result",
        ),
        (
            [user(document(citations=ON)), assistant("Ah."), user(document(citations={}))],
            "messages.2.content.0.document",
        ),
        (
            [user(document(citations=ON)), *gave(search_result())[1:]],
            "messages.2.content.0.tool_result.content.0.search_result",
        ),
    ],
)
def test_some_only_are_refused(messages: list[Fields], path: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        refuse_citations_of_some_only(reading(*messages))

    assert refusal.value.message == (
        f"{path}.citations: citations must be enabled on all or none of the documents "
        "and search results within a request"
    )


def test_what_may_be_cited_comes_in_the_order_of_the_conversation() -> None:
    messages = [user(search_result(), document()), *gave(document(), search_result())[1:]]

    found = citable(reading(*messages).request)

    assert [f"{path}.{block.type}" for path, block in found] == [
        "messages.0.content.0.search_result",
        "messages.0.content.1.document",
        "messages.2.content.0.tool_result.content.0.document",
        "messages.2.content.0.tool_result.content.1.search_result",
    ]
