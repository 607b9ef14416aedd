"""Errors of hosts, in the words that they are known by."""

import json
from typing import Any

import pytest

from antechamber.dialects.openai_chat.faults import fault_of
from antechamber.dialects.openai_chat.overflow import output_limit, overflow
from antechamber.dialects.openai_chat.told import told_by
from antechamber.wire.errors import (
    EngineFailed,
    EngineLacksModel,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
)


def error(message: str, **fields: object) -> bytes:
    return json.dumps({"error": {"message": message, **fields}}).encode()


# Taken from public threads and sources of each: github.com/vllm-project/vllm, sgl-project/sglang,
# ggml-org/llama.cpp, lmstudio-ai/lmstudio-bug-tracker, huggingface/text-generation-inference,
# community.openai.com, openrouter.ai/docs; read 2026-11.
OVERFLOWS: dict[str, tuple[int, bytes, str]] = {
    "openai": (
        400,
        error(
            "This model's maximum context length is 4096 tokens. However, your messages resulted "
            "in 5000 tokens. Please reduce the length of the messages.",
            type="invalid_request_error",
            code="context_length_exceeded",
        ),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "vllm-sum": (
        400,
        error(
            "This model's maximum context length is 4096 tokens. However, you requested 5500 "
            "tokens (5000 in the messages, 500 in the completion). Please reduce the length of "
            "the messages or completion.",
            code=400,
        ),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "vllm-request": (
        400,
        error(
            "This model's maximum context length is 4096 tokens. However, your request has 5000 "
            "input tokens. Please reduce the length of the input messages."
        ),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "vllm-passed": (
        400,
        error(
            "You passed 5000 input tokens and requested 10 output tokens. However, the model's "
            "context length is only 4096 tokens, resulting in a maximum input length of 4086 "
            "tokens. Please reduce the length of the input prompt."
        ),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "vllm-decoder": (
        400,
        error("The decoder prompt (length 5000) is longer than the maximum model length of 4096."),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "vllm-flat": (
        400,
        json.dumps(
            {
                "object": "error",
                "message": "This model's maximum context length is 4096 tokens. However, you "
                "requested 5500 tokens (5000 in the messages, 500 in the completion).",
                "type": "BadRequestError",
                "code": 400,
            }
        ).encode(),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "sglang": (
        400,
        json.dumps(
            {
                "object": "error",
                "message": "The input (5000 tokens) is longer than the model's context length "
                "(4096 tokens).",
                "code": 400,
            }
        ).encode(),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "sglang-sum": (
        400,
        error(
            "Requested token count exceeds the model's maximum context length of 4096 tokens. You "
            "requested a total of 5500 tokens: 5000 tokens from the input messages and 500 tokens "
            "for the completion."
        ),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "llamacpp": (
        400,
        error(
            "request (5000 tokens) exceeds the available context size (4096 tokens), try "
            "increasing it",
            type="exceed_context_size_error",
            n_prompt_tokens=5000,
            n_ctx=4096,
        ),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "llamacpp-old": (
        500,
        error("the request exceeds the available context size. try increasing the context size"),
        "prompt is too long",
    ),
    "lmstudio": (
        400,
        json.dumps(
            {
                "error": "Trying to keep the first 5000 tokens when context the overflows. "
                "However, the model is loaded with context length of only 4096 tokens, which is "
                "not enough."
            }
        ).encode(),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "tgi": (
        422,
        error(
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: "
            "5000 `inputs` tokens and 20 `max_new_tokens`; too many tokens"
        ),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "openrouter": (
        400,
        error(
            "This endpoint's maximum context length is 4096 tokens. However, you requested about "
            "5500 tokens (5000 of text input, 500 in the output). Please reduce the length of "
            "either one.",
            code=400,
        ),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "mistral": (
        400,
        json.dumps(
            {
                "object": "error",
                "message": "Prompt contains 5000 tokens and 0 draft tokens, too large for model "
                "with 4096 maximum context length",
            }
        ).encode(),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "xai": (
        400,
        json.dumps(
            {
                "error": "This model's maximum prompt length is 4096 but the request contains "
                "5000 tokens."
            }
        ).encode(),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "gemini": (
        400,
        json.dumps(
            [
                {
                    "error": {
                        "code": 400,
                        "message": "The input token count (5000) exceeds the maximum number of "
                        "tokens allowed (4096).",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ]
        ).encode(),
        "prompt is too long: 5000 tokens > 4096 maximum",
    ),
    "groq": (
        400,
        error(
            "Please reduce the length of the messages or completion.",
            code="context_length_exceeded",
        ),
        "prompt is too long",
    ),
    "ollama": (
        400,
        error("the input length exceeds the context length", type="invalid_request_error"),
        "prompt is too long",
    ),
}


@pytest.mark.parametrize("host", OVERFLOWS)
def test_t60_an_overflow_is_the_callers_in_every_hosts_words(host: str) -> None:
    status, body, words = OVERFLOWS[host]

    fault = fault_of("gpu", status, body)

    assert isinstance(fault, InvalidRequest)
    assert fault.message == words


@pytest.mark.parametrize(
    ("message", "room"),
    [
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum "
            "context length is 4096 tokens and your request has 96 input tokens "
            "(5000 > 4096 - 96).",
            4_000,
        ),
        (
            "This model's maximum context length is 4096 tokens. However, you requested 5096 "
            "tokens (96 in the messages, 5000 in the completion).",
            4_000,
        ),
        (
            "Requested token count exceeds the model's maximum context length of 4096 tokens. You "
            "requested a total of 5096 tokens: 96 tokens from the input messages and 5000 tokens "
            "for the completion.",
            4_000,
        ),
        ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", None),
    ],
)
def test_where_only_the_output_is_too_large_the_room_for_it_is_known(
    message: str, room: int | None
) -> None:
    told = told_by(error(message))

    assert told is not None
    full = overflow(400, told)
    assert full is not None
    assert full.room == room


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, "
        "whereas you provided 100000.",
        "`max_tokens` must be less than or equal to `16384`, the maximum value for `max_tokens`",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 16384]",
    ],
)
def test_a_models_own_output_limit_is_read(message: str) -> None:
    told = told_by(error(message))

    assert told is not None
    assert output_limit(told) == 16_384
    assert overflow(400, told) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (413, InvalidRequest),
        (422, InvalidRequest),
        (401, EngineRefusesUs),
        (402, EngineRefusesUs),
        (403, EngineLacksModel),
        (404, EngineLacksModel),
        (405, EngineFailed),
        (408, EngineTimedOut),
        (504, EngineTimedOut),
        (429, EngineRateLimited),
        (500, EngineFailed),
        (502, EngineFailed),
        (503, Overloaded),
        (529, Overloaded),
    ],
)
def test_t63_each_status_is_a_fault_of_its_own(status: int, kind: type[Exception]) -> None:
    fault = fault_of("gpu", status, error("No."), retry_after_s=3.0)

    assert type(fault) is kind
    assert "No." in fault.message
    if kind is not InvalidRequest:
        assert fault.message.startswith("gpu ")
        assert fault.retry_after_s == 3.0


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b'{"error": {"mess', b"\xff"])
@pytest.mark.parametrize("status", [400, 404, 429, 500, 502, 503])
def test_t59_a_body_that_says_nothing_still_names_the_host(status: int, body: bytes) -> None:
    fault = fault_of("gpu", status, body)

    assert fault.message == f"gpu answered with status {status}."
    assert not isinstance(fault, InvalidRequest)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "That is wrong."}},
        {"error": "That is wrong."},
        {"message": "That is wrong."},
        {"detail": "That is wrong."},
        {"object": "error", "message": "That is wrong."},
        [{"error": {"message": "That is wrong."}}],
        {"detail": [{"msg": "That is wrong."}]},
    ],
)
def test_the_message_is_found_wherever_a_host_puts_it(body: Any) -> None:
    assert "That is wrong." in fault_of("gpu", 400, json.dumps(body).encode()).message


def test_an_overloaded_host_is_one_whatever_its_status() -> None:
    assert isinstance(fault_of("gpu", 500, error("Model is overloaded.")), Overloaded)
    assert isinstance(fault_of("gpu", 500, error("x", type="rate_limit_error")), EngineRateLimited)


def test_what_looks_like_a_key_is_not_repeated() -> None:
    fault = fault_of("gpu", 401, error("Incorrect API key provided: sk-proj-abc123def456."))

    assert "sk-proj" not in fault.message
    assert "Incorrect API key" in fault.message
