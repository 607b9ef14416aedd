"""Chunks of a chat completion in, engine events out; one reader for each answer."""

from collections.abc import Sequence
from typing import cast

from antechamber.dialects.openai_chat.begun_thoughts import BegunThoughts
from antechamber.dialects.openai_chat.blocks import Blocks, InputUnusable
from antechamber.dialects.openai_chat.calls import read_object
from antechamber.dialects.openai_chat.checks import bare_json, contradicts, follows
from antechamber.dialects.openai_chat.chunks import (
    CallDelta,
    Choice,
    Chunk,
    ChunkDecoder,
    Delta,
    FunctionDelta,
)
from antechamber.dialects.openai_chat.ending import ending_of, is_limit, limit_reason
from antechamber.dialects.openai_chat.faults import fault_in_stream
from antechamber.dialects.openai_chat.reading import ReadingPlan, Remedy
from antechamber.dialects.openai_chat.stopping import StopWatch
from antechamber.dialects.openai_chat.thoughts import (
    InlineThoughts,
    Kind,
    content_of,
    thought_of,
)
from antechamber.dialects.openai_chat.told_calls import InlineCalls
from antechamber.dialects.openai_chat.usage import Tally
from antechamber.turn.events import EngineEvent, TurnEnded, UsageReported
from antechamber.wire.errors import ApiError, EngineFailed, EngineFault

_DONE = b"[DONE]"


class AnswerUnusable(Exception):
    """The answer is not what was asked for; another attempt may be, with the ``remedy``.

    ``closing`` ends what has been shown of it, ``usage`` is what it took.
    """

    def __init__(self, remedy: Remedy, closing: list[EngineEvent], usage: UsageReported) -> None:
        super().__init__(remedy.bind)
        self.remedy = remedy
        self.closing = closing
        self.usage = usage


