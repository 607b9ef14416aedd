"""The block by which Claude Code marks its requests, which no model of ours is to read.

The hosted API takes it out, so that it reaches neither the prompt nor the cache key
(code.claude.com/docs, LLM gateway protocol); it changes, and would cost every prefix cache its hits
(ggml-org/llama.cpp#19494).
"""

_BEGINNING = "x-anthropic-billing-header:"


def is_attribution(text: str, *, position: int) -> bool:
    """Tell whether the block of the system prompt at ``position`` is the one."""
    return position == 0 and text.startswith(_BEGINNING)
