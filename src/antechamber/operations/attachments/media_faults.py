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

    Of what could not be processed the hosted API does not say where it stands.
    """
    try:
        yield
    except WorkFailed as error:
        # Of a crash, or of a limit of the operator's, somebody should know.
        _log.warning("media_not_read", kind=kind, reason=error.reason)
        raise unprocessed(kind) from error
    except WorkshopFull as error:
        message = "Overloaded"
        raise Overloaded(message) from error
    except OcrMissing as error:
        raise unread(path, kind) from error
    except MediaUnreadable as error:
        raise unprocessed(kind) from error
    except PdfEncrypted as error:
        # anthropics/claude-code#19013
        raise InvalidRequest(f"{path}: The PDF specified is password protected") from error
    except PdfBroken as error:
        # anthropics/claude-code#5174
        raise InvalidRequest(f"{path}: The PDF specified was not valid.") from error
    except PdfEmpty as error:
        # Claude Code 2.1.330 looks for these words
        raise InvalidRequest(f"{path}: PDF cannot be empty") from error
    except PdfTooLong as error:
        # anthropics/claude-code#6231
        raise InvalidRequest(
            f"{path}: A maximum of {error.most} PDF pages may be provided."
        ) from error


def unprocessed(kind: Kind) -> InvalidRequest:
    """Return what is said of an image or a PDF that is broken, or too much work."""
    # anthropics/claude-code#56511, anthropics/anthropic-sdk-python#903
    return InvalidRequest(f"Could not process {kind}")


def unread(path: str, kind: Kind) -> InvalidRequest:
    """Return what is said of an image, or of a scanned PDF, where nothing can read it."""
    # The first sentence is the hosted API's about models without eyes; the other is ours.
    return InvalidRequest(
        f"{path}: This model does not support {kind} input. What can be read in it is told to the "
        "model by servers with the extra: pip install 'antechamber[ocr]'"
    )
