import json
from pathlib import Path

import pytest

from antechamber.cli.chat.conversation import Answer, Conversation, Tokens
from antechamber.cli.chat.files import FileTrouble, load, read_tools, save

TALK = (
    Conversation(
        model="m",
        max_tokens=10,
        system="Be brief.",
        thinking=2048,
        tools=({"name": "add", "input_schema": {"type": "object"}},),
    )
    .said("Hi “there”")
    .answered(
        Answer(
            content=(
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "text", "text": "Hello", "citations": None},
            ),
            stop_reason="end_turn",
            tokens=Tokens(model="m", input_tokens=3, output_tokens=2),
        )
    )
)


def test_a_saved_conversation_comes_back_as_it_was(tmp_path: Path) -> None:
    path = save(TALK, tmp_path / "talk.json")

    assert load(path) == TALK
    assert list(tmp_path.iterdir()) == [path]


def test_saving_again_replaces_the_conversation(tmp_path: Path) -> None:
    save(TALK, tmp_path / "talk.json")

    save(TALK.cleared(), tmp_path / "talk.json")

    assert load(tmp_path / "talk.json").messages == ()


def test_saving_does_not_replace_what_is_no_conversation(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("Chapter 1")

    with pytest.raises(FileTrouble, match=r"thesis\.txt: is there and no saved conversation"):
        save(TALK, tmp_path / "thesis.txt")

    assert (tmp_path / "thesis.txt").read_text() == "Chapter 1"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is no saved conversation"),
        ("[]", "is no saved conversation"),
        ('{"model": "m"}', "missing required field `max_tokens`"),
        ('{"model": "m", "max_tokens": 1, "messages": [{"role": "x", "content": []}]}', "role"),
        ('{"model": "m", "max_tokens": 1, "thinking": "much"}', "thinking"),
    ],
)
def test_what_is_no_conversation_is_not_loaded(tmp_path: Path, text: str, part: str) -> None:
    (tmp_path / "talk.json").write_text(text)

    with pytest.raises(FileTrouble, match=part):
        load(tmp_path / "talk.json")


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileTrouble, match="cannot be written: No such file or directory"):
        save(TALK, tmp_path / "nowhere" / "talk.json")
    with pytest.raises(FileTrouble, match="cannot be read: No such file or directory"):
        load(tmp_path / "nowhere.json")


@pytest.mark.parametrize("wrap", [lambda tools: tools, lambda tools: {"tools": tools}])
def test_tools_are_read_bare_or_from_a_request(tmp_path: Path, wrap) -> None:
    tools = [{"name": "add", "input_schema": {}}, {"type": "bash_20250124", "name": "bash"}]
    (tmp_path / "tools.json").write_text(json.dumps(wrap(tools)))

    assert read_tools(tmp_path / "tools.json") == tuple(tools)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("not JSON", "is no list of tools"),
        ('{"name": "add"}', "is no list of tools"),
        ("[1]", "is no list of tools"),
        ("[]", "declares no tool"),
        ('[{"name": "add"}, {}]', "tool 1 has no name"),
    ],
)
def test_what_declares_no_tools_is_named(tmp_path: Path, text: str, part: str) -> None:
    (tmp_path / "tools.json").write_text(text)

    with pytest.raises(FileTrouble, match=part):
        read_tools(tmp_path / "tools.json")
