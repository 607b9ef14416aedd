"""The part of assembly that builds what shows images and documents to engines."""

from antechamber.operations.attachments.attachments import Attachments
from antechamber.operations.attachments.loading import Loading
from antechamber.operations.attachments.reader import MediaReader
from antechamber.operations.attachments.shelf import FileShelf
from antechamber.outbound.guarded_fetch import GuardedFetch, anywhere
from antechamber.rules.addresses import is_public
from antechamber.runtime.workshop import Workshop
from antechamber.settings import Settings


def open_attachments(settings: Settings, shelf: FileShelf) -> Attachments:
    """Return it; nothing is connected and no process runs yet."""
    fetch, media = settings.fetch, settings.media
    guarded = GuardedFetch(
        timeout_s=fetch.timeout_s,
        https_only=settings.fidelity == "hosted",
        user_agent=fetch.user_agent,
        is_allowed=anywhere if fetch.allow_private_addresses else is_public,
    )
    workshop = Workshop(
        processes=media.processes, timeout_s=media.timeout_s, memory_mib=media.process_mib
    )
    return Attachments(
        Loading(shelf, guarded, most_bytes=settings.server.max_body_bytes),
        MediaReader(workshop, cache_mib=media.cache_mib),
    )
