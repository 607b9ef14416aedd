"""The blocks of an answer in the order in which they began, shown one after the other.

Hosts may write at several calls at once; a block is shown as it comes while it is the first that
is not complete, and the others wait.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from antechamber.dialects.openai_chat.calls import Call, whole_input
from antechamber.dialects.openai_chat.chunks import CallDelta, FunctionDelta
from antechamber.dialects.openai_chat.thoughts import Kind
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
)


class InputUnusable(Exception):
    """The input of a call is no JSON object; ``name`` is the tool's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(slots=True, kw_only=True)
class _Words:
    """A text or a thought."""

    kind: Kind
    waiting: list[str] = field(default_factory=list[str])


_Block = _Words | Call


class Blocks:
    """Collects what a host says, gives it as events; ``names`` are the tools' own names."""

    def __init__(self, names: dict[str, str], *, one_call: bool) -> None:
        self._names = names
        self._known = frozenset(names)
        self._one_call = one_call
        self._queue: deque[_Block] = deque()
        self._last: _Block | None = None
        self._opened = False
        """Whether the first block of the queue has been shown."""
        self._calls: dict[object, Call] = {}
        """Those that may still grow, by index or id."""
        self._latest: Call | None = None
        self.made = 0
        """How many calls have begun."""

    def say(self, kind: Kind, text: str) -> None:
        """Add to the text or the thought that came last, or begin one."""
        last = self._last
        if isinstance(last, _Words) and last.kind == kind:
            last.waiting.append(text)
            return
        if isinstance(last, Call) and text.isspace():
            return  # what models write between calls
        block = _Words(kind=kind, waiting=[text])
        self._queue.append(block)
        self._last = block

    def call(self, delta: CallDelta) -> None:
        """Add to the call that ``delta`` belongs to, or begin it."""
        function = delta.function or FunctionDelta()
        key = self._key(delta, function)
        call = self._calls.get(key)
        if call is None:
            call = Call(id=delta.id or None)
            self._calls[key] = call
            self.made += 1
            if self.made == 1 or not self._one_call:
                self._queue.append(call)
                self._last = call
        call.id = call.id or delta.id or None
        call.add(function, self._known)
        self._latest = call

    def _key(self, delta: CallDelta, function: FunctionDelta) -> object:
        """Return what tells the call from others: index and id, as far as there are any.

        Some hosts number every call 0 and tell them apart by id alone; others give a new id with
        every piece, but a name only with the first.
        """
        if delta.index is not None:
            held = self._calls.get(delta.index)
            if held is not None and _is_another(held, delta, function):
                del self._calls[delta.index]
            return delta.index
        if delta.id:
            return delta.id
        if function.name and (self._latest is None or self._latest.begun):
            return object()
        found = next((key for key, call in self._calls.items() if call is self._latest), None)
        return object() if found is None else found

    def ready(self) -> Iterator[EngineEvent]:
        """Yield what can be shown by now."""
        while self._queue:
            block = self._queue[0]
            followed = len(self._queue) > 1
            if isinstance(block, _Words):
                yield from self._words(block)
                if not followed:
                    return
            else:
                if block.begun and block.streams:
                    yield from self._growing(block)
                if not (followed and self._opened and block.is_complete):
                    return
            yield from self._close()

    def finished(self, *, cut: bool) -> Iterator[EngineEvent]:
        """Yield the rest: the answer is over, and a call that was ``cut`` stays open at the end.

        Raises ``InputUnusable`` for a call that nobody could run.
        """
        open_at_end: Call | None = None
        while self._queue:
            block = self._queue[0]
            if isinstance(block, _Words):
                yield from self._words(block)
            elif not block.name:
                if block.input_text and not cut:
                    raise InputUnusable("a tool without a name")
                self._queue.popleft()
                continue
            elif (whole := whole_input(block.input_text)) is not None and not (
                cut and not block.is_complete
            ):
                yield from self._whole(block, whole)
            elif not (cut and block.is_cut):
                raise InputUnusable(self._own_name(block))
            elif self._opened or len(self._queue) == 1:
                yield from self._growing(block)
                return
            else:
                # Its place is at the end, where it may stay open.
                open_at_end = open_at_end or block
                self._queue.popleft()
                continue
            yield from self._close()
        if open_at_end is not None:
            yield from self._growing(open_at_end)

    @property
    def unfinished_inputs(self) -> list[str]:
        """What has come of inputs that are not whole and may be the beginning of one."""
        return [
            block.input_text
            for block in self._queue
            if isinstance(block, Call) and not block.is_complete and block.is_cut
        ]

    def waiting_calls(self) -> list[tuple[str, str | None]]:
        """Return the names and whole inputs of the calls that have not been closed."""
        return [
            (self._own_name(block), whole_input(block.input_text))
            for block in self._queue
            if isinstance(block, Call)
        ]

    def abandoned(self) -> Iterator[EngineEvent]:
        """Yield the end of the words that have been shown; calls are forgotten."""
        while self._queue:
            block = self._queue[0]
            if isinstance(block, Call):
                self._queue.popleft()
                continue
            yield from self._words(block)
            yield from self._close()

    @property
    def shows_a_call(self) -> bool:
        """Whether a call is open that the client has seen the beginning of."""
        return self._opened and bool(self._queue) and isinstance(self._queue[0], Call)

    def _words(self, block: _Words) -> Iterator[EngineEvent]:
        if not self._opened:
            self._opened = True
            yield TextOpened() if block.kind == "text" else ThinkingOpened()
        for text in block.waiting:
            yield BlockDelta(text=text)
        block.waiting.clear()

    def _growing(self, call: Call) -> Iterator[EngineEvent]:
        yield from self._open(call)
        if text := call.more():
            yield BlockDelta(text=text)

    def _whole(self, call: Call, text: str) -> Iterator[EngineEvent]:
        if self._opened:
            yield from self._growing(call)
            return
        yield from self._open(call)
        yield BlockDelta(text=text)

    def _open(self, call: Call) -> Iterator[EngineEvent]:
        if not self._opened:
            self._opened = True
            yield ToolUseOpened(name=self._own_name(call), id=call.id)

    def _own_name(self, call: Call) -> str:
        return self._names.get(call.name, call.name)

    def _close(self) -> Iterator[EngineEvent]:
        self._queue.popleft()
        self._opened = False
        if not self._queue:
            self._last = None
        yield BlockClosed()


def _is_another(held: Call, delta: CallDelta, function: FunctionDelta) -> bool:
    """Tell whether a piece with the index of ``held`` belongs to another call.

    A new id alone does not say so: vLLM has given one, and the name, with every piece of a call.
    """
    if not function.name or not held.id or delta.id in (None, "", held.id):
        return False
    if isinstance(function.arguments, str) and function.arguments.isspace():
        return False
    return function.name != held.name or held.is_complete
