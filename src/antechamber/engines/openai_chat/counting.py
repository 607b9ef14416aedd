"""The tokens of a prompt, by the host's own tokenizer where it has an endpoint for that."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from antechamber.catalogue.facts import ImageTier
from antechamber.dialects.openai_chat.estimate import estimate, media_tokens
from antechamber.dialects.openai_chat.quirks import Counting
from antechamber.outbound.client import UpstreamClient, UpstreamRefused
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFault

_PATIENCE_S = 20.0
_MISSING = (404, 405, 501)
_MESSAGE_TOKENS = 12
"""What a chat template puts around a message, where it is not applied."""
_TOOLS_TOKENS = 256
"""What it says about tools besides naming them."""
_SHAPING = (
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "chat_template_kwargs",
    "add_generation_prompt",
    "continue_final_message",
)
"""What of a body the prompt depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The tokens of a prompt; what is not ``exact`` is above the truth."""

    tokens: int
    exact: bool


class TokenCounter:
    """Counts for one engine; an endpoint that turned out to be missing is not asked again."""

    def __init__(self, client: UpstreamClient) -> None:
        self._client = client
        self._missing: set[str] = set()

    async def count(self, body: Mapping[str, object], way: Counting, images: ImageTier) -> Count:
        """Count the prompt of ``body``; the answer to the request tells the truth in the end.

        ``images`` says what they cost where nobody counts them.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                counted = await self._asked(body, way)
        except (EngineFault, TimeoutError):
            # The request itself meets the same fault, if it is one, and reports it.
            counted = None
        if counted is None:
            return Count(tokens=estimate(body, images), exact=False)
        if media := media_tokens(body, images):
            # Tokenizers count the place of an image, not what stands there.
            return Count(tokens=counted.tokens + media, exact=False)
        return counted

    async def _asked(self, body: Mapping[str, object], way: Counting) -> Count | None:
        match way:
            case "vllm":
                return await self._of_messages(body)
            case "sglang":
                return await self._of_messages(body) or await self._of_text(body)
            case "llamacpp":
                return await self._of_template(body)
            case "estimate":
                return None

    async def _of_messages(self, body: Mapping[str, object]) -> Count | None:
        asked = {"model": body["model"], **_shaping(body)}
        # Both are of the request and not of tokenising, which refuses what it does not know.
        asked.pop("tool_choice", None)
        asked.pop("parallel_tool_calls", None)
        asked.setdefault("add_generation_prompt", True)
        answer = await self._post("messages", "/tokenize", asked)
        return _counted(answer, exact=True)

    async def _of_text(self, body: Mapping[str, object]) -> Count | None:
        """Count the texts alone, and what a template puts around them by estimate."""
        messages = cast("list[dict[str, object]]", body["messages"])
        tools = cast("list[object]", body.get("tools", []))
        texts = [_text_of(message) for message in messages]
        texts += [encode_json(tool).decode() for tool in tools]
        asked = {"model": body["model"], "prompt": "\n".join(texts)}
        counted = _counted(await self._post("text", "/tokenize", asked), exact=False)
        if counted is None:
            return None
        around = _MESSAGE_TOKENS * (len(texts) + 2) + (_TOOLS_TOKENS if tools else 0)
        return Count(tokens=counted.tokens + around, exact=False)

    async def _of_template(self, body: Mapping[str, object]) -> Count | None:
        answer = await self._post("template", "/apply-template", _shaping(body))
        prompt = answer.get("prompt")
        if not isinstance(prompt, str):
            return None
        # As llama-server tokenises the prompts of chats.
        asked = {"content": prompt, "add_special": True, "parse_special": True}
        return _counted(await self._post("tokens", "/tokenize", asked), exact=True)

    async def _post(self, purpose: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        if purpose in self._missing:
            return {}
        try:
            answer = await self._client.post_json(path, body)
        except UpstreamRefused as error:
            if error.upstream_status in _MISSING or (
                purpose == "messages" and error.upstream_status == 422
            ):
                self._missing.add(purpose)
            return {}
        return cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}


def _shaping(body: Mapping[str, object]) -> dict[str, object]:
    return {name: body[name] for name in _SHAPING if name in body}


def _counted(answer: Mapping[str, Any], *, exact: bool) -> Count | None:
    count, tokens = answer.get("count"), answer.get("tokens")
    if type(count) is int and count > 0:
        return Count(tokens=count, exact=exact)
    if isinstance(tokens, list) and tokens:
        return Count(tokens=len(cast("list[object]", tokens)), exact=exact)
    return None


def _text_of(message: Mapping[str, object]) -> str:
    content = message["content"]
    text = content if isinstance(content, str) else ""
    if not isinstance(content, str):
        parts = cast("list[dict[str, object]]", content)
        text = "\n".join(str(part.get("text", "")) for part in parts)
    calls = message.get("tool_calls")
    return text if calls is None else text + encode_json(calls).decode()
