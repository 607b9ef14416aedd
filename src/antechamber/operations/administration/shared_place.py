"""The Valkey or Redis that processes share, as it is found.

Importing this loads its client, which is worth it only where there is to be one.
"""

from antechamber.limits.valkey import check_valkey
from antechamber.settings import Settings


def require_shared_place(settings: Settings) -> None:
    """Raise ``ConfigurationError`` where there is to be one that cannot be used; takes seconds."""
    if settings.redis_url is not None:
        check_valkey(settings.redis_url.reveal())
