"""Which engines may serve a model id, and what is known about the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import Catalogue
from antechamber.engines.base import Engine
from antechamber.settings import ModelSettings, Settings, default_models, find_model
from antechamber.wire.errors import NotFound

_EVERY_ID = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to serve a model: its facts, an engine, and the engine's name for it."""

    facts: ModelFacts
    engine: Engine
    upstream_model: str


class Routing:
    """The configuration's ``[[models]]`` over the catalogue."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, engines: Mapping[str, Engine]
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._engines = engines
        self._fidelity: Literal["lenient", "hosted"] = settings.fidelity

    @property
    def engines(self) -> Sequence[Engine]:
        """Every engine, in the order of the configuration."""
        return tuple(self._engines.values())

    def candidates(self, model: str) -> Sequence[Candidate]:
        """Return who can serve ``model``, the preferred first.

        Raises ``NotFound`` for ids that are not served; under hosted fidelity also for retired
        ids and for ids with the suffix ``[1m]``, which the hosted API does not know.
        """
        facts, entry = self._entry(model)
        if entry is None or facts is None:
            message = f"model: {model}"
            raise NotFound(message)
        return [
            Candidate(
                facts=facts,
                engine=self._engines[name],
                upstream_model=entry.upstream_model or facts.id,
            )
            for name in entry.engines
        ]

    def served(self) -> list[Candidate]:
        """Return the models that are shown, newest first, each with its preferred engine."""
        shown = {facts.id: facts for facts in self._catalogue.models if self._entry(facts.id)[1]}
        for entry in default_models(self._settings):
            if not entry.id.endswith(_EVERY_ID):
                facts = self._catalogue.find(entry.id) or ModelFacts.unlisted(entry.id)
                shown.setdefault(facts.id, facts)
        return [self.candidates(model_id)[0] for model_id in shown]

    def _entry(self, model: str) -> tuple[ModelFacts | None, ModelSettings | None]:
        facts = self._catalogue.find(model)
        if self._fidelity == "hosted" and facts is not None:
            suffixed = model.endswith("]") and model not in (facts.id, *facts.aliases)
            if suffixed or facts.lifecycle.state == "retired":
                return None, None
        names = [model, *((facts.id, *facts.aliases) if facts else ())]
        entries = [entry for name in names if (entry := find_model(self._settings, name))]
        exact = [entry for entry in entries if not entry.id.endswith(_EVERY_ID)]
        entry = next(iter(exact or entries), None)
        if facts is None and entry is not None and entry.id == _EVERY_ID:
            # "*" alone means every id of the catalogue; a prefix or a full id is meant as written.
            return None, None
        return facts or ModelFacts.unlisted(model), entry
