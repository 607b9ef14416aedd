"""Gemini's counts as ours.

Source: ai.google.dev/api/generate-content, UsageMetadata: the count of the prompt includes what
was read from the cache, that of the candidates leaves the thoughts out.
"""

from antechamber.dialects.gemini.shapes import UsageMetadata
from antechamber.turn.events import UsageReported


def usage_of(counts: UsageMetadata) -> UsageReported:
    """Return what ``counts`` knows; the cached part of the prompt is not part of the input."""
    cached, prompt = counts.cached_content_token_count, counts.prompt_token_count
    written, thought = counts.candidates_token_count, counts.thoughts_token_count
    fresh: int | None = None
    if prompt is not None:
        fresh = max(0, prompt - (cached or 0)) + (counts.tool_use_prompt_token_count or 0)
    output: int | None = None
    if written is not None or thought is not None:
        output = (written or 0) + (thought or 0)
    return UsageReported(
        input_tokens=fresh,
        output_tokens=output,
        thinking_tokens=thought,
        cache_read_input_tokens=cached,
    )