class ChatReader:
    """Reads one answer of ``upstream``, in chunks or whole.

    ``output_limit`` is the most tokens that were asked for, where that is known.

    Every method raises ``ApiError`` for what is an error or no chat completion, and
    ``AnswerUnusable``.
    """

    def __init__(
        self, upstream: str, plan: ReadingPlan, *, output_limit: int | None = None
    ) -> None:
        self._upstream = upstream
        self._plan = plan
        self._output_limit = output_limit
        self._decode = ChunkDecoder().decode
        self._blocks = Blocks(dict(plan.names), one_call=plan.one_call)
        self._tally = Tally()
        self._counted: int = 0
        """The tokens of the answer as the host counts them; 0 where it does not."""
        self._thoughts = BegunThoughts() if plan.begins_in_thought else self._marked_thoughts()
        self._inline_calls = InlineCalls() if plan.calls_in_text else None
        self._echo: str = plan.echo
        self._echoed: str = ""
        """What of the answer may still be its beginning that the client has."""
        self._stops = StopWatch(plan.stop_here)
        self._holds = plan.text_is_call or plan.answer_schema is not None
        self._held: list[str] = []
        self._refusal: list[str] = []
        self._choice: Choice | None = None
        """The one that told the reason of the end."""
        self._answered = False
        self.forgiven: ApiError | None = None
        """The fault that came when all had been said."""
        self.over = False

    @property
    def begun(self) -> bool:
        """Whether the model has said anything, shown or not."""
        return self._tally.begun

    @property
    def finished(self) -> bool:
        """Whether the host has said why it ended; what may still come are counts."""
        return self._choice is not None

    def feed(self, data: bytes) -> list[EngineEvent]:
        """Return what follows from the data of one server-sent event."""
        if self.over:
            return []
        if data.strip() == _DONE:
            return self.end()
        try:
            chunk = self._decoded(data)
        except ApiError as fault:
            return self._end_in_spite_of(fault)
        return self._take(chunk)

    def whole(self, body: bytes) -> list[EngineEvent]:
        """Return the events of an answer that was not streamed."""
        events = self._take(self._decoded(body))
        if not self._answered:
            raise self._no_answer()
        try:
            return events + self.end()
        except AnswerUnusable as unusable:
            unusable.closing[:0] = events
            raise

    def end(self) -> list[EngineEvent]:
        """Return the last events: the stream is over. Raises unless it was finished."""
        if self.over:
            return []
        if self._choice is None:
            message = f"{self._upstream} ended its answer without finishing it."
            raise EngineFailed(message)
        return self._end(self._choice)

    def _end_in_spite_of(self, fault: ApiError) -> list[EngineEvent]:
        """Return the last events of an answer that was finished before ``fault``; else raise it."""
        if not self.finished:
            raise fault
        try:
            events = self.end()
        except EngineFault as failure:
            # The host has said why it ended: for this.
            raise fault from failure
        self.forgiven = fault
        return events

    def _decoded(self, data: bytes) -> Chunk:
        try:
            chunk = self._decode(data)
        except ValueError as error:
            raise self._no_answer() from error
        if chunk.error:
            raise fault_in_stream(self._upstream, chunk.error)
        if chunk.kind == "error" or (chunk.message and not chunk.choices):
            raise fault_in_stream(self._upstream, {"message": chunk.message})
        return chunk

    def _take(self, chunk: Chunk) -> list[EngineEvent]:
        events: list[EngineEvent] = []
        if chunk.choices:
            self._answered = True
            choice = chunk.choices[0]
            if (delta := choice.delta or choice.message) is not None:
                self._listen(delta)
            if self._stops.met is not None:
                return self._end(choice)
            if choice.finish_reason:
                self._choice = choice
            if not (self._plan.checks_calls and self._blocks.made):
                events += self._blocks.ready()
        if chunk.usage is not None:
            self._counted = max(self._counted, chunk.usage.completion_tokens or 0)
            self._tally.merge(chunk.usage)
            events.append(self._tally.report())
        return events

    def _listen(self, delta: Delta) -> None:
        if delta.is_unspeakable:
            message = f"{self._upstream} answered with a part that no message can hold."
            raise EngineFailed(message)
        if thought := thought_of(delta):
            self._say("thinking", thought)
        for kind, text in content_of(delta):
            self._say(kind, text)
        if delta.refusal:
            # Goes into the details of the end, and never into what was said before it.
            self._tally.saw(delta.refusal)
            self._refusal.append(delta.refusal)
        if delta.tool_calls:
            for call in delta.tool_calls:
                self._call(call)
        elif delta.function_call is not None:
            self._call(CallDelta(index=0, function=delta.function_call))

    def _say(self, kind: Kind, text: str) -> None:
        self._tally.saw(text)
        if kind == "thinking" and isinstance(self._thoughts, BegunThoughts):
            # The host keeps thoughts and text apart.
            self._take_as_text(self._thoughts)
        if kind == "text" and self._thoughts is not None:
            for told, piece in self._thoughts.split(text):
                self._pass_on(told, piece)
        else:
            self._pass_on(kind, text)

    def _pass_on(self, kind: Kind, text: str) -> None:
        if kind == "text":
            text = self._without_echo(text) if self._echo else text
            if self._inline_calls is None:
                self._text(self._stops.shown(text))
                return
            for told, piece in self._inline_calls.split(text):
                self._words_or_call(told, piece)
        elif self._plan.shows_thoughts:
            self._blocks.say("thinking", text)

    def _marked_thoughts(self) -> InlineThoughts | None:
        return InlineThoughts() if self._plan.thoughts_in_text else None

    def _take_as_text(self, begun: BegunThoughts) -> None:
        """Take the text as one that has not begun in a thought, unless its marks say that it has.

        What was shown as a thought stays one; what was kept back as one is shown.
        """
        if (text := begun.unmarked) is None:
            return
        self._thoughts = self._marked_thoughts()
        if self._plan.shows_thoughts:
            for kind, held in begun.rest():
                self._pass_on(kind, held)
        elif text:
            self._pass_on("text", text)

    def _show_what_was_no_thought(self, choice: Choice) -> None:
        """Show the text of an answer that ended by itself and would else be empty."""
        begun, hides = self._thoughts, not self._plan.shows_thoughts
        empty = not (self._blocks.made or self._refusal)
        if hides and empty and isinstance(begun, BegunThoughts) and not is_limit(choice):
            self._take_as_text(begun)

    def _without_echo(self, text: str) -> str:
        """Return ``text`` without what the client has begun the answer with."""
        text, self._echoed = self._echoed + text, ""
        if self._echo.startswith(text) and text != self._echo:
            self._echoed = text
            return ""
        echo, self._echo = self._echo, ""
        return text.removeprefix(echo)

    def _words_or_call(self, kind: str, text: str) -> None:
        if kind == "text":
            self._text(self._stops.shown(text))
        elif not self._read_call(text):
            raise self._unusable(Remedy(bind="call"))

    def _text(self, text: str) -> None:
        if not text:
            return
        if self._holds:
            self._held.append(text)
        elif not self._plan.must_call:
            # Beside a call that has to come the hosted API says nothing.
            self._blocks.say("text", text)

    def _call(self, call: CallDelta) -> None:
        self._rest_of_text()
        if self._holds and not self._plan.text_is_call:
            self._say_what_was_held()
        self._tally.saw("")
        self._blocks.call(call)

    def _rest_of_text(self) -> None:
        if self._thoughts is not None:
            for kind, text in self._thoughts.rest():
                self._pass_on(kind, text)
        echoed, self._echo, self._echoed = self._echoed, "", ""
        if echoed:
            self._pass_on("text", echoed)
        if self._inline_calls is not None:
            for kind, text in self._inline_calls.rest():
                if kind == "text" or not is_limit(self._choice):
                    self._words_or_call(kind, text)
        self._text(self._stops.rest())

    def _say_what_was_held(self) -> None:
        held, self._held = "".join(self._held), []
        if held:
            self._blocks.say("text", held)

    # ---- the end -----------------------------------------------------------------------------

    def _end(self, choice: Choice) -> list[EngineEvent]:
        if self._stops.met is None:
            self._show_what_was_no_thought(choice)
            self._rest_of_text()
        ending = self._ending(choice)
        cut = ending.stop_reason not in ("end_turn", "tool_use")
        if not cut and self._is_cut_by_limit():
            # Hosts report a limit that cut a call as the end of the call (BerriAI/litellm#25825,
            # vllm-project/vllm#53269).
            ending, cut = TurnEnded(stop_reason=limit_reason(self._plan)), True
        if (remedy := self._bind(cut=cut)) is not None:
            raise self._unusable(remedy)
        events: list[EngineEvent] = []
        try:
            events += self._blocks.finished(cut=cut)
        except InputUnusable as error:
            if self._blocks.shows_a_call:
                message = f"{self._upstream} called {error.name} with an input that is not JSON."
                raise EngineFailed(message) from error
            raise self._unusable(self._call_of(error.name), events) from error
        self.over = True
        return [*events, self._tally.report(), ending]

    def _ending(self, choice: Choice) -> TurnEnded:
        if self._stops.met is not None:
            return TurnEnded(stop_reason="stop_sequence", stop_sequence=self._stops.met)
        return ending_of(choice, self._plan, "".join(self._refusal), self._upstream)

    def _is_cut_by_limit(self) -> bool:
        """Tell whether the limit ended an answer of which the host says that it ended by itself.

        An unfinished input is one that was cut, unless the host's count is below the limit.
        """
        unfinished = self._blocks.unfinished_inputs
        if not self._output_limit or not self._counted:
            return any(unfinished)
        if self._counted < self._output_limit:
            return False
        plan = self._plan
        has_no_call = plan.must_call and not plan.text_is_call and not self._blocks.made
        return bool(unfinished) or has_no_call

    def _bind(self, *, cut: bool) -> Remedy | None:
        """Say what was held back, or return what has to be done because it is of no use."""
        if self._plan.text_is_call and not self._blocks.made and not cut:
            self._read_call("".join(self._held))
        elif self._plan.answer_schema is not None and not self._blocks.made:
            text = "".join(self._held)
            if not cut:
                text = bare_json(text)
                if not follows(self._plan.answer_schema, text):
                    return Remedy(bind="answer")
            if text:
                self._blocks.say("text", text)
        if not cut and self._plan.must_call and not self._blocks.made:
            return Remedy(bind="call")
        return None if cut or not self._plan.checks_calls else self._wrong_call()

    def _read_call(self, text: str) -> bool:
        """Take the JSON of a call; tell whether it was one."""
        told = read_object(bare_json(text)) or {}
        name, arguments = told.get("name"), told.get("arguments", told.get("parameters"))
        if not isinstance(name, str) or not isinstance(arguments, dict):
            return False
        given = FunctionDelta(name=name, arguments=cast("object", arguments))
        self._blocks.call(CallDelta(index=self._blocks.made, function=given))
        return True

    def _wrong_call(self) -> Remedy | None:
        declared = set(self._plan.names.values())
        for name, text in self._blocks.waiting_calls():
            if self._plan.must_call and name not in declared:
                return Remedy(bind="call")
            if text is None or not self._is_as_declared(name, text):
                return self._call_of(name)
        return None

    def _is_as_declared(self, name: str, text: str) -> bool:
        strict, forced = self._plan.strict.get(name), self._plan.forced.get(name)
        if strict is not None:
            return follows(strict, text)
        return forced is None or not contradicts(forced, text)

    def _call_of(self, name: str) -> Remedy:
        known = name in self._plan.names.values()
        return Remedy(bind="call", tool=name if known else None)

    def _unusable(self, remedy: Remedy, shown: Sequence[EngineEvent] = ()) -> AnswerUnusable:
        closing = [*shown, *self._blocks.abandoned()]
        return AnswerUnusable(remedy, closing, self._tally.report())

    def _no_answer(self) -> EngineFailed:
        return EngineFailed(f"{self._upstream} answered something that is no chat completion.")
