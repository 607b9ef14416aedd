"""The engine that plays a script."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from antechamber.engines.base import EngineLimits, PreparedTurn, TurnOrder
from antechamber.engines.scripted.estimate import count_input
from antechamber.engines.scripted.match import Prompter
from antechamber.engines.scripted.play import Performance, play
from antechamber.engines.scripted.scene import Scene, look_at
from antechamber.engines.scripted.script import Script
from antechamber.engines.scripted.take import Limits, lay_out
from antechamber.runtime.clock import Clock
from antechamber.turn.events import EngineEvent
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
_LARGE_BYTES = 256 * 1024
"""From here on counting and laying out take longer than a step to another thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedTurn:
    """One request with the reply that was chosen for it."""

    performance: Performance
    clock: Clock

    @property
    def input_tokens(self) -> int:
        """The script's number, or our estimate."""
        return self.performance.input_tokens

    @property
    def is_exact(self) -> bool:
        """Yes: no other model counts them."""
        return True

    def events(self) -> AsyncGenerator[EngineEvent, None]:
        """Play the reply; raises what the script says, when it says."""
        return play(self.performance, self.clock)


class ScriptedEngine:
    """Answers from a script; holds nothing but the count of what has been played."""

    def __init__(self, name: str, script: Script, clock: Clock) -> None:
        self._name = name
        self._script = script
        self._clock = clock
        self._prompter = Prompter(script)

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._name

    @property
    def limits(self) -> EngineLimits:
        """The window of the script, if it sets one; images are welcome, nobody looks at them."""
        return EngineLimits(
            window_tokens=self._script.window_tokens,
            image_input=True,
            pdf_input=True,
            url_input=True,
        )

    async def ready(self) -> None:
        """Return at once: the script was read before."""

    async def prepare(self, order: TurnOrder) -> PreparedTurn:
        """Choose the reply and count the input.

        A message uses its reply up here, so that a repetition after a fault meets the next one;
        counting tokens and warming up use up nothing. Raises ``InvalidRequest`` when a message
        does not fit the script's window; counting one that does not is how a client finds out.
        """
        counted = await _worked(order, count_input, order.request, order.facts.image_tier)
        models = (order.request.model, order.facts.id, order.upstream_model)
        scene = look_at(order.request.messages, models)
        choice = self._prompter.choose(scene)
        input_tokens = choice.reply.usage.input_tokens
        if input_tokens is None:
            input_tokens = counted
        room = order.max_tokens
        # Chosen and used up without a pause between, so that no two requests get one reply.
        if isinstance(order.request, MessageRequest):
            room = self._room(order.max_tokens, input_tokens)
            if order.max_tokens > 0:
                self._prompter.use_up(choice)
        performance = Performance(
            take=await _worked(order, lay_out, choice.reply, scene, _limits(order, scene, room)),
            reply=choice.reply,
            input_tokens=input_tokens,
            delay_s=_own_or(choice.reply.delay_s, self._script.delay_s),
            token_delay_s=_own_or(choice.reply.token_delay_s, self._script.token_delay_s),
        )
        return ScriptedTurn(performance=performance, clock=self._clock)

    def _room(self, max_tokens: int, input_tokens: int) -> int:
        window = self._script.window_tokens
        if window is None:
            return max_tokens
        if input_tokens > window:
            raise InvalidRequest(f"prompt is too long: {input_tokens} tokens > {window} maximum")
        return min(max_tokens, window - input_tokens)

    async def aclose(self) -> None:
        """Do nothing: there is nothing to free."""


async def _worked(
    order: TurnOrder,
    work: Callable[Arguments, Result],
    *given: Arguments.args,
    **named: Arguments.kwargs,
) -> Result:
    """Do ``work`` here, or beside the event loop when the request is large."""
    if order.size_bytes < _LARGE_BYTES:
        return work(*given, **named)
    return await asyncio.to_thread(work, *given, **named)


def _limits(order: TurnOrder, scene: Scene, room: int) -> Limits:
    request, plan = order.request, order.thinking
    stop_sequences = request.stop_sequences if isinstance(request, MessageRequest) else None
    return Limits(
        output_tokens=room,
        reason_at_limit=(
            "max_tokens" if room == order.max_tokens else "model_context_window_exceeded"
        ),
        stop_sequences=tuple(stop_sequences or ()),
        thinking=plan.on and (scene.result_text is not None or not plan.between_tools_only),
        thinking_tokens=plan.budget_tokens,
    )


def _own_or(own: float | None, general: float) -> float:
    return general if own is None else own
