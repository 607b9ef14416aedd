"""Requests of the sizes that clients really send."""

import base64
import json
import random
from collections.abc import Callable, Mapping

from bench.mock_upstream import EVENTS

MB = 1_000_000


def small() -> dict[str, object]:
    """Return one short question."""
    return {
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "What is a bench? Answer in a few sentences."}],
    }


def streamed() -> dict[str, object]:
    """Return the same question, to be answered as a stream."""
    # The mock looks for this at the front.
    return {"stream": True, **small(), "max_tokens": EVENTS}


def agent() -> dict[str, object]:
    """Return what a coding agent sends: 60 turns, 25 tools, about 266 KB."""
    words = _Words()
    messages: list[dict[str, object]] = [{"role": "user", "content": words.text(150)}]
    for turn in range(30):
        use_id = f"toolu_{turn:024d}"
        call = {
            "type": "tool_use",
            "id": use_id,
            "name": f"tool_{turn % 25}",
            "input": {"path": f"src/module_{turn}.py", "content": words.text(220)},
        }
        text = {"type": "text", "text": words.text(150)}
        result = {"type": "tool_result", "tool_use_id": use_id, "content": words.text(520)}
        messages.append({"role": "assistant", "content": [text, call]})
        messages.append({"role": "user", "content": [result]})
    system = [{"type": "text", "text": words.text(2000), "cache_control": {"type": "ephemeral"}}]
    tools = [_tool(at, words) for at in range(25)]
    return {"max_tokens": 8192, "system": system, "tools": tools, "messages": messages}


def images() -> dict[str, object]:
    """Return one question with 10 MB of pictures as base64."""
    source = random.Random(5)  # noqa: S311 - the same in every run
    parts: list[dict[str, object]] = []
    for _ in range(4):
        # A PNG's signature, then noise: nobody on this way decodes pictures.
        data = b"\x89PNG\r\n\x1a\n" + source.randbytes(10 * MB // 4 * 3 // 4)
        encoded = base64.b64encode(data).decode()
        picture = {"type": "base64", "media_type": "image/png", "data": encoded}
        parts.append({"type": "image", "source": picture})
    parts.append({"type": "text", "text": "What do they show?"})
    return {"max_tokens": 1024, "messages": [{"role": "user", "content": parts}]}


KINDS: Mapping[str, Callable[[], dict[str, object]]] = {
    "small": small,
    "streamed": streamed,
    "agent": agent,
    "images": images,
}


def encoded(model: str, body: dict[str, object]) -> bytes:
    """Return the body as it goes over the wire."""
    return json.dumps({"model": model, **body}).encode()


def _tool(at: int, words: "_Words") -> dict[str, object]:
    fields = {
        f"field_{field}": {"type": "string", "description": words.text(25)} for field in range(8)
    }
    schema = {"type": "object", "properties": fields, "required": ["field_0"]}
    return {"name": f"tool_{at}", "description": words.text(120), "input_schema": schema}


class _Words:
    """Text that is the same in every run."""

    def __init__(self) -> None:
        self._source = random.Random(3)  # noqa: S311

    def text(self, words: int) -> str:
        """Return that many words, now and then with what JSON must escape."""
        made = (f"{'abcdefghijklmnop'[: self._source.randint(1, 9)]}" for _ in range(words))
        return " ".join(f'"{word}"\n' if at % 12 == 11 else word for at, word in enumerate(made))
