"""How JSON leaves this server: compact, UTF-8, one way for every body and event."""

import msgspec

_encoder = msgspec.json.Encoder()


def encode_json(value: object) -> bytes:
    """Encode builtins as compact JSON bytes, keys in insertion order."""
    return _encoder.encode(value)
