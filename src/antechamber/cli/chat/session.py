"""The loop of a conversation: read an order, carry it out, show what came of it."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from antechamber.cli.chat.conversation import (
    Answer,
    Conversation,
    ToolCall,
    ToolResult,
    calls_in,
)
from antechamber.cli.chat.correspondent import Correspondent, NoAnswer
from antechamber.cli.chat.files import FileTrouble, load, read_tools, save
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
from antechamber.cli.chat.terminal import Terminal
from antechamber.cli.chat.usage import usage_table

_STOPPED = {
    None: "stopped",
    "max_tokens": "cut off: --max-tokens is reached",
    "model_context_window_exceeded": "cut off: the model's window is full; /clear empties it",
}


class _Refused(Exception):
    """The model refused; the message must not stay in the history."""


class _Unanswered(Exception):
    """A pipe is at its end, and the model waits for the result of the call that is named."""


class _Left(Exception):
    """The person stopped an answer of which nothing can be kept, or gave no result for a call."""


class Session:
    """One run of ``antechamber chat``."""

    def __init__(
        self, conversation: Conversation, correspondent: Correspondent, terminal: Terminal
    ) -> None:
        self._conversation: Conversation = conversation
        self._correspondent = correspondent
        self._terminal = terminal
        self.failed = False
        """Whether a message stayed without an answer, or an order was not carried out."""

    def run(self) -> None:
        """Talk until the person leaves."""
        while True:
            try:
                line = self._terminal.ask("you> ")
                order = Quit() if line is None else read_order(line)
                if isinstance(order, Quit):
                    return
                self._obey(order)
            except FileTrouble as error:
                self._fail(str(error))
            except KeyboardInterrupt:  # at the prompt: what an answer makes of it is its own
                if not self._terminal.interactive:
                    raise
                self._terminal.end_line()

    def say(self, text: str) -> None:
        """Send one message, whatever it begins with."""
        self._talk(text)

    def _obey(self, order: Order) -> None:
        match order:
            case Say(text=text):
                self._talk(text)
            case ShowHelp():
                self._terminal.result(HELP)
            case ShowUsage():
                self._show_usage()
            case ShowSetting(name=name):
                self._terminal.result(_setting(name, self._conversation))
            case NotUnderstood(words=words):
                self._fail(words)
            case Save(path=path):
                self._terminal.note(f"saved to {save(self._conversation, path)}")
            case Nothing() | Quit():
                pass
            case _:
                self._conversation = self._changed(order)

    def _changed(
        self, order: SetSystem | SetModel | SetThinking | UseTools | Load | Clear
    ) -> Conversation:
        changed: Conversation = self._conversation
        match order:
            case SetSystem(text=text):
                changed = replace(changed, system=text)
            case SetModel(model=model):
                changed = replace(changed, model=model)
            case SetThinking(thinking=thinking):
                changed = replace(changed, thinking=thinking)
            case UseTools(path=path):
                changed = replace(changed, tools=() if path is None else read_tools(path))
                self._terminal.note(_setting("tools", changed))
            case Load(path=path):
                changed = load(path)
                self._terminal.note(f"{len(changed.messages)} messages with {changed.model}")
            case Clear():
                changed = changed.cleared()
        return changed

    def _talk(self, text: str) -> None:
        before = self._conversation
        self._conversation = before.said(text)
        try:
            self._take_turn()
        except NoAnswer as error:
            self._fail(str(error))
        except _Refused as error:
            self._terminal.note(f"[refused: {error}]" if str(error) else "[refused]")
        except _Unanswered as error:
            self._fail(f"the model called {error}, and there is no result for it")
        except (KeyboardInterrupt, _Left):
            if not self._terminal.interactive:
                raise
            self._terminal.end_line()
            self._terminal.note("[stopped]")
        else:
            return
        self._conversation = self._conversation.taken_back(before)
        if self._terminal.interactive:
            self._terminal.note("[your message was taken back]")

    def _fail(self, words: str) -> None:
        self.failed = True
        self._terminal.error(words)

    def _take_turn(self) -> None:
        """Ask until the model needs nothing more: results of tools, or time for the server's."""
        while True:
            with closing(self._terminal.answer()) as display:
                answer = self._correspondent.answer(self._conversation, display)
            asked, self._conversation = (
                self._conversation,
                self._conversation.answered(answer),
            )
            if answer.stop_reason == "refusal":
                raise _Refused(answer.explanation or "")
            if answer.stop_reason is None and self._conversation.messages == asked.messages:
                raise _Left
            calls = calls_in(answer)
            if calls:
                self._conversation = self._conversation.resulted(self._results(calls))
            elif answer.stop_reason != "pause_turn":
                self._say_how_it_ended(answer)
                return

    def _results(self, calls: Sequence[ToolCall]) -> list[ToolResult]:
        return [self._result(call) for call in calls]

    def _result(self, call: ToolCall) -> ToolResult:
        text = self._terminal.ask(f"{call.name} gives> ")
        if text is None:
            raise _Left if self._terminal.interactive else _Unanswered(call.name)
        return ToolResult(
            call_id=call.id, text=text.removeprefix("!"), is_error=text.startswith("!")
        )

    def _say_how_it_ended(self, answer: Answer) -> None:
        if answer.stop_reason in _STOPPED:
            self._terminal.note(f"[{_STOPPED[answer.stop_reason]}]")

    def _show_usage(self) -> None:
        usage = self._conversation.usage
        self._terminal.result("\n".join(usage_table(usage)) if usage else "no requests yet")


def _setting(name: str, now: Conversation) -> str:
    match name:
        case "system":
            return now.system or "no system prompt"
        case "model":
            return now.model
        case "tools":
            return ", ".join(str(tool["name"]) for tool in now.tools) or "no tools"
        case _:
            return str(now.thinking)
