"""Whether the account of prompt caching is off without anybody having said so."""

from antechamber.settings import (
    MessagesApiEngineSettings,
    Settings,
    default_engines,
    keeps_cache_account,
)


def lacks_cache_account(settings: Settings) -> bool:
    """Tell whether an engine that keeps no account finds none here: several workers share none."""
    if settings.cache.enabled is not None or keeps_cache_account(settings):
        return False
    return not all(
        isinstance(engine, MessagesApiEngineSettings) for engine in default_engines(settings)
    )
