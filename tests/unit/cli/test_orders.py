from pathlib import Path

import pytest

from antechamber.cli.chat.orders import (
    HELP,
    Clear,
    Load,
    Nothing,
    NotUnderstood,
    Order,
    Quit,
    Save,
    Say,
    SetModel,
    SetSystem,
    SetThinking,
    ShowHelp,
    ShowSetting,
    ShowUsage,
    UseTools,
    read_order,
)


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("", Nothing()),
        ("  \t", Nothing()),
        ("hello", Say(text="hello")),
        (" / is a slash", Say(text=" / is a slash")),
        ("//etc/passwd?", Say(text="/etc/passwd?")),
        ("several\n/lines", Say(text="several\n/lines")),
        ("/help", ShowHelp()),
        ("/QUIT", Quit()),
        ("/exit", Quit()),
        ("/clear", Clear()),
        ("/usage", ShowUsage()),
        ("/system Be brief. Please.", SetSystem(text="Be brief. Please.")),
        ("/system several\nlines", SetSystem(text="several\nlines")),
        ("/system off", SetSystem(text=None)),
        ("/system", ShowSetting(name="system")),
        ("/model claude-haiku-4-5", SetModel(model="claude-haiku-4-5")),
        ("/thinking on", SetThinking(thinking="on")),
        ("/thinking OFF", SetThinking(thinking="off")),
        ("/thinking default", SetThinking(thinking="default")),
        ("/thinking 2048", SetThinking(thinking=2048)),
        ("/thinking", ShowSetting(name="thinking")),
        ("/tools my tools.json", UseTools(path=Path("my tools.json"))),
        ("/tools off", UseTools(path=None)),
        ("/save talk.json", Save(path=Path("talk.json"))),
        ("/load ~/talk.json", Load(path=Path("~/talk.json"))),
    ],
)
def test_a_line_is_read_as(line: str, order: Order) -> None:
    assert read_order(line) == order


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("/", "no command /"),
        ("/sytem x", "no command /sytem"),
        ("/thinking much", "a number of tokens"),
        ("/thinking -1", "a number of tokens"),
        ("/thinking ²", "a number of tokens"),
        ("/save", "needs the name of a file"),
        ("/load ", "needs the name of a file"),
    ],
)
def test_what_is_not_understood_is_not_sent(line: str, part: str) -> None:
    order = read_order(line)

    assert isinstance(order, NotUnderstood)
    assert part in order.words


def test_the_help_names_only_commands_that_there_are() -> None:
    named = [line.split()[0] for line in HELP.splitlines() if line.startswith("/")]

    assert len(named) == 9
    for command in named:
        assert "there is no command" not in str(read_order(command))
