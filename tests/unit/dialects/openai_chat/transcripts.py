"""Streams as hosts send them, put together from what they publish; source and date with each."""

from typing import Any

from antechamber.dialects.openai_chat.reading import ReadingPlan
from tests.unit.dialects.openai_chat.scenes import THINKING, TOOLS, names, usage_chunk

_HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def _chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish, **more}
    return {**_HEAD, "choices": [choice]}


# platform.openai.com/docs/guides/function-calling, streaming; 2026-11.
OPENAI_TOOLS = [
    _chunk(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "index": 0,
                    "id": "call_DdmO9pD3xa9XTPNJ32zg2hcA",
                    "function": {"arguments": "", "name": "look"},
                    "type": "function",
                }
            ],
            "refusal": None,
        }
    ),
    *(
        _chunk({"tool_calls": [{"index": 0, "function": {"arguments": text}}]})
        for text in ('{"', "at", '":"', "door", '"}')
    ),
    _chunk({}, "tool_calls"),
    usage_chunk(
        80,
        18,
        prompt_tokens_details={"cached_tokens": 64, "audio_tokens": 0},
        completion_tokens_details={"reasoning_tokens": 0, "audio_tokens": 0},
    ),
]

# docs.vllm.ai, features/reasoning_outputs and features/tool_calling; vLLM 0.22 to 0.33.
VLLM_REASONING = [
    _chunk({"role": "assistant", "content": ""}),
    _chunk({"reasoning": "9.11 is"}),
    _chunk({"reasoning": " smaller."}),
    _chunk({"content": "9.9"}),
    _chunk({"content": " is larger."}),
    _chunk({"content": ""}, "stop", stop_reason=None, token_ids=None),
    usage_chunk(17, 12, prompt_tokens_details={"cached_tokens": 16}),
]
VLLM_STOPPED = [
    _chunk({"role": "assistant", "content": ""}),
    _chunk({"content": "one, two, "}),
    _chunk({"content": ""}, "stop", stop_reason="three"),
    usage_chunk(17, 6),
]

# docs.sglang.io, separate reasoning and OpenAI APIs; SGLang 0.5.
SGLANG_STOPPED = [
    _chunk({"role": "assistant", "content": "", "reasoning_content": None, "tool_calls": None}),
    _chunk({"content": "one, two, ", "reasoning_content": None, "tool_calls": None}),
    _chunk({}, "stop", matched_stop="three"),
    usage_chunk(17, 6, reasoning_tokens=0),
]

# docs.ollama.com/api/openai-compatibility, docs.ollama.com/capabilities/tool-calling; 2026-10.
OLLAMA_TOOLS = [
    _chunk({"role": "assistant", "content": "", "reasoning": "I should look."}),
    _chunk(
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "call_ajznijvx",
                    "index": 0,
                    "type": "function",
                    "function": {"name": "look", "arguments": '{"at":"door"}'},
                }
            ],
        }
    ),
    _chunk({"role": "assistant", "content": ""}, "tool_calls"),
    usage_chunk(170, 24),
]

# lmstudio.ai/docs/developer/openai-compat/tools, streaming; 2026-11.
LMSTUDIO_TOOLS = [
    _chunk({"role": "assistant", "content": "I look."}),
    _chunk(
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "814890118",
                    "type": "function",
                    "function": {"name": "look", "arguments": ""},
                }
            ]
        }
    ),
    _chunk({"tool_calls": [{"index": 0, "function": {"name": "", "arguments": '{"at":'}}]}),
    _chunk({"tool_calls": [{"index": 0, "function": {"name": "", "arguments": '"door"}'}}]}),
    _chunk({}, "tool_calls"),
]

# ggml-org/llama.cpp, tools/server/README.md and tests/unit/test_chat_completion.py; 2026-10.
LLAMACPP_TEXT = [
    _chunk({"role": "assistant", "content": None}),
    _chunk({"reasoning_content": "Hm."}),
    _chunk({"content": "The"}),
    _chunk({"content": " end"}),
    _chunk({}, "length"),
    {
        **usage_chunk(31, 4, prompt_tokens_details={"cached_tokens": 30}),
        "timings": {"cache_n": 30, "prompt_n": 1},
    },
]

