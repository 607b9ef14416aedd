"""Token counts of a chat completion, however often and in whatever order they are told."""

from antechamber.dialects.openai_chat.chunks import ChatUsage
from antechamber.turn.events import UsageReported

_CHARACTERS_OF_A_TOKEN = 4


class Tally:
    """The highest counts told so far, and what was seen where none are told.

    A second report without details must not undo the first (theopenco/llmgateway#1845): a count
    only grows, and the prompt's is split again each time.
    """

    def __init__(self) -> None:
        self._prompt = self._completion = self._cached = self._written = self._reasoning = 0
        self._pieces = self._characters = 0
        self._tells_cached = False

    def saw(self, text: str) -> None:
        """Count a piece of the answer, which is a token on most hosts."""
        self._pieces += 1
        self._characters += len(text)

    @property
    def begun(self) -> bool:
        """Whether there has been a piece."""
        return self._pieces > 0

    def merge(self, usage: ChatUsage) -> None:
        """Take over what ``usage`` knows."""
        told = usage.prompt_tokens_details
        details = usage.completion_tokens_details
        cached = told.cached_tokens if told is not None else None
        cached = usage.prompt_cache_hit_tokens if cached is None else cached
        self._tells_cached = self._tells_cached or cached is not None
        written = told.cache_write_tokens or told.created_cache_tokens if told is not None else None
        reasoning = details.reasoning_tokens if details is not None else None
        self._prompt = max(self._prompt, usage.prompt_tokens or 0)
        self._completion = max(self._completion, usage.completion_tokens or 0)
        self._cached = max(self._cached, cached or 0)
        self._written = max(self._written, written or 0)
        self._reasoning = max(self._reasoning, reasoning or usage.reasoning_tokens or 0)

    def report(self) -> UsageReported:
        """Return the counts in the terms of the Messages API: cached tokens are no input tokens."""
        cached = min(self._cached, self._prompt)
        written = min(self._written, self._prompt - cached)
        seen = max(self._pieces, self._characters // _CHARACTERS_OF_A_TOKEN)
        return UsageReported(
            input_tokens=self._prompt - cached - written if self._prompt else None,
            output_tokens=self._completion or seen,
            thinking_tokens=self._reasoning or None,
            cache_read_input_tokens=cached if self._tells_cached else None,
            cache_creation_input_tokens=written or None,
        )
