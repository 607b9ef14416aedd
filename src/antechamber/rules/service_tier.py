"""Which service tier a request gets, of those that answers name."""

from antechamber.wire.config import ServiceTier as AskedTier
from antechamber.wire.responses import ServiceTier


def rank_of(asked: AskedTier | None, *, has_priority: bool) -> ServiceTier:
    """Return the tier of a request that is no part of a batch; it decides who is served first.

    ``asked`` is its ``service_tier``; ``has_priority`` is whether its key has priority, which
    ``auto`` makes use of. ``priority`` itself is no value of the hosted API: ``hosted_shapes``
    refuses it there.

    Source: platform.claude.com/docs/en/api/service-tiers.
    """
    match asked:
        case "priority":
            return "priority"
        case "standard_only":
            return "standard"
        case "auto" | None:
            return "priority" if has_priority else "standard"
