"""Broken requests without end: valid ones, mutated, the same ones for the same seed."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from tests.conformance.bodies import WEATHER, assistant, body, tool_result, tool_use, user

Json = Any

ODD: tuple[Json, ...] = (
    None, True, False, 0, -1, 1, 1.5, 1e308, -0.0, 2**31, 2**63, 2**70, 10**40, "", " ", "\x00",
    "text", "\u2028", "\ufeff", "🌍" * 50, "a" * 3000, "../../etc", "%s%n{}", "{model}", [], [[]],
    {}, {"type": "text"}, {"type": None}, {"type": "text", "text": None}, [None], ["text"],
    [{"type": "tool_use"}], {"a": {"b": {"c": []}}}, "ephemeral", "assistant", "system",
)  # fmt: skip
"""Values that stand where others were meant."""
NAMES = (
    "type", "text", "content", "role", "model", "max_tokens", "messages", "tools", "tool_choice",
    "name", "input", "input_schema", "id", "tool_use_id", "source", "data", "system", "thinking",
    "budget_tokens", "signature", "cache_control", "ttl", "output_config", "format", "schema",
    "stream", "temperature", "metadata", "user_id", "thread", "context_management", "edits",
    "mcp_servers", "container", "speed", "", "__proto__", "constructor", "extra", "$ref", "😀",
)  # fmt: skip
IMAGE: Json = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
}
SEEDS: tuple[Json, ...] = (
    body(),
    body(stream=True, temperature=0.5, top_p=0.9, top_k=4, stop_sequences=["END"]),
    body(
        [{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        system=[{"type": "text", "text": "Be brief."}],
        metadata={"user_id": "u"},
    ),
    body(
        messages=[
            user("weather"),
            assistant(
                [
                    {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmF0dXJl"},
                    {"type": "redacted_thinking", "data": "b3BhcXVl"},
                    tool_use(location="Paris"),
                ]
            ),
            user([tool_result([{"type": "text", "text": "15"}, IMAGE]), IMAGE]),
            {"role": "system", "content": "Be brief."},
        ],
        tools=[WEATHER, {"type": "bash_20250124", "name": "bash"}],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        thinking={"type": "adaptive", "display": "summarized"},
    ),
    body(
        output_config={
            "effort": "low",
            "format": {
                "type": "json_schema",
                "schema": {
                    "type": "object",
                    "properties": {
                        "a": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/D"}]},
                        "b": {"type": "array", "items": {"enum": ["x", 1]}, "minItems": 1},
                        "c": {"type": "string", "pattern": "^[a-z]+$"},
                    },
                    "required": ["a"],
                    "additionalProperties": False,
                    "$defs": {
                        "D": {"type": "object", "properties": {}, "additionalProperties": False}
                    },
                },
            },
        }
    ),
    body(
        context_management={
            "edits": [
                {"type": "clear_thinking_20251015", "keep": "all"},
                {
                    "type": "clear_tool_uses_20250919",
                    "trigger": {"type": "input_tokens", "value": 100_000},
                    "keep": {"type": "tool_uses", "value": 3},
                    "exclude_tools": ["bash"],
                },
            ]
        },
        thinking={"type": "enabled", "budget_tokens": 1024},
        max_tokens=4096,
        diagnostics={"previous_message_id": None},
        container=None,
        service_tier="auto",
        inference_geo="us",
        speed="standard",
    ),
    body(
        [
            {
                "type": "document",
                "source": {
                    "type": "content",
                    "content": [{"type": "text", "text": "Part."}],
                },
                "title": "T",
                "context": "C",
                "citations": {"enabled": False},
            },
            {
                "type": "search_result",
                "source": "https://example.com",
                "title": "T",
                "content": [{"type": "text", "text": "Found."}],
            },
            {"type": "text", "text": "What is it?"},
        ]
    ),
    body(
        mcp_servers=[{"type": "url", "url": "https://example.com", "name": "m"}],
        fallbacks=[{"model": "claude-opus-5"}],
        thread={"type": "create"},
        tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 1}],
    ),
)


def broken_bodies(seed: int) -> Iterator[bytes]:
    """Yield bodies of which most are wrong in one to four places, some no JSON at all."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    while True:
        tree = copy.deepcopy(chance.choice(SEEDS))
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            tree = _mutated(tree, chance)
        text = _written(tree, chance)
        yield _damaged(text, chance) if chance.random() < 0.15 else text


def _mutated(tree: Json, chance: random.Random) -> Json:
    """Change one place of the tree, wherever it is."""
    places = list(_places(tree))
    if not places:
        return chance.choice(ODD)
    place = chance.choice(places)
    *way, last = place
    parent = tree
    for key in way:
        parent = parent[key]
    match chance.randrange(7):
        case 0 | 1:
            parent[last] = copy.deepcopy(chance.choice(ODD))
        case 2:
            del parent[last]
        case 3 if isinstance(parent, dict):
            parent[chance.choice(NAMES)] = parent.pop(last)
        case 4 if isinstance(parent, dict):
            parent[chance.choice(NAMES)] = copy.deepcopy(chance.choice(ODD))
        case 5:
            parent[last] = _nested(parent[last], chance)
        case _ if isinstance(parent, list):
            parent.insert(chance.randrange(len(parent) + 1), copy.deepcopy(parent[last]))
        case _:
            parent[last] = copy.deepcopy(chance.choice(SEEDS))
    return tree


def _places(tree: Json, way: tuple[Json, ...] = ()) -> Iterator[tuple[Json, ...]]:
    children: list[tuple[Json, Json]] = []
    if isinstance(tree, dict):
        children = list(tree.items())
    elif isinstance(tree, list):
        children = list(enumerate(tree))
    for key, child in children:
        yield (*way, key)
        yield from _places(child, (*way, key))


def _nested(value: Json, chance: random.Random) -> Json:
    for _ in range(chance.choice((1, 2, 30, 200))):
        value = [value] if chance.random() < 0.5 else {chance.choice(NAMES): value}
    return value


def _written(tree: Json, chance: random.Random) -> bytes:
    """Write the tree, at times with what JSON does not have or hardly anybody sends."""
    text = json.dumps(tree, ensure_ascii=chance.random() < 0.5)
    encoding = "utf-8"
    match chance.randrange(20):
        case 0:
            text = text.replace("1000", chance.choice(("NaN", "-Infinity", "1e999", "01")))
        case 1:
            text = text.replace("Hello", "\\ud800")
        case 2:
            encoding = "utf-16"
        case 3:
            text = "\ufeff" + text
        case 4:
            text = text.replace('"model"', '"model": "x", "model"', 1)
        case 5:
            text = "[" * 5_000 + text
        case _:
            pass
    return text.encode(encoding)


def _damaged(text: bytes, chance: random.Random) -> bytes:
    """Cut, repeat or overwrite bytes."""
    at = chance.randrange(len(text) + 1)
    match chance.randrange(4):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + text[chance.randrange(len(text) + 1) :]
        case 2:
            return text[:at] + chance.randbytes(chance.randrange(1, 9)) + text[at:]
        case _:
            return text + text[at:]
