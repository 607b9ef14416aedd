"""The rule about several processes: what they count together needs a place that they share."""

from antechamber.settings.problems import ConfigurationError
from antechamber.settings.schema import Settings

_REFUSAL = """\
server.workers: {workers} processes would each keep {what} alone, and {result}.
Give them one Valkey or Redis to count in:
  redis_url = "redis://127.0.0.1:6379/0"
or serve with one process: workers = 1; or remove {key} from the configuration."""


def keeps_cache_account(settings: Settings) -> bool:
    """Tell whether the account of prompt caching is kept."""
    if settings.cache.enabled is not None:
        return settings.cache.enabled
    return settings.server.workers == 1 or settings.redis_url is not None


def require_shared_counts(settings: Settings) -> None:
    """Raise ``ConfigurationError`` where each worker would count for itself alone."""
    if settings.server.workers == 1 or settings.redis_url is not None:
        return
    limits = settings.limits
    if limits.tier is not None or limits.promotion:
        key = "limits.promotion" if limits.tier is None else "limits.tier"
        raise _refusal(settings, "the rate limits", "let through {workers} times as much", key)
    if settings.cache.enabled:
        what = "the account of prompt caching"
        raise _refusal(settings, what, "miss what the others have written", "cache.enabled")


def _refusal(settings: Settings, what: str, result: str, key: str) -> ConfigurationError:
    workers = settings.server.workers
    return ConfigurationError(
        _REFUSAL.format(workers=workers, what=what, result=result.format(workers=workers), key=key)
    )
