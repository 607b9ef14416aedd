"""What is wrong with an image or a PDF, in the API's words."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal

import structlog

from antechamber.media.pdf import PdfBroken, PdfEmpty, PdfEncrypted, PdfTooLong
from antechamber.media.pixels import MediaUnreadable
from antechamber.media.scans import OcrMissing
from antechamber.runtime.workshop import WorkFailed, WorkshopFull
from antechamber.wire.errors import InvalidRequest, Overloaded

Kind = Literal["image", "PDF"]

_log = structlog.get_logger("antechamber.media")


@contextmanager
def reworded(path: str, kind: Kind) -> Generator[None, None, None]:
    """Raise ``InvalidRequest`` in the place of what reading an image or a PDF raises.

    Claude Code 2.1.330 looks for most of these words.
    """
    try:
        yield
    except WorkFailed as error:
        # Of a crash, or of a limit of the operator's, somebody should know.
        _log.warning("media_not_read", kind=kind, reason=error.reason)
        raise InvalidRequest(f"{path}: Could not process {kind}") from error
    except WorkshopFull as error:
        message = "Overloaded"
        raise Overloaded(message) from error
    except OcrMissing as error:
        raise unread(path, kind) from error
    except MediaUnreadable as error:
        raise InvalidRequest(f"{path}: Could not process {kind}") from error
    except PdfEncrypted as error:
        raise InvalidRequest(f"{path}: The PDF specified is password protected") from error
    except (PdfBroken, PdfEmpty) as error:
        raise InvalidRequest(f"{path}: The PDF specified was not valid") from error
    except PdfTooLong as error:
        # anthropics/claude-code#6231
        raise InvalidRequest(
            f"{path}: A maximum of {error.most} PDF pages may be provided."
        ) from error


def unread(path: str, kind: Kind) -> InvalidRequest:
    """Return what is said of an image, or of a scanned PDF, where nothing can read it."""
    # The first sentence is the hosted API's about models without eyes; the other is ours.
    return InvalidRequest(
        f"{path}: This model does not support {kind} input. What can be read in it is told to the "
        "model by servers with the extra: pip install 'antechamber[ocr]'"
    )
