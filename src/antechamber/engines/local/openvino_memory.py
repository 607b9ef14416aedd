"""How much OpenVINO keeps of a token that it has read, from the keys of the model's file."""

from pathlib import Path

from antechamber.engines.local.gguf_keys import read_keys

_ARCHITECTURE = "general.architecture"
_SCALE_BYTES = 12
"""On a processor a number is a byte; this stands beside those of one head."""


def token_bytes(model: Path) -> int:
    """Return the bytes that its cache takes for one token.

    Raises ``OSError``, and ``ValueError`` when the file does not describe its attention.
    """
    arch = read_keys(model, {_ARCHITECTURE}).get(_ARCHITECTURE)
    layers, width = f"{arch}.block_count", f"{arch}.embedding_length"
    heads, length = f"{arch}.attention.head_count", f"{arch}.attention.key_length"
    kept = f"{heads}_kv"
    found = read_keys(model, {layers, width, heads, length, kept})
    keys = {name: value for name, value in found.items() if isinstance(value, int)}
    try:
        head_bytes = keys.get(length, keys[width] // keys[heads]) + _SCALE_BYTES
        return 2 * keys[layers] * keys.get(kept, keys[heads]) * head_bytes
    except (KeyError, ZeroDivisionError) as error:
        message = "the model file does not describe its attention"
        raise ValueError(message) from error
