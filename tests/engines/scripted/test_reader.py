"""Script files: both formats, the example, and what is said of mistakes."""

import re
from pathlib import Path

import pytest

from antechamber.engines.scripted.reader import (
    MAX_SCRIPT_BYTES,
    ScriptError,
    load_script,
    parse_script,
)
from antechamber.engines.scripted.script import TABLES
from antechamber.wire.errors import Overloaded
from tests.engines.scripted.stage import answered, engine, order

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "scripted.toml"
REFERENCE = ROOT / "docs" / "reference" / "scripted-engine.md"


def test_a_json_script_is_the_same_as_a_toml_script(tmp_path: Path) -> None:
    toml, json = tmp_path / "a.toml", tmp_path / "a.JSON"
    toml.write_text('[[replies]]\nwhen = "hi"\ndelay_s = 1\nusage = { input_tokens = 3 }\n')
    json.write_text('{"replies": [{"when": "hi", "delay_s": 1.0, "usage": {"input_tokens": 3}}]}')

    assert load_script(toml) == load_script(json)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('txet = "a"', 'replies[0].txet: unknown key (did you mean "text"?)'),
        ("zzz = 1", "replies[0].zzz: unknown key"),
        ('name = "x"', "replies[0].name: unknown key\n"),
        ("usage = { tokens = 1, input_token = 2 }", "replies[0].usage.tokens: unknown key (did"),
        (
            "error = { stauts = 400 }",
            'replies[0].error.stauts: unknown key (did you mean "status"?)',
        ),
        (
            'when = "("',
            'replies[0].when: "(" is no regular expression: missing ), unterminated subpattern',
        ),
        ('text = "a"\nerror = { status = 400 }', "replies[0]: error and text exclude each other"),
        ("content = []\nerror = { status = 400 }", "replies[0]: error and content exclude each"),
        (
            'error = { type = "overload_error" }',
            """replies[0]: error.type "overload_error" is none of the API's """
            '(did you mean "overloaded_error"?)',
        ),
        (
            'fail_after = { events = 1, type = "zzz" }',
            """replies[0]: fail_after.type "zzz" is none of the API's: api_error, """,
        ),
        ('times = "2"', "replies[0].times: Input should be a valid integer"),
        ("delay_s = -1", "replies[0].delay_s: Input should be greater than or equal to 0"),
        ('content = [{ type = "text", tex = "a" }]', "replies[0].content[0].tex: unknown key"),
        ('content = [{ text = "a" }]', "replies[0].content[0]: needs a type"),
        ('content = [{ type = "text" }]', "replies[0].content[0]: needs text or chunks"),
        ('content = [{ type = "tool_use" }]', "replies[0].content[0].name: Field required"),
        ('text = "a"\ncontent = []', "replies[0]: text and content exclude each other"),
        ("cut_after = 1\nhang_after = 2", "replies[0]: cut_after and hang_after exclude each"),
        ("error = { status = 200 }", "replies[0].error.status: Input should be greater than"),
        ("error = {}", "replies[0].error: needs a status or a type"),
        ('stop_reason = "done"', "replies[0].stop_reason: Input should be 'end_turn',"),
        ('stop_reason = "tool_use"', "replies[0]: stop_reason 'tool_use' needs a block"),
        ('stop_reason = "stop_sequence"', "replies[0]: stop_reason 'stop_sequence' needs"),
        (
            'stop_reason = "end_turn"\nstop_sequence = "x"',
            "replies[0]: stop_sequence goes with stop_reason 'stop_sequence'",
        ),
        (
            'content = [{ type = "tool_use", name = "f", input_json = "{" },'
            ' { type = "text", text = "a" }]',
            "replies[0]: only the last block may be a tool_use whose JSON is cut",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_place(line: str, complaint: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(f"[[replies]]\n{line}\n".encode(), name="my/replies.toml")

    assert f"{caught.value}\n".startswith(f"my/replies.toml: {complaint}")


def test_a_number_that_json_lacks_is_refused() -> None:
    with pytest.raises(ScriptError, match=r"r\.toml: inf is not a number"):
        parse_script(b"delay_s = inf", name="r.toml")


def test_every_mistake_is_listed() -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(b'odrer = "match"\n[[replies]]\ntimes = 0\n', name="r.toml")

    assert {line.split(":")[1] for line in str(caught.value).splitlines()} == {
        " odrer",
        " replies[0].times",
    }


def test_a_key_of_another_table_is_not_proposed() -> None:
    blocks = 'content = [{ type = "text", nmae = "f" }, { type = "tool_use", nmae = "f" }]'

    with pytest.raises(ScriptError) as caught:
        parse_script(f"nmae = 1\n[[replies]]\n{blocks}\n".encode(), name="r.toml")

    assert set(str(caught.value).splitlines()) >= {
        "r.toml: nmae: unknown key",
        "r.toml: replies[0].content[0].nmae: unknown key",
        'r.toml: replies[0].content[1].nmae: unknown key (did you mean "name"?)',
    }


@pytest.mark.parametrize("head", ["", 'order = "sequence"', "replies = []"])
def test_a_file_without_replies_is_refused(tmp_path: Path, head: str) -> None:
    (tmp_path / "empty.toml").write_text(head)

    with pytest.raises(ScriptError, match=r"empty\.toml: holds no \[\[replies\]\]"):
        load_script(tmp_path / "empty.toml")


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ('at_end = "last"', "at_end goes with order = 'sequence'"),
        ('order = "sequence"', "replies[0].when has no place in a sequence"),
    ],
)
def test_order_and_conditions_have_to_agree(head: str, complaint: str) -> None:
    with pytest.raises(ScriptError, match=re.escape(complaint)):
        parse_script(f'{head}\n[[replies]]\nwhen = "a"\n'.encode(), name="r.toml")


