"""Whether a host's models are told of tools: tried once, for what is counted is what is sent."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from antechamber.dialects.openai_chat.adapting import refuses_tools
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.told import told_by
from antechamber.outbound.client import UpstreamClient, UpstreamRefused
from antechamber.wire.errors import EngineFault

_PATIENCE_S = 5.0
"""A refusal comes at once, without waiting for its turn: who takes longer has taken the tools."""
_REFUSALS = (400, 404, 413, 422)
"""Of what was asked; others are of the moment."""
_MESSAGES = [{"role": "user", "content": "Hi"}]
_TOOLS: list[dict[str, object]] = [
    {
        "type": "function",
        "function": {
            "name": "look",
            "description": "Looks around.",
            "parameters": {"type": "object", "properties": {}},
        },
    }
]


class ToolTrial:
    """Tries each model of one host once; a host that is not there is tried again."""

    def __init__(self, client: UpstreamClient, api_path: str) -> None:
        self._client = client
        self._chat = f"{api_path}/chat/completions"
        self._tried: set[str] = set()
        self._trying = asyncio.Lock()

    async def takes_no_tools(self, model: str, quirks: Quirks) -> bool:
        """Tell whether tools have to stand in the text, where that has just been found out.

        vLLM refuses them without a parser, and leaves them out without a word where the model's
        template knows none; both can be told from small requests.
        """
        if quirks.tools_in_text or quirks.counting != "vllm" or model in self._tried:
            return False
        async with self._trying:
            if model in self._tried:
                return False
            try:
                found = await self._are_left_out(model) or await self._are_refused(model)
            except EngineFault:
                # The request itself meets the same fault, if it is one, and reports it.
                return False
            self._tried.add(model)
            return found

    async def _are_left_out(self, model: str) -> bool:
        asked: dict[str, object]
        asked = {"model": model, "messages": _MESSAGES, "add_generation_prompt": True}
        without = await self._counted(asked)
        return without is not None and without == await self._counted({**asked, "tools": _TOOLS})

    async def _counted(self, body: Mapping[str, object]) -> object:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self._client.post_json("/tokenize", body)
        except (UpstreamRefused, TimeoutError):
            return None
        return cast("dict[str, Any]", answer).get("count") if isinstance(answer, dict) else None

    async def _are_refused(self, model: str) -> bool:
        asked = {"model": model, "messages": _MESSAGES, "tools": _TOOLS, "max_tokens": 1}
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._client.post_json(self._chat, asked)
        except UpstreamRefused as error:
            told = told_by(error.body)
            if error.upstream_status not in _REFUSALS:
                raise
            return told is not None and refuses_tools(told)
        except TimeoutError:
            pass
        return False