# openrouter.ai/docs/use-cases/reasoning-tokens, api-reference/streaming; 2026-11.
OPENROUTER_REASONING = [
    _chunk(
        {
            "role": "assistant",
            "content": "",
            "reasoning": "Let me think.",
            "reasoning_details": [
                {"type": "reasoning.text", "text": "Let me think.", "signature": None, "index": 0}
            ],
        }
    ),
    _chunk({"content": "Done."}, "stop", native_finish_reason="STOP"),
    usage_chunk(9, 7, completion_tokens_details={"reasoning_tokens": 4}),
]

# api-docs.deepseek.com/guides/reasoning_model and quick_start/token_usage; 2026-11.
DEEPSEEK_REASONING = [
    _chunk({"role": "assistant", "content": None, "reasoning_content": "Well"}),
    _chunk({"content": None, "reasoning_content": "."}),
    _chunk({"content": "Yes", "reasoning_content": None}),
    {
        **_chunk({"content": "", "reasoning_content": None}, "stop"),
        "usage": {
            "prompt_tokens": 12,
            "completion_tokens": 5,
            "prompt_cache_hit_tokens": 8,
            "prompt_cache_miss_tokens": 4,
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    },
]

# docs.mistral.ai/capabilities/reasoning; 2026-11.
MISTRAL_REASONING = [
    _chunk({"role": "assistant", "content": ""}),
    _chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}),
    _chunk({"content": [{"type": "text", "text": "So"}]}),
    _chunk({"content": " be it."}, "stop"),
]

STOPPED = ReadingPlan(stop_told=("two", "three"))

ALL: dict[str, tuple[list[Any], ReadingPlan]] = {
    "openai-tools": (OPENAI_TOOLS, TOOLS),
    "vllm-reasoning": (VLLM_REASONING, THINKING),
    "vllm-stopped": (VLLM_STOPPED, STOPPED),
    "sglang-stopped": (SGLANG_STOPPED, STOPPED),
    "ollama-tools": (OLLAMA_TOOLS, ReadingPlan(names=names("look"), shows_thoughts=True)),
    "lmstudio-tools": (LMSTUDIO_TOOLS, TOOLS),
    "llamacpp-text": (LLAMACPP_TEXT, THINKING),
    "openrouter-reasoning": (OPENROUTER_REASONING, THINKING),
    "deepseek-reasoning": (DEEPSEEK_REASONING, THINKING),
    "mistral-reasoning": (MISTRAL_REASONING, THINKING),
}
SAID: dict[str, list[tuple[str, str]]] = {
    "openai-tools": [("look", '{"at":"door"}')],
    "vllm-reasoning": [("thinking", "9.11 is smaller."), ("text", "9.9 is larger.")],
    "vllm-stopped": [("text", "one, two, ")],
    "sglang-stopped": [("text", "one, two, ")],
    "ollama-tools": [("thinking", "I should look."), ("look", '{"at":"door"}')],
    "lmstudio-tools": [("text", "I look."), ("look", '{"at":"door"}')],
    "llamacpp-text": [("thinking", "Hm."), ("text", "The end")],
    "openrouter-reasoning": [("thinking", "Let me think."), ("text", "Done.")],
    "deepseek-reasoning": [("thinking", "Well."), ("text", "Yes")],
    "mistral-reasoning": [("thinking", "Hm."), ("text", "So be it.")],
}
ENDED: dict[str, str] = {
    **dict.fromkeys(ALL, "end_turn"),
    **dict.fromkeys(("openai-tools", "ollama-tools", "lmstudio-tools"), "tool_use"),
    **dict.fromkeys(("vllm-stopped", "sglang-stopped"), "stop_sequence"),
    "llamacpp-text": "max_tokens",
}
