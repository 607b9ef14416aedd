"""Whether OpenVINO runs a model on this machine; it is driven like a llama-server.

Its child process (``openvino_child``) speaks the few calls of llama-server that
``LlamaCppCompleter`` makes, so there is one completer and one form of constraint for both.
"""

import importlib.util
import platform
import sys
from pathlib import Path

from antechamber.engines.local.gguf_keys import read_keys

OPENVINO_PACKAGE = "openvino-genai"
_MODULE = "openvino_genai"
_CPU_INFO = Path("/proc/cpuinfo")
_ARCHITECTURE, _SPLITTING = "general.architecture", "tokenizer.ggml.pre"
_ARCHITECTURES = frozenset(("llama", "qwen2", "qwen3"))
"""What its reader of GGUF builds (openvinotoolkit.github.io/openvino.genai/docs/guides/gguf)."""
_SPLITTINGS = frozenset(("smollm", "qwen2"))
"""How text is cut into words before it becomes tokens: of these its reader knows the rule; for all
others but one it takes a default, and counts would be wrong in silence. That one, llama-bpe, is of
models with scaled rotary frequencies, a table that it does not read."""


def is_installed() -> bool:
    """Tell whether the package is there; importing it would load its runtime."""
    return importlib.util.find_spec(_MODULE) is not None


def why_not(model: Path, cpu_info: Path = _CPU_INFO) -> str | None:
    """Return why ``model`` is better left to llama.cpp, None when OpenVINO runs it well here."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "OpenVINO is used on Linux on x86-64 only"
    if not is_installed():
        return f"{OPENVINO_PACKAGE} is not installed"
    if not _has_avx2(cpu_info):
        return "the processor has no AVX2"
    return _why_not_this_model(model)


def _has_avx2(cpu_info: Path) -> bool:
    try:
        lines = cpu_info.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and "avx2" in line.split() for line in lines)


def _why_not_this_model(model: Path) -> str | None:
    try:
        keys = read_keys(model, {_ARCHITECTURE, _SPLITTING})
        arch = str(keys.get(_ARCHITECTURE))
        scaling = read_keys(model, {name := f"{arch}.rope.scaling.type"}).get(name, "none")
    except (OSError, ValueError) as error:
        return str(error)
    if arch not in _ARCHITECTURES:
        return f"OpenVINO does not read models of the architecture {arch}"
    if keys.get(_SPLITTING) not in _SPLITTINGS:
        return f"OpenVINO does not cut text as {keys.get(_SPLITTING)} does"
    return None if scaling == "none" else f"OpenVINO does not scale positions by {scaling}"
