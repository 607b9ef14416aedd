"""Which engines may serve a model id, in which order, and what is known about the model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import Catalogue
from antechamber.engines.base import Engine, RelayEngine
from antechamber.operations.answering.preference import in_order
from antechamber.settings import ModelSettings, Settings, default_models, find_model
from antechamber.wire.errors import NotFound

_EVERY_ID = "*"
_REMEMBERED_IDS = 4096
_LONGEST_ID = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One engine, and the same as one that relays where it does."""

    engine: Engine
    relay: RelayEngine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """One engine of the configuration: its replicas, and how requests treat it."""

    replicas: tuple[Replica, ...]
    retries: int = 0
    max_concurrency: int | None = None
    queue: int = 0
    """How many may wait while so many run."""
    longest_wait_s: float = 600.0
    passes_unknown_fields: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to serve a model: its facts, an engine, and the engine's name for it."""

    facts: ModelFacts
    engine: Engine
    relay: RelayEngine | None = None
    """The same engine, where its upstream takes requests as they are."""
    upstream_model: str
    upstream_facts: ModelFacts
    """What is known of the model by the engine's name for it."""
    retries: int = 0
    """How often this engine is tried again after a fault."""
    passes_unknown_fields: bool = False

    @property
    def served_by(self) -> str:
        """What a client is told about who answered."""
        return f"{self.engine.name}/{self.upstream_model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """What is remembered of a model id."""

    facts: ModelFacts
    weights: Sequence[float]
    engines: Sequence[tuple[str, Sequence[Candidate]]]
    """In the order of the configuration, each with its replicas."""
    only_order: Sequence[Candidate] | None
    """Who is asked, where that does not depend on the conversation."""


class Routing:
    """The configuration's ``[[models]]`` over the catalogue."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, engines: Mapping[str, EngineEntry]
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._engines = engines
        self._fidelity: Literal["lenient", "hosted"] = settings.fidelity
        # Ids come from requests, so what is remembered of them has a bound.
        self._route = lru_cache(_REMEMBERED_IDS)(self._find_route)

    @property
    def engines(self) -> Sequence[Engine]:
        """Every engine with each of its replicas, in the order of the configuration."""
        return tuple(each.engine for entry in self._engines.values() for each in entry.replicas)

    def candidates(
        self, model: str, conversation: Callable[[], str] = lambda: ""
    ) -> Sequence[Candidate]:
        """Return who can serve ``model``, the preferred first.

        ``conversation`` returns the same for all requests of one conversation, so that they meet
        the same replica and its warm prefix cache; it is asked where there is a choice.

        Raises ``NotFound`` for ids that are not served; under hosted fidelity also for retired
        ids and for ids with the suffix ``[1m]``, which the hosted API does not know.
        """
        # Longer ones are not even remembered: they would be in every log, label and row.
        route = self._route(model) if len(model) <= _LONGEST_ID else None
        if route is None:
            message = f"model: {model}"
            raise NotFound(message)
        if route.only_order is not None:
            return route.only_order
        key = conversation()
        engines = route.engines
        if route.weights:
            engines = in_order(
                [
                    (name, weight, (name, replicas))
                    for (name, replicas), weight in zip(engines, route.weights, strict=True)
                ],
                key,
            )
        return [
            candidate
            for _, replicas in engines
            for candidate in in_order([(each.engine.name, 1.0, each) for each in replicas], key)
        ]

    def served(self) -> list[Candidate]:
        """Return the models that are shown, newest first, each with its preferred engine."""
        ids = dict.fromkeys(facts.id for facts in self._catalogue.models if self._route(facts.id))
        for entry in default_models(self._settings):
            route = None if entry.id.endswith(_EVERY_ID) else self._route(entry.id)
            if route is not None:
                ids.setdefault(route.facts.id)
        return [self.candidates(model_id)[0] for model_id in ids]

    def _find_route(self, model: str) -> _Route | None:
        if not model.isprintable():  # a NUL, which PostgreSQL has no place for
            return None
        facts, entry = self._find_entry(model)
        if facts is None or entry is None:
            return None
        upstream_facts = facts
        if entry.upstream_model is not None:
            upstream_facts = self._catalogue.find(entry.upstream_model) or facts
        engines = tuple(
            (
                name,
                tuple(
                    Candidate(
                        facts=facts,
                        engine=replica.engine,
                        relay=replica.relay,
                        upstream_model=entry.upstream_model or facts.id,
                        upstream_facts=upstream_facts,
                        retries=self._engines[name].retries,
                        passes_unknown_fields=self._engines[name].passes_unknown_fields,
                    )
                    for replica in self._engines[name].replicas
                ),
            )
            for name in entry.engines
        )
        has_choice = bool(entry.weights) or any(len(replicas) > 1 for _, replicas in engines)
        return _Route(
            facts=facts,
            weights=entry.weights,
            engines=engines,
            only_order=None if has_choice else tuple(replicas[0] for _, replicas in engines),
        )

    def _find_entry(self, model: str) -> tuple[ModelFacts | None, ModelSettings | None]:
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
        return _as_configured(facts or ModelFacts.unlisted(model), entry), entry


def _as_configured(facts: ModelFacts, entry: ModelSettings | None) -> ModelFacts:
    if entry is None:
        return facts
    images = {"long_edge_px": entry.image_long_edge_px, "formula": entry.image_tokens}
    told = {
        "window_tokens": entry.window_tokens,
        "max_output_tokens": entry.max_output_tokens,
        "display_name": entry.display_name,
        "image_tier": replace(facts.image_tier, **_said(images)),
        "supports": replace(facts.supports, **_said({"image_input": entry.image_input})),
    }
    return replace(facts, **_said(told))


def _said(told: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in told.items() if value is not None}
