"""A context window that is too small, in every host's wording.

What the wordings are taken from stands in the tests.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from antechamber.dialects.openai_chat.told import Told

_FULL_CODES = {
    "context_length_exceeded",  # OpenAI, Groq, OpenRouter
    "exceed_context_size_error",  # llama-server
    "model_max_prompt_tokens_exceeded",  # GitHub's models
}
_FULL_WORDS = re.compile(
    r"context[ _](?:length|size|window)|maximum (?:context|prompt|model|input) length"
    r"|model's (?:context|maximum)|prompt (?:is )?too long|too many (?:input )?tokens"
    r"|maximum number of (?:input )?tokens|exceeds the (?:limit of|available context)"
    r"|longer than the (?:model|maximum)|reduce the length of the (?:messages|input|prompt)",
    re.IGNORECASE,
)
_TOO_MUCH = re.compile(
    r"exceed|longer than|too (?:long|large|many)|maximum|only|not enough|reduce|overflow"
    r"|must be <=",
    re.IGNORECASE,
)
# What hosts say of a prompt that is too long; ``n`` are its tokens, ``m`` the window, ``b`` the
# output that was asked for, ``t`` both together. The most telling first.
_WORDINGS = [
    re.compile(wording, re.IGNORECASE | re.DOTALL)
    for wording in (
        # vLLM, OpenAI, DeepSeek
        r"maximum context length (?:is|of) (?P<m>\d+) tokens.*?\(?(?P<n>\d+) (?:tokens )?"
        r"(?:in|from) the (?:input )?messages,?(?: and)? (?P<b>\d+) (?:tokens )?"
        r"(?:in|for) the completion",
        # vLLM
        r"is too large: (?P<b>\d+)\. .*?length is (?P<m>\d+) tokens and your request has "
        r"(?P<n>\d+) input tokens",
        # vLLM
        r"passed (?P<n>\d+) input tokens and requested (?P<b>\d+) output tokens.*?"
        r"context length is only (?P<m>\d+)",
        # OpenRouter
        r"maximum context length is (?P<m>\d+) tokens.*?\((?P<n>\d+) of (?:text )?input.*?"
        r"(?P<b>\d+) in the output",
        r"maximum context length is (?P<m>\d+) tokens.*?(?:resulted in|request has|contains) "
        r"(?:at least )?(?P<n>\d+)",
        # Text Generation Inference
        r"must be <= (?P<m>\d+)\. Given: (?P<n>\d+) `inputs` tokens and (?P<b>\d+)",
        # SGLang
        r"input \((?P<n>\d+) tokens\) is longer than the model's context length \((?P<m>\d+)",
        # vLLM
        r"prompt \(length (?P<n>\d+)\) is longer than the maximum model length of (?P<m>\d+)",
        # llama-server
        r"\((?P<n>\d+) tokens\) exceeds the available context size \((?P<m>\d+) tokens",
        # LM Studio
        r"first (?P<n>\d+) tokens when.*?context length of only (?P<m>\d+)",
        # Mistral
        r"contains (?P<n>\d+) tokens.*?with (?P<m>\d+) maximum context",
        # xAI
        r"maximum prompt length is (?P<m>\d+) but the request contains (?P<n>\d+)",
        # Fireworks
        r"too long: (?P<n>\d+)[^\d]+(?:length: |> ?)(?P<m>\d+)",
        # Gemini's compatible endpoint, GitHub's models
        r"token count (?:\((?P<n>\d+)\)|of (?P<n2>\d+)) exceeds the [a-z ]*?(?:allowed \()?"
        r"(?P<m>\d+)",
        # Any that names the window alone, and perhaps the sum
        r"(?:context|model|prompt) length (?:is|of) (?P<m>\d+)(?:.*?requested (?P<t>\d+))?",
    )
]
_OUTPUT_LIMITS = [
    re.compile(wording, re.IGNORECASE)
    for wording in (
        # OpenAI
        r"supports at most (?P<m>\d+) completion tokens",
        # Groq
        r"max(?:_completion)?_tokens`? must be less than or equal to `?(?P<m>\d+)",
        # DeepSeek
        r"range of max_tokens is \[\d+, ?(?P<m>\d+)\]",
    )
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """A window that is too small: for the prompt, or for the prompt and the output asked for."""

    prompt_tokens: int | None = None
    window_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def room(self) -> int | None:
        """The output that there is room for, where only the output is too large."""
        if self.prompt_tokens is None or self.window_tokens is None:
            return None
        left = self.window_tokens - self.prompt_tokens
        return left if left > 0 and self.output_tokens is not None else None


def overflow(status: int, told: Told) -> Overflow | None:
    """Return the numbers of a window that is too small, None for any other error."""
    if status not in (400, 413, 422, 500):
        return None
    coded = any(code in told.code for code in _FULL_CODES)
    if not coded and not (_FULL_WORDS.search(told.message) and _TOO_MUCH.search(told.message)):
        return None
    prompt, window = told.fields.get("n_prompt_tokens"), told.fields.get("n_ctx")
    if isinstance(prompt, int) and isinstance(window, int):
        return Overflow(prompt_tokens=prompt, window_tokens=window)
    message = told.message.replace(",", "") if re.search(r"\d,\d{3}\b", told.message) else None
    for wording in _WORDINGS:
        if found := wording.search(message or told.message):
            return _numbers(found.groupdict())
    return Overflow()


def overflow_message(full: Overflow) -> str:
    """Return the hosted API's words."""
    prompt, window, output = full.prompt_tokens, full.window_tokens, full.output_tokens
    if prompt is None or window is None:
        return "prompt is too long"
    if prompt <= window and output is not None:
        return (
            f"input length and `max_tokens` exceed context limit: {prompt} + {output} > {window}, "
            "decrease input length or `max_tokens` and try again"
        )
    return f"prompt is too long: {max(prompt, window + 1)} tokens > {window} maximum"


def output_limit(told: Told) -> int | None:
    """Return the most output tokens, where the host refused to be asked for more."""
    found = (wording.search(told.message) for wording in _OUTPUT_LIMITS)
    return next((int(match["m"]) for match in found if match), None)


def _numbers(found: Mapping[str, str | None]) -> Overflow:
    def number(*names: str) -> int | None:
        return next((int(text) for name in names if (text := found.get(name))), None)

    return Overflow(
        prompt_tokens=number("n", "n2", "t"),
        window_tokens=number("m"),
        output_tokens=number("b"),
    )
