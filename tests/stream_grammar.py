"""The grammar that every stream of this server has to pass, and a reader of its bytes.

Clients stay silent about most faults of a stream: they get an empty or shortened message and no
exception. So the grammar is checked here, on every stream of every test.

    stream = message_start (block | ping)* message_delta+ message_stop
           | any prefix of that, then error
    block  = content_block_start (delta | ping)* content_block_stop
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

Event = tuple[str, dict[str, Any]]
"""The name of a server-sent event and its data."""

_DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
    "mcp_tool_use": {"input_json_delta"},
    "compaction": {"compaction_delta"},
}
"""What may extend which block; the others come whole."""
_CALLS = {"tool_use", "server_tool_use", "mcp_tool_use"}
_DELTA_TEXTS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}
_CUTTING = {"max_tokens", "model_context_window_exceeded", "stop_sequence", "refusal"}
"""Reasons that may leave a call without the end of its input."""
_STOP_REASONS = _CUTTING | {"end_turn", "tool_use", "pause_turn", "compaction"}
_MESSAGE_KEYS = {
    *("id", "type", "role", "model", "content", "stop_reason", "stop_sequence"),
    *("stop_details", "container", "usage"),
}
_COUNTS = (
    *("input_tokens", "output_tokens"),
    *("cache_creation_input_tokens", "cache_read_input_tokens"),
)


def parse_sse(stream: bytes) -> list[Event]:
    """Read a whole response body, strictly in the form in which this server writes it."""
    assert not stream or stream.endswith(b"\n\n"), f"the stream breaks off: {stream[-80:]!r}"
    return [_frame(frame) for frame in stream.split(b"\n\n")[:-1]]


def check_stream(events: list[Event]) -> None:
    """Raise ``AssertionError``, saying why, unless ``events`` are a whole and correct stream."""
    assert events, "the stream is empty"
    check = _Check()
    for position, (name, data) in enumerate(events):
        assert not check.over, f"{name} follows the end of the stream"
        assert data.get("type") == name, f"event {position}: {name} holds {data.get('type')!r}"
        check.take(name, data)
    assert check.over, "the stream has no end"


@dataclass
class _Block:
    kind: str
    start: dict[str, Any]
    deltas: list[tuple[str, str]] = field(default_factory=list)

    def text(self, kind: str) -> str:
        return "".join(text for name, text in self.deltas if name == kind)

    @property
    def input_json(self) -> str:
        return self.text("input_json_delta")

    @property
    def comes_whole(self) -> bool:
        # A call out of a container's code comes whole in its start event.
        caller = self.start.get("caller") or {"type": "direct"}
        return self.kind not in _DELTAS or caller["type"] != "direct"


@dataclass
class _Check:
    over: bool = False
    usage: dict[str, Any] | None = None
    blocks: list[_Block] = field(default_factory=list)
    is_open: bool = False
    ending: dict[str, Any] | None = None
    tool_ids: set[str] = field(default_factory=set)

    def take(self, name: str, data: dict[str, Any]) -> None:
        if name == "error":
            _check_error(data)
            self.over = True
            return
        if name == "message_start":
            assert self.usage is None, "a second message_start"
            self.usage = _check_message(data["message"])
            return
        assert self.usage is not None, f"{name} before message_start"
        if self.ending is not None:
            assert name in {"message_delta", "message_stop"}, f"{name} after message_delta"
        match name:
            case "ping":
                pass
            case "content_block_start":
                self._start(data)
            case "content_block_delta":
                self._extend(data)
            case "content_block_stop":
                self._stop(data)
            case "message_delta":
                self._end(data)
            case "message_stop":
                self._finish()
            case _:
                _fail(f"unknown event {name}")

    def _start(self, data: dict[str, Any]) -> None:
        assert not self.is_open, "a block starts while another is open"
        assert data["index"] == len(self.blocks), f"block {len(self.blocks)} has index {data}"
        start = data["content_block"]
        block = _Block(start["type"], start)
        self.blocks.append(block)
        self.is_open = True
        match block.kind:
            case "text":
                assert start["text"] == "", "a text block starts with text"
            case "thinking":
                assert start["thinking"] == start["signature"] == "", "a thought starts filled"
            case "redacted_thinking":
                assert start["data"], "a redacted thought without data"
            case "tool_use":
                self._check_call(block)
            case _:
                pass

    def _check_call(self, block: _Block) -> None:
        start = block.start
        assert start["name"], "a call without a name"
        assert re.fullmatch(r"toolu_[A-Za-z0-9]+", start["id"]), f"tool id {start['id']!r}"
        assert start["id"] not in self.tool_ids, f"tool id {start['id']} comes twice"
        self.tool_ids.add(start["id"])
        assert block.comes_whole or start["input"] == {}, "a call starts with input"

    def _extend(self, data: dict[str, Any]) -> None:
        block = self._open_block(data)
        kind = data["delta"]["type"]
        assert not block.comes_whole, f"{kind} for a block of {block.kind} that comes whole"
        assert kind in _DELTAS[block.kind], f"{kind} in a block of {block.kind}"
        text = data["delta"].get(_DELTA_TEXTS.get(kind, ""), "")
        assert isinstance(text, str), f"{kind} holds no text"
        if kind == "input_json_delta":
            assert bool(block.deltas) == bool(text), "only the first input_json_delta is empty"
        elif kind in _DELTA_TEXTS:
            # A hidden thought has no text, and may tell how far it is.
            assert text or data["delta"].get("estimated_tokens"), f"an empty {kind}"
        assert not block.text("signature_delta"), "something follows the signature"
        block.deltas.append((kind, text))

    def _stop(self, data: dict[str, Any]) -> None:
        block = self._open_block(data)
        self.is_open = False
        match block.kind:
            case "text":
                assert block.text("text_delta").strip(), "a blank block of text"
            case "thinking":
                assert block.text("signature_delta"), "a thought without a signature"
            case kind if kind in _CALLS and not block.comes_whole:
                assert block.deltas, "a call without input_json_delta"
            case _:
                pass

    def _open_block(self, data: dict[str, Any]) -> _Block:
        assert self.is_open, f"{data['type']} while no block is open"
        assert data["index"] == len(self.blocks) - 1, f"{data['type']} for block {data['index']}"
        return self.blocks[-1]

    def _end(self, data: dict[str, Any]) -> None:
        assert not self.is_open, "message_delta while a block is open"
        assert self.usage is not None
        self.ending = data["delta"]
        usage = {key: value for key, value in data["usage"].items() if value is not None}
        assert isinstance(usage.get("output_tokens"), int), "message_delta without output_tokens"
        for count in _COUNTS:
            now = usage.setdefault(count, self.usage[count])
            assert isinstance(now, int) and now >= 0, f"{count} is {now!r}"
            grows = count != "input_tokens" and (self.blocks or count != "output_tokens")
            assert not grows or now >= self.usage[count], f"{count} shrinks to {now}"
        thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens", 0)
        assert 0 <= thinking <= usage["output_tokens"], f"{thinking} thinking tokens"
        self.usage = usage

    def _finish(self) -> None:
        assert self.ending is not None, "message_stop without message_delta"
        self.over = True
        reason = self.ending["stop_reason"]
        assert reason in _STOP_REASONS, f"stop_reason {reason!r}"
        sequence = self.ending["stop_sequence"]
        assert (sequence is not None) == (reason == "stop_sequence"), f"stop_sequence {sequence!r}"
        details = self.ending.get("stop_details")
        assert details is None or reason == "refusal", f"stop_details with {reason}"
        self._check_calls(reason)

    def _check_calls(self, reason: str) -> None:
        calls = [block for block in self.blocks if block.kind in _CALLS and not block.comes_whole]
        cut = [block for block in calls if not _is_object(block.input_json)]
        assert all(block is self.blocks[-1] for block in cut), "a cut call is not the last block"
        assert not cut or reason in _CUTTING, f"a cut call, and stop_reason {reason}"
        waiting = [block for block in self.blocks if block.kind == "tool_use" and block not in cut]
        ends_in_call = bool(waiting) and waiting[-1] is self.blocks[-1]
        if ends_in_call:
            assert reason in {"tool_use", "refusal"}, f"stop_reason {reason} after a tool call"
        assert waiting or reason != "tool_use", "stop_reason tool_use without a call"
        assert not waiting or reason != "end_turn", "stop_reason end_turn while a call waits"


def _frame(frame: bytes) -> Event:
    text = frame.decode("utf-8")
    lines = text.split("\n")
    assert text.splitlines() == lines, f"a line break that some clients see inside {text!r}"
    assert len(lines) == 2, f"not one event line and one data line: {text!r}"
    name, data = lines
    assert name.startswith("event: ") and data.startswith("data: "), f"unexpected fields: {text!r}"
    value = json.loads(
        data.removeprefix("data: "), parse_constant=_no_json, object_pairs_hook=_unique
    )
    assert isinstance(value, dict), f"data is no object: {text!r}"
    return name.removeprefix("event: "), value


def _no_json(constant: str) -> NoReturn:
    _fail(f"{constant} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), f"a key comes twice: {[key for key, _ in pairs]}"
    return dict(pairs)


def _check_message(message: dict[str, Any]) -> dict[str, Any]:
    assert set(message) >= _MESSAGE_KEYS, f"missing {_MESSAGE_KEYS - set(message)}"
    assert message["type"] == "message" and message["role"] == "assistant", "type or role"
    assert message["id"].startswith("msg_"), f"message id {message['id']!r}"
    assert message["model"], "a message without a model"
    assert message["content"] == [], "message_start has content"
    for key in ("stop_reason", "stop_sequence", "stop_details"):
        assert message[key] is None, f"message_start has {key}"
    usage = message["usage"]
    for count in _COUNTS:
        assert isinstance(usage[count], int) and usage[count] >= 0, f"{count}: {usage[count]!r}"
    inputs = (usage[count] for count in _COUNTS if count != "output_tokens")
    assert sum(inputs) > 0, "message_start counts no input"
    assert usage["output_tokens"] > 0, "message_start counts no output"
    assert usage["cache_creation_input_tokens"] == sum(usage["cache_creation"].values())
    return usage


def _check_error(data: dict[str, Any]) -> None:
    assert set(data) == {"type", "error", "request_id"}, f"keys of the error: {sorted(data)}"
    assert data["error"]["type"] and data["error"]["message"], "an empty error"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=_no_number), dict)
    except ValueError:
        return False


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def _fail(reason: str) -> NoReturn:
    raise AssertionError(reason)
