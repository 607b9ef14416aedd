"""Real servers for antechamber to stand before, started for the tests and stopped by their id."""

import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ServerFailed

_ENVIRONMENT = Path(__file__).parents[2] / ".venv-vllm"
_PYTHON = _ENVIRONMENT / "bin" / "python"
VLLM_MODEL = _ENVIRONMENT / "model"
VLLM_NAME = "smollm2"
VLLM_WINDOW = 4_096
MARKS = {
    "<issue_start>": "<think>",
    "<issue_closed>": "</think>",
    "<jupyter_start>": "<tool_call>",
    "<jupyter_output>": "</tool_call>",
}
BLANKS = '{"backend": "xgrammar", "disable_any_whitespace": true}'
PARSERS = (
    *("--reasoning-parser", "deepseek_v3"),
    *("--reasoning-config", '{"reasoning_start_str": "<think>", "reasoning_end_str": "</think>"}'),
    *("--enable-auto-tool-choice", "--tool-call-parser", "hermes"),
)
_START_S = 240.0
_STOP_S = 30.0
_LAST_LINES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A server that answers, and what antechamber can count on before it."""

    config: str
    """The engine and the models of the antechamber that stands before it."""
    is_exact: bool = True
    """Whether prompts are counted by the tokenizer that reads them."""
    continues: bool = True
    """Whether a begun answer is continued, and not refused."""
    prompt_too_long: str = "word " * 6_000


def missing_vllm() -> str | None:
    """Return why vLLM cannot be started; None when it can."""
    if _PYTHON.exists() and (VLLM_MODEL / "config.json").exists():
        return None
    return "vLLM is not installed here: `make vllm` does it (Linux on x86-64, Python 3.11)"


@contextmanager
def running_vllm(model: Path, *options: str) -> Generator[str, None, None]:
    """Start vLLM's server with the folder of a ``model``, yield its address, stop it."""
    port = _free_port()
    command = [
        *("nice", "-n", "5"),
        *(str(_PYTHON), "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(model), "--served-model-name", VLLM_NAME),
        *("--host", "127.0.0.1", "--port", str(port), "--max-model-len", str(VLLM_WINDOW)),
        *("--enforce-eager", "--enable-prompt-tokens-details"),
        # A small model that may write any blank between two words of JSON writes nothing else.
        *("--structured-outputs-config", BLANKS, *options),
    ]
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "VLLM_NO_USAGE_STATS": "1",
    }
    with _running(command, environment, f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def _running(
    command: Sequence[str], environment: dict[str, str], url: str
) -> Generator[str, None, None]:
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    lines: list[str] = []
    reader = threading.Thread(target=_collect, args=(process, lines), daemon=True)
    reader.start()
    try:
        _wait_for(f"{url}/health", process, lines)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_S)
        reader.join(_STOP_S)


def _collect(process: subprocess.Popen[str], lines: list[str]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        lines.extend(output)


def _wait_for(url: str, process: subprocess.Popen[str], lines: list[str]) -> None:
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    message = f"It did not start:\n{''.join(lines[-_LAST_LINES:])}"
    raise ServerFailed(message)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def model_with_marks(folder: Path, *, knows_tools: bool = True) -> Path:
    """Make a model folder in which thoughts and calls have tokens of their own.

    vLLM's parsers want them in the vocabulary; the model has others that it never uses.
    """
    folder.mkdir()
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        (folder / name).write_text((VLLM_MODEL / name).read_text(encoding="utf-8"))
    template = (Path(__file__).parent if knows_tools else VLLM_MODEL) / "chat_template.jinja"
    (folder / "chat_template.jinja").write_text(template.read_text(encoding="utf-8"))
    tokenizer = (VLLM_MODEL / "tokenizer.json").read_text(encoding="utf-8")
    for unused, mark in MARKS.items():
        tokenizer = tokenizer.replace(f'"{unused}"', f'"{mark}"')
    (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    (folder / "model.safetensors").symlink_to(VLLM_MODEL / "model.safetensors")
    return folder
