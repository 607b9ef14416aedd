"""The one loading of a model that everybody waits for, and what is known of it afterwards."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from antechamber.dialects.raw_prompt.template import ChatTemplate
from antechamber.engines.local.completer import Completer, ModelCard
from antechamber.engines.local.gate import SlotGate
from antechamber.engines.shared_attempt import SharedAttempt
from antechamber.wire.errors import EngineFault, Overloaded

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
        self._loading = SharedAttempt(
            f"load-{name}", self._load, abandoned="The local model could not be loaded."
        )
        self._waiting = 0
        self._last: LoadedModel | None = None
        self._complained = False

    @property
    def known(self) -> LoadedModel | None:
        """What was loaded last, also when it does not answer now."""
        return self._last

    async def model(self) -> LoadedModel:
        """Return the model when it is loaded; raises ``EngineFault`` when it cannot be."""
        return await self._loading.outcome()

    async def model_for_request(self) -> LoadedModel:
        """Return the model like ``model``; ``Overloaded`` when too many wait for it already."""
        if (loaded := self._loading.known) is not None:
            return loaded
        with self._place_in_line():
            return await self.model()

    def lost(self) -> None:
        """Take note that the model failed: before it is used again it has to say that it lives."""
        self._loading.lost()

    async def aclose(self) -> None:
        """End an attempt that still runs; who waits for it is told."""
        await self._loading.aclose()

    async def _load(self) -> LoadedModel:
        try:
            loaded = self._made(await self._completer.card())
        except EngineFault as fault:
            self._complain(fault)
            raise
        self._complained = False
        return loaded

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
