"""Streams of Gemini as they were recorded, shortened.

Fields, counts, order and kinds of parts are the recordings'; prose is cut, signatures are made up.
The recordings: vercel/ai, packages/google/src/__fixtures__ (each by its date), and
pydantic/pydantic-ai, tests/models/cassettes/test_google.
"""

from typing import Any

Chunk = dict[str, Any]


def chunk(*parts: Chunk, finish: str | None = None, usage: Chunk | None = None) -> Chunk:
    candidate: Chunk = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    told: Chunk = {"candidates": [candidate], "modelVersion": "gemini-test", "responseId": "r1"}
    return told | ({"usageMetadata": usage} if usage else {})


def counts(prompt: int, written: int | None, thought: int | None = None, **more: int) -> Chunk:
    told = {"promptTokenCount": prompt, "candidatesTokenCount": written}
    told |= {"thoughtsTokenCount": thought} | more
    return {key: value for key, value in told.items() if value is not None}


TEXT = [
    # gemini-2.5-flash, July 2025: test_google_model_stream
    chunk({"text": "The capital of France is **Paris**."}, finish="STOP", usage=counts(15, 8, 16)),
]
THOUGHT_THEN_SIGNED_TEXT = [
    # gemini-2.5-pro, July 2025: test_google_model_thinking_part_iter
    chunk({"text": "**Defining the Goal**\n\n", "thought": True}, usage=counts(34, None, 70)),
    chunk({"text": "**Refining the Steps**\n\n", "thought": True}, usage=counts(34, None, 325)),
    chunk({"text": "Here is a guide:", "thoughtSignature": "CiIBcg=="}, usage=counts(34, 17, 759)),
    chunk({"text": " stop, look, listen."}, finish="STOP", usage=counts(34, 42, 759)),
]
SIGNED_AT_THE_END = [
    # gemini-3.7-flash, 16 September 2026: google-stream-gemini-3.7-flash
    chunk({"text": "fixture ok"}, usage=counts(7, 2, 94)),
    chunk({"text": "", "thoughtSignature": "EqkECg=="}, finish="STOP", usage=counts(7, 2, 94)),
]
SIGNED_CALL = [
    # gemini-3-pro-preview, February 2026: google-tool-call-gemini3
    chunk(
        {
            "functionCall": {"name": "weather", "args": {"location": "San Francisco"}},
            "thoughtSignature": "EpEgCg==",
        },
        usage=counts(29, 15, 804),
    ),
    chunk({"text": ""}, finish="STOP", usage=counts(29, 15, 804)),
]
PARALLEL_CALLS = [
    # gemini-3.1-flash-lite, 21 July 2026: issue-16298-gemini3-parallel-tool-calls
    chunk(
        {
            "functionCall": {"id": "lpndqlku", "name": "weather", "args": {"city": "Paris"}},
            "thoughtSignature": "AY89aQ==",
        },
        {"functionCall": {"id": "m6rogicj", "name": "weather", "args": {"city": "Tokyo"}}},
    ),
    chunk({"text": ""}, finish="STOP", usage=counts(40, 30)),
]
THOUGHT_THEN_CALL_WITHOUT_ARGUMENTS = [
    # gemini-3-flash-preview, 4 May 2026: google-stream-no-args-tool-call
    chunk({"text": "**Processing User Requests**\n\n", "thought": True}),
    chunk({"functionCall": {"name": "read_theme"}, "thoughtSignature": "AY89aw=="}),
    chunk({"text": ""}, finish="STOP", usage=counts(249, 58, 183)),
]
BLOCKED = [
    # gemini-3.7-flash, July 2026: issue-19758-prompt-block
    {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
        "responseId": "r1",
    }
]
EVERY_COUNT = [
    # gemini-2.5-flash, July 2026: issue-19822-complete-usage
    chunk(
        {"text": "42"},
        finish="STOP",
        usage=counts(19, 4, 56, cachedContentTokenCount=3, toolUsePromptTokenCount=63),
    )
]
ALL = {
    "text": TEXT,
    "thought then signed text": THOUGHT_THEN_SIGNED_TEXT,
    "signed at the end": SIGNED_AT_THE_END,
    "signed call": SIGNED_CALL,
    "parallel calls": PARALLEL_CALLS,
    "thought then call": THOUGHT_THEN_CALL_WITHOUT_ARGUMENTS,
    "blocked": BLOCKED,
    "every count": EVERY_COUNT,
}
