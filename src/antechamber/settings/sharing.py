"""The rule about several processes: what they count together needs a place that they share."""

from antechamber.settings.problems import ConfigurationError
from antechamber.settings.schema import Settings

_REFUSAL = """\
server.workers: {workers} processes would each keep {what} alone, and {result}.
Give them one Valkey or Redis to count in:
  redis_url = "redis://127.0.0.1:6379/0"
or serve with one process: workers = 1; or {way_out}."""


def keeps_cache_account(settings: Settings) -> bool:
    """Tell whether the account of prompt caching is kept."""
    if settings.cache.enabled is not None:
        return settings.cache.enabled
    return _can_share(settings)


def require_shared_counts(settings: Settings) -> None:
    """Raise ``ConfigurationError`` where each worker would count for itself alone."""
    if _can_share(settings):
        return
    limits = settings.limits
    if limits.tier is not None or limits.promotion:
        keys = [f"limits.{name}" for name in ("tier", "promotion") if getattr(limits, name)]
        raise _refusal_of_limits(settings, _removing(" and ".join(keys)))
    if settings.cache.enabled:
        what = "the account of prompt caching"
        raise _refusal(
            settings, what, "miss what the others have written", _removing("cache.enabled")
        )


def require_shared_tiers(settings: Settings, way_out: str | None) -> None:
    """Raise ``ConfigurationError`` where each worker would count the tier of a key for itself.

    ``way_out`` is how to do without that tier, None where no key and no workspace has one.
    """
    if way_out is not None and not _can_share(settings):
        raise _refusal_of_limits(settings, way_out)


def _can_share(settings: Settings) -> bool:
    return settings.server.workers == 1 or settings.redis_url is not None


def _removing(key: str) -> str:
    return f"remove {key} from the configuration"


def _refusal_of_limits(settings: Settings, way_out: str) -> ConfigurationError:
    result = f"let through {settings.server.workers} times as much"
    return _refusal(settings, "the rate limits", result, way_out)


def _refusal(settings: Settings, what: str, result: str, way_out: str) -> ConfigurationError:
    workers = settings.server.workers
    return ConfigurationError(
        _REFUSAL.format(workers=workers, what=what, result=result, way_out=way_out)
    )
