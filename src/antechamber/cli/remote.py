"""A server of the Messages API that a command talks to, through the official SDK."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import httpx2
import typer
from anthropic import (
    Anthropic,
    AnthropicError,
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    omit,
)

from antechamber.cli.failures import FAILED, CommandFailed, tell, told_plainly
from antechamber.cli.options import USUAL_ADDRESS, read_settings
from antechamber.cli.screen import harmless, notes
from antechamber.settings import ConfigurationError, Secret, is_loopback

_WANTS_A_KEY = "This server wants a key: --api-key or ANTHROPIC_API_KEY"
_NOT_STARTED = "Start one with: antechamber serve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What the server is shown: one of the two."""

    api_key: str | None = field(default=None, repr=False)
    auth_token: str | None = field(default=None, repr=False)
    is_given: bool = True
    """Whether the person gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Whom to talk to."""

    base_url: str
    credential: Credential


def find_server(base_url: str | None, api_key: str | None, auth_token: str | None) -> Server:
    """Make sense of the options; raises ``CommandFailed``."""
    return Server(
        base_url=_without_version(base_url or _configured_address()),
        credential=_credential(api_key, auth_token),
    )


def client_of(server: Server, *, checking: bool = False) -> Anthropic:
    """Return a client, which is to be closed; ``checking`` raises for what is of another shape."""
    credential = server.credential
    nothing = {} if credential.is_given else {"authorization": omit}
    return Anthropic(
        base_url=server.base_url,
        api_key=credential.api_key,
        auth_token=credential.auth_token,
        # The SDK knows how to send none, and its signature does not say so.
        default_headers=cast("dict[str, str]", nothing),
        _strict_response_validation=checking,
    )


@contextmanager
def connected(
    base_url: str | None, api_key: str | None, auth_token: str | None
) -> Generator[Anthropic]:
    """Give a client; what fails is told plainly, and ends the command."""
    with told_plainly():
        server = find_server(base_url, api_key, auth_token)
        with client_of(server, checking=True) as client:
            try:
                yield client
            except (AnthropicError, httpx2.HTTPError) as error:
                tell(harmless(failure_words(error, client, has_key=server.credential.is_given)))
                raise typer.Exit(FAILED) from error


def failure_words(error: Exception, client: Anthropic, *, has_key: bool) -> str:
    """Say what failed, an error of the SDK or of what is below it, and what to do about it."""
    base_url = client.base_url
    address = str(base_url).rstrip("/")
    match error:
        case APIStatusError(api_message=None) | APIResponseValidationError():
            return f"what answers at {address} is no Messages API (HTTP {error.status_code})"
        case APIStatusError():
            lacks_key = isinstance(error, AuthenticationError) and not has_key
            return _status_words(error) + (f"\n{_WANTS_A_KEY}" if lacks_key else "")
        case APITimeoutError() | httpx2.TimeoutException():
            return f"{address} did not answer in time"
        case APIConnectionError():
            words = f"{address} cannot be reached ({error.__cause__ or error.message})"
            return f"{words}\n{_NOT_STARTED}" if is_loopback(base_url.host) else words
        case httpx2.HTTPError():
            return f"the answer broke off ({error or type(error).__name__})"
        case _:
            return str(error)


def _status_words(error: APIStatusError) -> str:
    message = error.api_message or error.message
    origin = f"HTTP {error.status_code}" if error.status_code >= 400 else "in the stream"
    kind = f"{error.type}: " if error.type else ""
    return f"{kind}{message} ({origin}, {error.request_id or 'no request id'})"


def _configured_address() -> str:
    """Give the address of the server that would be started here."""
    try:
        settings = read_settings(None, None)
    except ConfigurationError as error:
        # Its server may be fine: variables that it names need not be set in this shell.
        notes().print(f"{error}\nso the address is taken to be {USUAL_ADDRESS}", style="dim")
        return USUAL_ADDRESS
    if settings.server.port == 0 and settings.server.public_url is None:
        return USUAL_ADDRESS
    return settings.public_address()


def _without_version(base_url: str) -> str:
    """Drop what the SDK adds itself, and people copy along."""
    return base_url.strip().rstrip("/").removesuffix("/v1")


def _credential(api_key: str | None, auth_token: str | None) -> Credential:
    """Choose as the SDK does, the key first; it wants one, and a server without keys takes any."""
    if not api_key and auth_token:
        return Credential(auth_token=_checked("--auth-token", auth_token))
    if not api_key:
        return Credential(api_key="none", is_given=False)
    return Credential(api_key=_checked("--api-key", api_key))


def _checked(option: str, text: str) -> str:
    try:
        return Secret.from_text(text.strip()).reveal()
    except ValueError as error:
        raise CommandFailed(f"{option} {error}") from error
