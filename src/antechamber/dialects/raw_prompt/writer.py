"""How a local model writes a turn: think, then speak or call; phase by phase, without I/O.

The engine runs the ``Step`` that ``next_step`` returns, hands every piece of its text to
``piece`` and its end to ``finish``, until ``next_step`` returns None. Both give engine events.

    think ──► say ──► call ──► more? ──► call …
       │        └───────────────┴──► end
       └──► call (forced) · json (structured answer) · decide (tools beside a structured answer)

A call is its name, where there is a choice, and its arguments; the JSON around them is ours. What
runs out, the request's ``max_tokens`` or the window, ends the turn in every phase.
"""

from collections.abc import Callable, Iterator
from enum import Enum

from antechamber.dialects.declared_tools import OfferedTool
from antechamber.dialects.raw_prompt.constraint import Choices, JsonSchema
from antechamber.dialects.raw_prompt.held_text import HeldText, hold
from antechamber.dialects.raw_prompt.steps import Outcome, Step, WritingOrder
from antechamber.dialects.raw_prompt.thought_marks import WithoutMarks
from antechamber.dialects.raw_prompt.tools import CALL_CLOSE, CALL_OPEN
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.errors import EngineFailed
from antechamber.wire.responses import StopReason

_MOST_CALLS = 16
"""A model that goes on and on must come to an end some time."""
_CALL_HEAD = f'{CALL_OPEN}\n{{"name": "'
_CALL_NAMED = '", "arguments": '
_CALL_TAIL = f"}}\n{CALL_CLOSE}"
_THINK_OPEN, _THINK_CLOSE = "<think>\n", "</think>"
_EMPTY_THOUGHT = f"{_THINK_OPEN}\n{_THINK_CLOSE}\n\n"


class _Phase(Enum):
    THINK = "think"
    SAY = "say"
    DECIDE = "decide"
    JSON = "json"
    NAME = "name"
    ARGUMENTS = "arguments"
    MORE = "more"
    OVER = "over"