@pytest.mark.parametrize("name", ["r.toml", "r.json"])
@pytest.mark.parametrize("data", [b"\xff", b"[[replies", b'{"replies": ['])
def test_what_is_neither_toml_nor_json_is_an_error_with_the_name(name: str, data: bytes) -> None:
    with pytest.raises(ScriptError, match=f"^{name}: "):
        parse_script(data, name=name)


def test_a_script_that_is_missing_or_too_large_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (MAX_SCRIPT_BYTES + 1))

    with pytest.raises(ScriptError, match=r"none\.toml: No such file"):
        load_script(tmp_path / "none.toml")
    with pytest.raises(ScriptError, match="larger than"):
        load_script(large)


@pytest.mark.parametrize(
    ("said", "model", "reply"),
    [
        ("How is the weather?", "claude-opus-5", "Let me look that up."),
        ("Is this cached?", "claude-opus-5", "Most of this prompt was read from the cache."),
        ("Moin", "claude-haiku-4-5", "Short and quick."),
        ("Moin", "claude-opus-5", 'You said: "Moin"'),
    ],
)
async def test_the_example_answers_as_it_says(said: str, model: str, reply: str) -> None:
    assert await answered(engine(EXAMPLE.read_text("utf-8")), order(said, model=model)) == reply


async def test_the_example_is_busy_once() -> None:
    scripted = engine(EXAMPLE.read_text("utf-8"))

    with pytest.raises(Overloaded):
        await answered(scripted, order("Are you busy?"))

    assert await answered(scripted, order("Are you busy?")) == "I have time now."


def test_the_scripts_in_the_reference_can_be_played() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", REFERENCE.read_text("utf-8"), re.DOTALL)
    scripts = [block for block in blocks if "[[replies]]" in block]

    assert len(scripts) == 2
    for block in scripts:
        parse_script(block.encode(), name="reference.toml")


def test_the_reference_names_every_key() -> None:
    text = REFERENCE.read_text("utf-8")

    missing = {
        key for table in TABLES for key in table.model_fields if not re.search(rf"\b{key}\b", text)
    }

    assert missing == set()
