"""What no host says of its models, and small requests show; each model is tried once."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from antechamber.dialects.openai_chat.adapting import refuses_tools
from antechamber.dialects.openai_chat.quirks import BeginsInThought, Quirks
from antechamber.dialects.openai_chat.told import told_by
from antechamber.engines.openai_chat.shared_trials import SharedTrials
from antechamber.outbound.client import UpstreamClient, UpstreamRefused
from antechamber.runtime.clock import Clock

_REFUSES_WITHIN_S = 5.0
"""A refusal comes at once, without waiting for its turn: who takes longer has taken the tools."""
_REFUSALS = (400, 404, 405, 413, 422, 501)
"""Of what was asked, or of a missing endpoint; others are of the moment, as while a model loads."""
_MESSAGES = [{"role": "user", "content": "Hi"}]
_OPEN = "<think>"
_THOUGHT_AND_ANSWER = "a</think>b"
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
    """Finds out whether a host's models are told of tools, for what is counted is what is sent.

    A host that is not there is tried again.
    """

    def __init__(self, client: UpstreamClient, api_path: str, clock: Clock) -> None:
        self._client = client
        self._chat = f"{api_path}/chat/completions"
        self._trials = SharedTrials("tool-trial", self._find, clock)

    async def takes_no_tools(self, model: str, quirks: Quirks) -> bool:
        """Tell whether tools have to stand in the text, where ``quirks`` do not say it already.

        vLLM refuses them without a parser, and leaves them out without a word where the model's
        template knows none; both can be told from small requests.
        """
        if quirks.tools_in_text or quirks.counting != "vllm":
            return False
        return await self._trials.found(model) is True

    async def forget(self) -> None:
        """Forget every model; trials that still run are ended."""
        await self._trials.forget()

    async def _find(self, model: str) -> bool:
        return await self._are_left_out(model) or await self._are_refused(model)

    async def _are_left_out(self, model: str) -> bool:
        asked: dict[str, object]
        asked = {"model": model, "messages": _MESSAGES, "add_generation_prompt": True}
        without = await self._counted(asked)
        return without is not None and without == await self._counted({**asked, "tools": _TOOLS})

    async def _counted(self, body: Mapping[str, object]) -> object:
        try:
            answer = await self._client.post_json("/tokenize", body)
        except UpstreamRefused as error:
            _of_the_request(error)
            return None
        return cast("dict[str, Any]", answer).get("count") if isinstance(answer, dict) else None

    async def _are_refused(self, model: str) -> bool:
        asked = {"model": model, "messages": _MESSAGES, "tools": _TOOLS, "max_tokens": 1}
        try:
            async with asyncio.timeout(_REFUSES_WITHIN_S):
                await self._client.post_json(self._chat, asked)
        except UpstreamRefused as error:
            _of_the_request(error)
            told = told_by(error.body)
            return told is not None and refuses_tools(told)
        except TimeoutError:
            pass
        return False


class ThoughtTrial:
    """Finds out whether what llama-server calls the text begins inside a thought.

    The end of a prompt shows whether the template opens the thought. What the server then makes of
    an answer depends on the parser that it has found for the template: a field for the thought,
    a text with the opening mark in front, or the text as it is. So one answer is dictated.
    """

    def __init__(self, client: UpstreamClient, api_path: str, clock: Clock) -> None:
        self._client = client
        self._chat = f"{api_path}/chat/completions"
        self._trials = SharedTrials[BeginsInThought]("thought-trial", self._find, clock)

    async def begins_in_thought(self, model: str, quirks: Quirks) -> BeginsInThought:
        """Return when it does; what ``quirks`` say of it goes first."""
        if quirks.counting != "llamacpp" or quirks.begins_in_thought != "never":
            return quirks.begins_in_thought
        return await self._trials.found(model) or "never"

    async def forget(self) -> None:
        """Forget every model; trials that still run are ended."""
        await self._trials.forget()

    async def _find(self, model: str) -> BeginsInThought:
        try:
            if not await self._opens(model, thinking=True) or not await self._tells_as_it_is(model):
                return "never"
            return "always" if await self._opens(model, thinking=False) else "asked"
        except UpstreamRefused as error:
            _of_the_request(error)
            return "never"

    async def _opens(self, model: str, *, thinking: bool) -> bool:
        asked = {"model": model, "messages": _MESSAGES, **_switch(thinking=thinking)}
        answer = await self._client.post_json("/apply-template", asked)
        prompt = cast("dict[str, Any]", answer).get("prompt") if isinstance(answer, dict) else None
        return isinstance(prompt, str) and prompt.rstrip().endswith(_OPEN)

    async def _tells_as_it_is(self, model: str) -> bool:
        asked = {
            "model": model,
            "messages": _MESSAGES,
            "max_tokens": len(_THOUGHT_AND_ANSWER),
            "grammar": f'root ::= "{_THOUGHT_AND_ANSWER}"',
            **_switch(thinking=True),
        }
        answer = await self._client.post_json(self._chat, asked)
        try:
            said = cast("Any", answer)["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            return False
        return said == _THOUGHT_AND_ANSWER


def _switch(*, thinking: bool) -> dict[str, object]:
    return {"chat_template_kwargs": {"enable_thinking": thinking, "thinking": thinking}}


def _of_the_request(refusal: UpstreamRefused) -> None:
    """Raise ``refusal`` again where it says nothing of what was asked."""
    if refusal.upstream_status not in _REFUSALS:
        raise refusal
