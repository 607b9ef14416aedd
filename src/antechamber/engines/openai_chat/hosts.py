"""The hosts that are known, by name: their ways as data, with what each is known from."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from antechamber.dialects.openai_chat.quirks import Quirks

GENERIC = Quirks()

HOSTS: Mapping[str, Quirks] = {
    quirks.host: quirks
    for quirks in (
        GENERIC,
        # platform.openai.com/docs, API reference of chat completions, read 2026-11.
        Quirks(
            host="openai",
            max_tokens_field="max_completion_tokens",
            system_role="developer",
            efforts=("minimal", "low", "medium", "high", "xhigh"),
            effort_in_loops=True,
            thoughts_in_text=False,
            tool_choice="named",
            most_name_characters=64,
            flat_schemas=True,
            strict_tools="closed",
            keeps_schema=True,
            schema_beside_tools=True,
            pdf=True,
            service_tiers=True,
            window="unknown",
        ),
        # docs.vllm.ai, OpenAI-compatible server, reasoning outputs, tool calling, cache isolation;
        # vLLM 0.33, which heeds priorities with --scheduling-policy priority and else ignores them.
        Quirks(
            host="vllm",
            reasoning="template",
            budget_field="thinking_token_budget",
            thoughts_back="reasoning_content",
            prefill="flags",
            tool_choice="named",
            strict_tools="any",
            keeps_schema=True,
            stop="told",
            top_k=True,
            images_in_results=False,
            priority=True,
            cache_salts=True,
            counting="vllm",
        ),
        # docs.sglang.io, OpenAI APIs, reasoning parser, thinking budget; SGLang 0.5. Which of its
        # priorities go first is set where it is started, so it is told none.
        Quirks(
            host="sglang",
            reasoning="template",
            thoughts_back="reasoning_content",
            prefill="flags",
            tool_choice="named",
            keeps_schema=True,
            stop="told",
            top_k=True,
            cache_salts=True,
            counting="sglang",
        ),
        # docs.ollama.com/api/openai-compatibility; ollama/ollama#14821 for reasoning_effort.
        # What tool_choice is given for is not said there, and by older versions it is unheeded.
        Quirks(
            host="ollama",
            effort_off="none",
            thoughts_back="reasoning",
            prefill="last_message",
            tool_choice="unheeded",
            parallel_switch=False,
            window="ollama",
        ),
        # lmstudio.ai/docs: tool_choice is one of three words, response_format is json_schema.
        Quirks(
            host="lmstudio",
            effort_in_loops=True,
            parallel_switch=False,
            window="lmstudio",
        ),
        # ggml-org/llama.cpp, tools/server/README.md; a tool_choice that is an object becomes auto
        # without a word (langchain-llama-cpp on PyPI).
        Quirks(
            host="llamacpp",
            reasoning="template",
            efforts=(),
            thoughts_back="reasoning_content",
            prefill="last_message",
            echoes_prefill=True,
            top_k=True,
            counting="llamacpp",
            window="props",
        ),
        # openrouter.ai/docs: reasoning tokens, provider routing.
        Quirks(
            host="openrouter",
            reasoning="openrouter",
            efforts=("low", "medium", "high", "xhigh"),
            tool_choice="named",
            top_k=True,
            pdf=True,
        ),
        # docs.mistral.ai, chat completions and reasoning; ids as mistral-common checks them.
        Quirks(
            host="mistral",
            late_system="tell",
            efforts=("high",),
            effort_in_loops=True,
            tool_ids="nine",
            keeps_schema=True,
            user=False,
        ),
        # api-docs.deepseek.com, thinking mode: thoughts of a running tool loop have to come back.
        Quirks(
            host="deepseek",
            efforts=("low", "medium", "high", "xhigh", "max"),
            thoughts_back="reasoning_content",
            tool_choice="named",
            parallel_switch=False,
            structured="text",
            user=False,
            window="unknown",
        ),
    )
}

_DOMAINS = {
    "api.openai.com": "openai",
    "openrouter.ai": "openrouter",
    "api.deepseek.com": "deepseek",
    "api.mistral.ai": "mistral",
}


def quirks_of(host: str, base_url: str) -> Quirks | None:
    """Return the ways of ``host``; of ``auto`` those of the address, None where it has to be asked.

    Raises ``ValueError`` for a host that is not known.
    """
    name = host_of_address(base_url) if host == "auto" else host
    if name is None:
        return None
    if name not in HOSTS:
        raise ValueError(f"there is no host {name!r}; there are auto, {', '.join(sorted(HOSTS))}")
    return HOSTS[name]


def host_of_address(base_url: str) -> str | None:
    """Return the host that an address belongs to; None where only asking it can tell."""
    return _DOMAINS.get(urlsplit(base_url).hostname or "")


def split_address(base_url: str) -> tuple[str, str]:
    """Return the root of a server and the path of its chat API below it.

    ``http://gpu:8000`` and ``http://gpu:8000/v1`` are the same; where there is a path that does not
    end in ``/v1``, the API is there and the server has no other endpoints.
    """
    url = base_url.rstrip("/")
    if url.endswith("/v1"):
        return url.removesuffix("/v1"), "/v1"
    return (url, "") if urlsplit(url).path else (url, "/v1")
