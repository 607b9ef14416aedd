"""Every error of a connection becomes one of ours."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from antechamber.outbound.client import retry_after_s
from antechamber.outbound.errors import (
    FOREIGN,
    BrokenOff,
    NotHttp,
    Undecodable,
    Unheard,
    Unreachable,
    UpstreamUnreachable,
    translated,
)
from antechamber.wire.errors import EngineFailed, EngineFault, EngineTimedOut, Overloaded


@pytest.mark.parametrize(
    ("error", "early", "late"),
    [
        (TimeoutError(), EngineTimedOut, EngineTimedOut),
        (Unreachable(), UpstreamUnreachable, UpstreamUnreachable),
        (NotHttp(), EngineFailed, EngineFailed),
        (Undecodable("x"), EngineFailed, EngineFailed),
        (BrokenOff(), Overloaded, EngineFailed),
        (Unheard(), Overloaded, EngineFailed),
        (ConnectionResetError(), Overloaded, EngineFailed),
        (BrokenPipeError(), Overloaded, EngineFailed),
        (ssl.SSLError(), Overloaded, EngineFailed),
        (ssl.SSLEOFError(), Overloaded, EngineFailed),
        (socket.gaierror(), Overloaded, EngineFailed),
        (OSError(), Overloaded, EngineFailed),
    ],
)
def test_each_is_translated(
    error: Exception, early: type[EngineFault], late: type[EngineFault]
) -> None:
    assert isinstance(error, FOREIGN)
    assert type(translated("It", error)) is early
    assert type(translated("It", error, begun=True)) is late
    assert translated("It", error).message.startswith("It ")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "7", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}, None),
        ({"retry-after": "Sun, 99 Nov 9999 08:49:37 GMT"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_when_to_come_back_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_when_to_come_back_is_read_of_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)

    seconds = retry_after_s({"retry-after": date})

    assert seconds is not None
    assert 20 < seconds <= 30
    assert retry_after_s({"retry-after": date, "retry-after-ms": "1500"}) == 1.5
