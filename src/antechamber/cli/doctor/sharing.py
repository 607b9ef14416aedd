"""Checks of what several processes share, and of the port that numbers are read from."""

import socket

from antechamber.cli.cache_account import lacks_cache_account
from antechamber.cli.doctor.doors import answers_as_antechamber
from antechamber.cli.doctor.finding import Finding, broken, doubtful, well
from antechamber.cli.places import shown_address
from antechamber.files_state import NOT_SHARED, SHARE_THEM, shares_no_files
from antechamber.operations.administration.database_state import DatabaseState
from antechamber.operations.administration.shared_place import require_shared_place
from antechamber.settings import (
    ConfigurationError,
    Settings,
    require_shared_counts,
    require_shared_tiers,
)
from antechamber.state import tiers_of


def check_limits(settings: Settings, state: DatabaseState | None) -> Finding:
    """Check tiers, and that all processes count in one place; ``state`` may not be known."""
    subject, limits = "limits", settings.limits
    way_out = None if state is None else state.tier_in_use
    try:
        tiers_of(settings)
        require_shared_counts(settings)
        require_shared_tiers(settings, way_out)
    except ConfigurationError as error:
        return broken(subject, str(error))
    if limits.promotion:
        return well(subject, f"by the month's spend: {', '.join(limits.promotion)}")
    if limits.tier is not None:
        return well(subject, f"{limits.tier}, for whoever has no other")
    return well(subject, "none" if way_out is None else "of keys and workspaces alone")


def check_cache(settings: Settings) -> Finding | None:
    """Look whether prompt caching is off for want of a shared place; None where it is not."""
    if not lacks_cache_account(settings):
        return None
    return doubtful(
        "prompt caching",
        f"off: {settings.server.workers} workers have no place to keep its account together",
        "set redis_url, or cache.enabled = false where it is not wanted",
    )


def check_shared_place(settings: Settings) -> Finding | None:
    """Check that the Valkey or Redis of the settings can be used; None where there is none."""
    if settings.redis_url is None:
        return None
    subject, address = "redis", shown_address(settings.redis_url.reveal())
    try:
        require_shared_place(settings)
    except ConfigurationError as error:
        return broken(subject, str(error))
    return well(subject, f"{address} answers")


def check_files_place(settings: Settings) -> Finding | None:
    """Look whether files are kept apart from a shared database; None where they are not."""
    return doubtful("files", NOT_SHARED, SHARE_THEM) if shares_no_files(settings) else None


def check_metrics_port(settings: Settings) -> Finding | None:
    """Check that the port of the metrics is free, or an antechamber's; None where there is none."""
    metrics = settings.metrics
    if not metrics.enabled or metrics.port is None:
        return None
    subject, place = "metrics port", f"{metrics.host}:{metrics.port}"
    family = socket.AF_INET6 if ":" in metrics.host else socket.AF_INET
    try:
        socket.create_server((metrics.host, metrics.port), family=family).close()
    except OSError as error:
        if answers_as_antechamber(settings.server):
            return well(subject, f"{place} is taken, while an antechamber is running")
        reason = error.strerror or str(error)
        return broken(subject, f"{place} cannot be opened: {reason}", "set another metrics.port")
    return well(subject, f"{place} is free")
