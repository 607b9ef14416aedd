"""What can go wrong with an upstream's connection, and the one seam where it becomes ours."""

import ssl

from antechamber.wire.errors import EngineFailed, EngineFault, EngineTimedOut, Overloaded


class UpstreamUnreachable(Overloaded):
    """No connection came about; the upstream knows nothing of the request."""


class NotHttp(Exception):
    """What came is no HTTP answer, or none that may come."""


class Undecodable(Exception):
    """A body whose encoding is not known, or is broken; its text completes "It answered …"."""


class BrokenOff(ConnectionError):
    """The connection ended before the answer did."""


class Unheard(BrokenOff):
    """Its end was on the way before the request: it came at once, without a byte of an answer."""


class Unreachable(OSError):
    """No connection came about, for the reason that it is raised from."""


FOREIGN = (OSError, NotHttp, Undecodable)
"""Everything that a connection raises: of the standard library's errors, ``OSError`` is above
those of sockets, names, TLS and time."""


def translated(upstream: str, error: Exception, *, begun: bool = False) -> EngineFault:
    """Return what one of ``FOREIGN`` means; the most specific first.

    A connection that breaks before the answer has ``begun`` is worth another attempt: overload.
    """
    match error:
        case TimeoutError():
            return EngineTimedOut(f"{upstream} did not answer in time.")
        case Unreachable(__cause__=ssl.SSLCertVerificationError() as told):
            return UpstreamUnreachable(
                f"{upstream} cannot be reached: its certificate is not trusted"
                f" ({told.verify_message})."
            )
        case Unreachable():
            return UpstreamUnreachable(f"{upstream} cannot be reached.")
        case NotHttp():
            return EngineFailed(f"{upstream} answered something that is not HTTP.")
        case Undecodable():
            return EngineFailed(f"{upstream} answered {error}.")
        case _:  # resets, broken pipes, errors of TLS in the middle
            kind = EngineFailed if begun else Overloaded
            return kind(f"{upstream} broke off the connection.")
