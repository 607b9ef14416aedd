"""The one loading of a model that everybody waits for, and what is known of it afterwards."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from antechamber.dialects.raw_prompt.template import ChatTemplate
from antechamber.engines.local.completer import Completer, ModelCard
from antechamber.engines.local.gate import SlotGate
from antechamber.runtime.background import Background
from antechamber.wire.errors import EngineFailed, EngineFault, Overloaded

_log = structlog.get_logger("antechamber.engines.local")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model that answers: its card, its template, the line before its slots."""

    card: ModelCard
    template: ChatTemplate
    gate: SlotGate


class ModelLoader:
    """Loads the model when somebody needs it, once for all who wait.

    Whoever waits for an attempt gets its outcome; after one that failed, who comes next begins
    another. ``queue`` is how many may wait for a slot; as many, and one, may wait for the model.
    """

    def __init__(self, name: str, completer: Completer, *, queue: int) -> None:
        self._name = name
        self._completer = completer
        self._queue = queue
        self._background = Background()
        self._outcome: asyncio.Future[LoadedModel] | None = None
        """Of the attempt that runs or ran last; None before the first and after a loss."""
        self._waiting = 0
        self._last: LoadedModel | None = None
        self._complained = False

    @property
    def known(self) -> LoadedModel | None:
        """What was loaded last, also when it does not answer now."""
        return self._last

    async def model(self) -> LoadedModel:
        """Return the model when it is loaded; raises ``EngineFault`` when it cannot be."""
        outcome = self._outcome
        if outcome is None or (outcome.done() and self._loaded() is None):
            outcome = self._outcome = asyncio.get_running_loop().create_future()
            task = self._background.spawn(f"load-{self._name}", self._load(outcome))
            # Also of one that was ended before it began.
            task.add_done_callback(lambda _: _settle(outcome))
        # Whoever leaves does not take the attempt with them.
        return await asyncio.shield(outcome)

    async def model_for_request(self) -> LoadedModel:
        """Return the model like ``model``; ``Overloaded`` when too many wait for it already."""
        if (loaded := self._loaded()) is not None:
            return loaded
        with self._place_in_line():
            return await self.model()

    def lost(self) -> None:
        """Take note that the model failed: before it is used again it has to say that it lives."""
        if self._loaded() is not None:
            self._outcome = None

    async def aclose(self) -> None:
        """End an attempt that still runs; who waits for it is told."""
        await self._background.aclose()

    def _loaded(self) -> LoadedModel | None:
        outcome = self._outcome
        if outcome is None or not outcome.done() or outcome.exception() is not None:
            return None
        return outcome.result()

    async def _load(self, outcome: asyncio.Future[LoadedModel]) -> None:
        try:
            outcome.set_result(self._made(await self._completer.card()))
            self._complained = False
        except EngineFault as fault:
            self._complain(fault)
            outcome.set_exception(fault)

    def _complain(self, fault: EngineFault) -> None:
        """Say once that a model that was there is not; the first loading has its own watcher."""
        if self._last is not None and not self._complained:
            self._complained = True
            _log.warning("engine_not_ready", engine=self._name, reason=fault.message)

    def _made(self, card: ModelCard) -> LoadedModel:
        if self._last is None or self._last.card != card:
            self._last = LoadedModel(
                card=card,
                template=ChatTemplate(card.template, bos=card.bos, eos=card.eos),
                gate=SlotGate(slots=card.slots, queue=self._queue),
            )
        # The same model again: those who hold a slot or stand in line go on to do so.
        return self._last

    @contextmanager
    def _place_in_line(self) -> Generator[None, None, None]:
        if self._waiting > self._queue:
            message = "Overloaded"
            raise Overloaded(message)
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1


def _settle(outcome: asyncio.Future[LoadedModel]) -> None:
    if not outcome.done():
        message = "The local model could not be loaded."
        outcome.set_exception(EngineFailed(message))
    outcome.exception()  # marks it as seen: perhaps nobody waits any more
