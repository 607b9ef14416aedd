"""What a line that a person types asks for; pure."""

from dataclasses import dataclass
from pathlib import Path

from antechamber.cli.chat.conversation import Thinking

HELP = """\
/system TEXT           set the system prompt; without TEXT, show it; /system off drops it
/model ID              go on with another model; without ID, show it
/thinking on|off|N     let it think, forbid it, or allow N tokens of it; default: as the server does
/tools FILE.json|off   declare tools; you type what a call gives, with a "!" before an error
/save FILE             write the conversation to a JSON file
/load FILE             go on with a saved conversation
/usage                 tokens of every request and in total
/clear                 forget the messages, keep the settings
/quit                  leave (Ctrl-D does too)

A line that ends in "\\" goes on in the next one. A message that begins with "/" is written "//".
Ctrl-C stops an answer; what has come is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Send a message."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHelp:
    """List the commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSetting:
    """Show what a setting is now."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSystem:
    """Use this system prompt from now on, or none."""

    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetModel:
    """Ask this model from now on."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetThinking:
    """Think like this from now on."""

    thinking: Thinking


@dataclass(frozen=True, slots=True, kw_only=True)
class UseTools:
    """Declare the tools of a file from now on, or none."""

    path: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """Write the conversation."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Go on with a written conversation."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowUsage:
    """Show what the requests took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Forget the messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quit:
    """Leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """An empty line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood:
    """A command that is none, or lacks something; the words say which."""

    words: str


Order = (
    Say
    | ShowHelp
    | ShowSetting
    | SetSystem
    | SetModel
    | SetThinking
    | UseTools
    | Save
    | Load
    | ShowUsage
    | Clear
    | Quit
    | Nothing
    | NotUnderstood
)

_ALONE: dict[str, Order] = {
    "help": ShowHelp(),
    "?": ShowHelp(),
    "usage": ShowUsage(),
    "clear": Clear(),
    "quit": Quit(),
    "exit": Quit(),
}


def read_order(line: str) -> Order:
    """Read one line, or several that were typed as one."""
    if not line.strip():
        return Nothing()
    if line.startswith("//"):
        return Say(text=line[1:])
    if not line.startswith("/"):
        return Say(text=line)
    command, _, rest = line[1:].partition(" ")
    return _command(command.strip().lower(), rest.strip())


def _command(command: str, rest: str) -> Order:
    if (alone := _ALONE.get(command)) is not None:
        return alone
    match command:
        case "system" | "model" | "thinking" | "tools":
            return _setting(command, rest) if rest else ShowSetting(name=command)
        case "save" | "load" if not rest:
            return NotUnderstood(words=f"/{command} needs the name of a file")
        case "save":
            return Save(path=Path(rest))
        case "load":
            return Load(path=Path(rest))
        case _:
            return NotUnderstood(words=f"there is no command /{command}; /help lists them")


def _setting(name: str, value: str) -> Order:
    match name:
        case "system":
            return SetSystem(text=None if value == "off" else value)
        case "model":
            return SetModel(model=value)
        case "tools":
            return UseTools(path=None if value == "off" else Path(value))
        case _:
            return _thinking(value)


def _thinking(value: str) -> Order:
    match value.lower():
        case "on" | "off" | "default" as word:
            return SetThinking(thinking=word)
        case digits if digits.isascii() and digits.isdecimal():
            return SetThinking(thinking=int(digits))
        case _:
            return NotUnderstood(words='/thinking takes "on", "off" or a number of tokens')
