"""The rule about several processes: what they count together needs a place that they share."""

from antechamber.settings.problems import ConfigurationError
from antechamber.settings.schema import Settings

_REFUSAL = """\
server.workers: {workers} processes would each count {what} alone, and let through {workers} times \
as much.
Give them one Valkey or Redis to count in:
  redis_url = "redis://127.0.0.1:6379/0"
or serve with one process: workers = 1; or remove {key} from the configuration."""


def require_shared_counts(settings: Settings) -> None:
    """Raise ``ConfigurationError`` where each worker would have limits of its own."""
    if settings.server.workers == 1 or settings.redis_url is not None:
        return
    limits = settings.limits
    if limits.tier is not None or limits.promotion:
        key = "limits.promotion" if limits.tier is None else "limits.tier"
        raise ConfigurationError(
            _REFUSAL.format(workers=settings.server.workers, what="the rate limits", key=key)
        )
