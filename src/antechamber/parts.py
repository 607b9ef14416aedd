"""The part of assembly that builds what every process has: one that serves, one that works.

With ``local_models`` and ``upstreams`` the only place that names a concrete engine; a heavy library
is imported only for a configuration that uses it.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from antechamber.attachments_state import open_attachments
from antechamber.catalogue.reader import load_catalogue
from antechamber.engines.base import Engine
from antechamber.files_state import FilesState, open_files
from antechamber.local_models import ModelAddress, local_engine, model_file
from antechamber.observability import MetricsPlace, Observability
from antechamber.operations.allowance.rate_limits import RateLimits
from antechamber.operations.allowance.spending import Spending
from antechamber.operations.answering.cache_diagnosis import CacheDiagnosis
from antechamber.operations.answering.health import BreakerSettings, EngineHealth
from antechamber.operations.answering.prompt_cache import PromptCache
from antechamber.operations.answering.routing import EngineEntry, Replica, Routing
from antechamber.operations.answering.services import Services
from antechamber.operations.attachments.shelf import FileShelf
from antechamber.operations.bookkeeping.costs import Costs
from antechamber.operations.bookkeeping.ledger import Ledger
from antechamber.runtime.clock import Clock, SystemClock
from antechamber.runtime.log import event_writer
from antechamber.settings import (
    ConfigurationError,
    EngineSettings,
    GeminiEngineSettings,
    LocalEngineSettings,
    MessagesApiEngineSettings,
    OpenAIChatEngineSettings,
    ScriptedEngineSettings,
    Settings,
    default_engines,
    keeps_cache_account,
    load_or_create_secrets,
)
from antechamber.state import State, open_state, tiers_of
from antechamber.wire.ids import IdMaker
from antechamber.wire.signatures import Signer, SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What answers requests, whoever they come from."""

    state: State
    engines: Sequence[Engine]
    files: FilesState
    services: Services
    observability: Observability

    async def aclose(self) -> None:
        """Write what is left to write, and close everything, what was built last first."""
        await self.services.ledger.aclose()
        await self.services.attachments.aclose()
        await self.files.aclose()
        await self.state.aclose()
        for engine in reversed(self.services.routing.engines):
            await engine.aclose()
        await self.observability.stop()


def build_parts(
    settings: Settings, addresses: Mapping[str, ModelAddress], place: MetricsPlace
) -> Parts:
    """Return the parts of this process; ``addresses`` are those of local models."""
    clock = SystemClock()
    entries = {
        engine.name: build_entry(engine, addresses.get(engine.name), clock)
        for engine in default_engines(settings)
    }
    engines = [each.engine for entry in entries.values() for each in entry.replicas]
    state = open_state(settings, clock)
    health = engine_health(settings, entries, clock)
    observability = Observability(settings, place, clock, engines, health)
    files = open_files(settings, state.database, clock, IdMaker(secrets.token_bytes).new_id)
    services = build_services(state, files.shelf, entries, health)
    services.ledger.show_to(observability.observers)
    observability.telemetry.watch_ledger(services.ledger)
    if settings.redis_url is not None:
        observability.telemetry.watch_limits(lambda: state.buckets.is_shared)
    return Parts(
        state=state,
        engines=engines,
        files=files,
        services=services,
        observability=observability,
    )


def build_services(
    state: State,
    shelf: FileShelf,
    entries: Mapping[str, EngineEntry],
    health: Mapping[str, EngineHealth],
) -> Services:
    """Return what the operations work with."""
    settings, clock, catalogue = state.settings, state.clock, load_catalogue()
    keys = load_or_create_secrets(settings.data_dir).signing_keys
    spending = Spending(clock)
    return Services(
        settings=settings,
        database=state.database,
        ledger=Ledger(
            state.database,
            clock,
            state.background,
            settings.usage,
            cost=Costs(settings, catalogue).cost_of,
            spending=spending,
        ),
        limits=RateLimits(settings, tiers_of(settings), state.buckets, clock, spending),
        attachments=open_attachments(settings, shelf),
        prompt_cache=PromptCache(
            state.cache_entries,
            settings.cache.model_copy(update={"enabled": keeps_cache_account(settings)}),
            clock,
        ),
        diagnosis=CacheDiagnosis(state.cache_entries),
        routing=Routing(settings, catalogue, entries),
        health=health,
        random=secrets.SystemRandom().random,
        signer=Signer([SigningKey(id=key.id, secret=key.key) for key in keys], secrets.token_bytes),
        clock=clock,
        tell=event_writer(),
        new_id=IdMaker(secrets.token_bytes).new_id,
    )


def engine_health(
    settings: Settings, entries: Mapping[str, EngineEntry], clock: Clock
) -> dict[str, EngineHealth]:
    """Return what is known of how each engine does: nothing yet."""
    routing = settings.routing
    breaker = BreakerSettings(failures=routing.breaker_failures, open_s=routing.breaker_open_s)
    return {
        replica.engine.name: EngineHealth(
            replica.engine.name,
            breaker,
            clock,
            max_concurrency=entry.max_concurrency,
            queue=entry.queue,
            longest_wait_s=entry.longest_wait_s,
        )
        for entry in entries.values()
        for replica in entry.replicas
    }


def build_entry(engine: EngineSettings, address: ModelAddress | None, clock: Clock) -> EngineEntry:
    """Return the engine that ``engine`` describes, with all its replicas."""
    match engine:
        case ScriptedEngineSettings(name=name, script=script):
            from antechamber.engines.scripted import ScriptedEngine, load_script

            return _alone(ScriptedEngine(name, load_script(script), clock))
        case LocalEngineSettings():
            return _alone(local_engine(engine, address, clock))
        case MessagesApiEngineSettings() | OpenAIChatEngineSettings() | GeminiEngineSettings():
            from antechamber.upstreams import build_replicas

            return EngineEntry(
                replicas=build_replicas(engine, clock),
                retries=engine.retries,
                max_concurrency=engine.max_concurrency,
                queue=engine.queue,
                longest_wait_s=engine.first_byte_timeout_s,
                passes_unknown_fields=(
                    isinstance(engine, MessagesApiEngineSettings)
                    and engine.unknown_fields == "pass"
                ),
            )


def _alone(engine: Engine) -> EngineEntry:
    return EngineEntry(replicas=(Replica(engine=engine),))


def check_engine(engine: EngineSettings, settings: Settings) -> None:
    """Read what the engine is made from, and start nothing.

    Raises ``ConfigurationError`` for a script that cannot be played or a model that is not there.
    """
    match engine:
        case ScriptedEngineSettings(name=name, script=script):
            from antechamber.engines.scripted import ScriptError, load_script

            try:
                load_script(script)
            except ScriptError as error:
                raise ConfigurationError(f"engine {name}: {error}") from error
        case LocalEngineSettings(base_url=None):
            model_file(engine, settings)
        case LocalEngineSettings():
            pass  # its server may come up later
        case MessagesApiEngineSettings() | OpenAIChatEngineSettings() | GeminiEngineSettings():
            from antechamber.upstreams import check_upstream

            check_upstream(engine)