class TurnWriter:
    """The plan of one turn; ``is_exact`` tells whether a completer's constraint is the schema.

    Raises ``InvalidRequest``, here or in ``finish``, when a schema cannot be met.
    """

    def __init__(self, order: WritingOrder, *, is_exact: Callable[[JsonSchema], bool]) -> None:
        self._order = order
        self._is_exact = is_exact
        self._remaining = order.max_tokens
        self._output_tokens = 0
        self._thinking_tokens = 0
        self._shown_tokens = 0
        """Of the running step, which is counted as a whole when it has ended."""
        self._append = _EMPTY_THOUGHT if order.empty_thought else ""
        self._rewind = False
        self._open = False
        self._calls: list[tuple[str, str]] = []
        """Name and input of those that are complete."""
        self._longest_call = 0
        self._remaining_before_call = 0
        self._schema: JsonSchema | None = None
        """What the text of the running phase has to follow."""
        self._held: HeldText | None = None
        self._tool: OfferedTool | None = None
        self._marks = WithoutMarks() if order.think or order.empty_thought else None
        """Where the turn has no thought of ours, the marks are the model's own words."""
        if order.think:
            self._phase, self._append = _Phase.THINK, _THINK_OPEN
        else:
            self._answer()

    def next_step(self) -> Step | None:
        """Return the completion to run now, or None when the turn has ended."""
        if self._phase is _Phase.OVER:
            return None
        append, self._append = self._append, ""
        rewind, self._rewind = self._rewind, False
        stop, constraint, limit = (), None, self._remaining
        match self._phase:
            case _Phase.THINK:
                stop, limit = (_THINK_CLOSE,), min(limit, self._order.thinking_budget)
            case _Phase.SAY:
                calls = (CALL_OPEN,) if self._order.tools else ()
                stop = (*self._order.stop_sequences, *calls)
            case _Phase.DECIDE:
                constraint = Choices(texts=(CALL_OPEN, "{", "["))
            case _Phase.JSON:
                stop, constraint = self._order.stop_sequences, self._schema
            case _Phase.NAME:
                constraint = Choices(texts=[tool.name for tool in self._order.tools])
            case _Phase.ARGUMENTS:
                constraint = self._schema
            case _:
                constraint = Choices(texts=(f"\n{CALL_OPEN}", ""))
        return Step(
            append=append,
            stop=stop,
            max_tokens=limit,
            constraint=constraint,
            rewind=rewind,
            attempt=self._held.attempt if self._held else 1,
        )

    def piece(self, text: str, *, tokens: int) -> Iterator[EngineEvent]:
        """Yield what can be shown of ``text``, the next piece of the running step."""
        if not text or self._held is not None:
            return
        match self._phase:
            case _Phase.THINK:
                yield from self._show(ThinkingOpened(), self._unmarked(text), tokens)
            case _Phase.SAY:
                yield from self._show(TextOpened(), self._unmarked(text), tokens)
            case _Phase.JSON:
                yield from self._show(TextOpened(), text, tokens)
            case _Phase.ARGUMENTS if self._tool is not None:
                yield from self._show(ToolUseOpened(name=self._tool.name), text, tokens)
            case _:
                pass

    def finish(self, outcome: Outcome) -> Iterator[EngineEvent]:
        """Yield what follows from the end of the running step, and move on."""
        if self._phase is _Phase.DECIDE:
            self._decided(outcome)
            return
        if self._held and not _is_cut(outcome) and not self._held.accepts(outcome.text):
            # What is thrown away is not charged.
            self._rewind = True
            return
        self._output_tokens += outcome.tokens
        self._shown_tokens = 0
        self._remaining = max(0, self._remaining - outcome.tokens)
        match self._phase:
            case _Phase.THINK:
                yield from self._thought(outcome)
            case _Phase.SAY:
                yield from self._said(outcome)
            case _Phase.NAME:
                yield from self._named(outcome)
            case _Phase.JSON | _Phase.ARGUMENTS:
                yield from self._written(outcome)
            case _:
                yield from self._asked_for_more(outcome)

    # ---- how a phase ends --------------------------------------------------------------------

    def _thought(self, outcome: Outcome) -> Iterator[EngineEvent]:
        self._thinking_tokens = outcome.tokens
        if not self._open:
            self._open = True
            yield ThinkingOpened()
        yield self._usage()
        yield from self._show_rest(ThinkingOpened())
        if outcome.reason == "window" or not self._remaining:
            yield self._end(_reason_of(outcome, otherwise="max_tokens"))
            return
        yield from self._shut()
        line_end = "" if outcome.text.endswith("\n") else "\n"
        self._append = f"{line_end}{_THINK_CLOSE}\n\n"
        self._answer()

    def _said(self, outcome: Outcome) -> Iterator[EngineEvent]:
        yield self._usage()
        yield from self._show_rest(TextOpened())
        if _is_out_of_tokens(outcome) or outcome.stop is None:
            yield self._end(_reason_of(outcome, otherwise="end_turn"))
        elif outcome.stop in self._order.stop_sequences:
            yield self._end("stop_sequence", outcome.stop)
        elif not self._remaining:
            yield self._end("max_tokens")
        else:
            yield from self._shut()
            self._begin_call(_CALL_HEAD)

    def _decided(self, outcome: Outcome) -> None:
        # What was written only told which way to go; it is written again in earnest.
        self._rewind = True
        if outcome.text.startswith(CALL_OPEN):
            self._begin_call(_CALL_HEAD)
        else:
            self._begin_json()

    def _named(self, outcome: Outcome) -> Iterator[EngineEvent]:
        yield self._usage()
        if _is_out_of_tokens(outcome) or not self._remaining:
            yield self._end(_reason_of(outcome, otherwise="max_tokens"))
            return
        tool = next((tool for tool in self._order.tools if tool.name == outcome.text), None)
        if tool is None:
            message = "The local model called a tool that was not offered."
            raise EngineFailed(message)
        self._begin_arguments(tool, named="")

    def _written(self, outcome: Outcome) -> Iterator[EngineEvent]:
        if self._held is not None:
            self._held = None
            yield from self.piece(outcome.text, tokens=0)
        yield self._usage()
        if _is_out_of_tokens(outcome):
            yield self._end(_reason_of(outcome, otherwise="max_tokens"))
        elif self._phase is _Phase.ARGUMENTS:
            yield from self._called(outcome.text)
        elif outcome.stop is not None:
            yield self._end("stop_sequence", outcome.stop)
        else:
            yield self._end("end_turn")

    def _called(self, arguments: str) -> Iterator[EngineEvent]:
        if not self._open or self._tool is None:
            message = "The local model called a tool without arguments."
            raise EngineFailed(message)
        yield from self._shut()
        call = self._tool.name, arguments
        spent = self._remaining_before_call - self._remaining
        self._longest_call = max(self._longest_call, spent)
        may_call_again = self._may_call_after(call)
        self._calls.append(call)
        if may_call_again:
            self._phase, self._append = _Phase.MORE, _CALL_TAIL
        else:
            yield self._end("tool_use")

    def _may_call_after(self, call: tuple[str, str]) -> bool:
        return (
            not self._order.one_call
            and len(self._calls) + 1 < _MOST_CALLS
            # Small models repeat themselves: the same call again is the last.
            and call not in self._calls
            # A call that is cut takes the complete ones with it: they would end in max_tokens.
            and self._remaining > 2 * self._longest_call
        )

    def _asked_for_more(self, outcome: Outcome) -> Iterator[EngineEvent]:
        yield self._usage()
        if outcome.text.strip() == CALL_OPEN and self._remaining:
            # The opening has been written by the model; the rest of the head is ours.
            self._begin_call(_CALL_HEAD.removeprefix(CALL_OPEN))
        else:
            yield self._end("tool_use")

    # ---- how a phase begins ------------------------------------------------------------------

    def _answer(self) -> None:
        if self._order.must_call:
            self._begin_call(_CALL_HEAD)
        elif self._order.answer_schema is None:
            self._phase = _Phase.SAY
        elif self._order.tools:
            self._phase = _Phase.DECIDE
        else:
            self._begin_json()

    def _begin_json(self) -> None:
        self._phase = _Phase.JSON
        self._follow(self._order.answer_schema)

    def _begin_call(self, head: str) -> None:
        self._append += head
        self._remaining_before_call = self._remaining
        if len(self._order.tools) > 1:
            self._phase = _Phase.NAME
        else:
            only = self._order.tools[0]
            self._begin_arguments(only, named=only.name)

    def _begin_arguments(self, tool: OfferedTool, *, named: str) -> None:
        self._phase, self._tool = _Phase.ARGUMENTS, tool
        self._append += named + _CALL_NAMED
        self._follow(JsonSchema(schema=tool.schema))

    def _follow(self, schema: JsonSchema | None) -> None:
        self._schema = schema
        self._held = hold(schema, self._is_exact) if schema else None

    # ---- events ------------------------------------------------------------------------------

    def _show(
        self, opening: TextOpened | ThinkingOpened | ToolUseOpened, text: str, tokens: int
    ) -> Iterator[EngineEvent]:
        # Counted before it is shown: whoever leaves has been told of all that they saw.
        self._shown_tokens += tokens
        yield self._usage()
        if not text:
            return
        if not self._open:
            self._open = True
            yield opening
        yield BlockDelta(text=text)

    def _unmarked(self, text: str) -> str:
        return text if self._marks is None else self._marks.shown(text)

    def _show_rest(self, opening: TextOpened | ThinkingOpened) -> Iterator[EngineEvent]:
        """Show what might have become a mark and did not."""
        if self._marks is not None and (rest := self._marks.rest()):
            yield from self._show(opening, rest, tokens=0)

    def _shut(self) -> Iterator[EngineEvent]:
        if self._open:
            self._open = False
            yield BlockClosed()

    def _end(self, reason: StopReason, stop_sequence: str | None = None) -> TurnEnded:
        # A call that is still open was cut, and must not look complete: nothing is closed here.
        self._phase = _Phase.OVER
        return TurnEnded(stop_reason=reason, stop_sequence=stop_sequence)

    def _usage(self) -> UsageReported:
        thinking = self._shown_tokens if self._phase is _Phase.THINK else 0
        return UsageReported(
            output_tokens=self._output_tokens + self._shown_tokens,
            thinking_tokens=self._thinking_tokens + thinking,
        )


def _is_out_of_tokens(outcome: Outcome) -> bool:
    return outcome.reason in ("limit", "window")


def _is_cut(outcome: Outcome) -> bool:
    return _is_out_of_tokens(outcome) or outcome.stop is not None


def _reason_of(outcome: Outcome, *, otherwise: StopReason) -> StopReason:
    match outcome.reason:
        case "limit":
            return "max_tokens"
        case "window":
            return "model_context_window_exceeded"
        case _:
            return otherwise
