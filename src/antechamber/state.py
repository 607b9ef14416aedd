"""The part of assembly that builds what requests share: the database, counters, cache accounts.

In the process, or where other processes find it, as the configuration says.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from antechamber.catalogue.reader import load_catalogue
from antechamber.catalogue.tiers import load_tiers
from antechamber.limits.base import Keeper
from antechamber.limits.local import LocalKeeper
from antechamber.operations.administration.database_state import unusable
from antechamber.operations.allowance.tiers import Tiers, tiers_in_force
from antechamber.operations.callers.caller import Doorkeeper, caller_directory
from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock
from antechamber.settings import ConfigurationError, Settings, is_loopback
from antechamber.store.cache_entries import CacheEntries, OwnCacheEntries
from antechamber.store.database import Database, database_url
from antechamber.store.schema import schema_status


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What one process keeps, or knows where to find."""

    settings: Settings
    clock: Clock
    background: Background
    database: Database
    buckets: Keeper
    cache_entries: CacheEntries

    def doorkeeper(self) -> Doorkeeper:
        """Return who lets callers in."""
        server = self.settings.server
        directory = caller_directory(
            self.database, self.clock, self.background, organization_id=server.organization_id
        )
        return Doorkeeper(server.api_keys, directory, is_local=is_loopback(server.host))

    async def aclose(self) -> None:
        """End what runs beside requests, then close every connection."""
        await self.background.aclose()
        await self.buckets.aclose()
        await self.cache_entries.aclose()
        self.database.close()


def open_state(settings: Settings, clock: Clock) -> State:
    """Return the state; nothing is connected yet."""
    background = Background()
    return State(
        settings=settings,
        clock=clock,
        background=background,
        database=open_database(settings),
        buckets=_buckets(settings, clock, background),
        cache_entries=_cache_entries(settings, clock),
    )


def open_database(settings: Settings) -> Database:
    """Return the database of the settings; nothing is connected yet."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    configured = settings.database_url.reveal() if settings.database_url else None
    return Database(database_url(configured, settings.data_dir))


@contextmanager
def closing_database(settings: Settings) -> Generator[Database, None, None]:
    """Open the database with its tables up to date; raises ``ConfigurationError``."""
    database = open_database(settings)
    try:
        if not schema_status(database).is_current:
            from antechamber.store.upgrading import SchemaTooNew, upgrade

            try:
                upgrade(database)
            except SchemaTooNew as error:
                raise ConfigurationError(str(error)) from error
        yield database
    except SQLAlchemyError as error:
        raise unusable(database, error) from error
    finally:
        database.close()


def tiers_of(settings: Settings) -> Tiers:
    """Return the tiers that hold; raises ``ConfigurationError`` for names that nobody has."""
    return tiers_in_force(settings, load_tiers(), load_catalogue())


def _buckets(settings: Settings, clock: Clock, background: Background) -> Keeper:
    if settings.redis_url is None:
        return LocalKeeper(clock)
    from antechamber.limits.valkey import ValkeyKeeper

    return ValkeyKeeper(settings.redis_url.reveal(), clock, background)


def _cache_entries(settings: Settings, clock: Clock) -> CacheEntries:
    if settings.redis_url is None:
        return OwnCacheEntries(clock, most=settings.cache.most_entries)
    from antechamber.store.cache_entries_shared import SharedCacheEntries

    return SharedCacheEntries(settings.redis_url.reveal(), clock)
