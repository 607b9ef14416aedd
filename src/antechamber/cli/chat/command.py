"""``antechamber chat``: talk with a model in the terminal."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import typer

from antechamber.cli.chat import options
from antechamber.cli.failures import FAILED, CommandFailed, told_plainly
from antechamber.cli.options import examples, read_settings

if TYPE_CHECKING:
    from antechamber.catalogue.reader import Catalogue
    from antechamber.cli.chat.conversation import Conversation
    from antechamber.cli.chat.terminal import Terminal

EXAMPLES = examples(
    "antechamber chat",
    "antechamber chat claude-haiku-4-5 --system 'Answer in one sentence.'",
    "echo 'What is a monad?' | antechamber chat --no-thinking",
    "antechamber chat --lines < questions.txt",
)


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


def chat(  # noqa: PLR0913 - the options of a command
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    api_key: options.ApiKey = None,
    auth_token: options.AuthToken = None,
    system: options.SystemPrompt = None,
    max_tokens: options.MaxTokens = 4096,
    thinking: options.Thinking = None,
    lines: options.Lines = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Talk with a model in the terminal; /help lists what else can be typed."""
    from antechamber.catalogue.reader import load_catalogue
    from antechamber.cli.chat.conversation import Conversation

    catalogue = load_catalogue()
    conversation = Conversation(
        model=model or _newest_sonnet(catalogue),
        max_tokens=max_tokens,
        system=system,
        thinking="default" if thinking is None else "on" if thinking else "off",
    )
    with told_plainly():
        server = Server(
            base_url=_without_version(base_url or _configured_address()),
            credential=_credential(api_key, auth_token),
        )
        _talk(conversation, catalogue, server, by_line=lines)


def _talk(
    conversation: "Conversation", catalogue: "Catalogue", server: Server, *, by_line: bool
) -> None:
    from anthropic import Anthropic, omit

    from antechamber.catalogue.facts import ModelFacts
    from antechamber.cli.chat.correspondent import Correspondent
    from antechamber.cli.chat.session import Session
    from antechamber.cli.chat.terminal import Terminal

    terminal, credential = Terminal(), server.credential
    nothing = {} if credential.is_given else {"authorization": omit}
    with Anthropic(
        base_url=server.base_url,
        api_key=credential.api_key,
        auth_token=credential.auth_token,
        # The SDK knows how to send none, and its signature does not say so.
        default_headers=cast("dict[str, str]", nothing),
    ) as client:
        correspondent = Correspondent(
            client,
            lambda name: (catalogue.find(name) or ModelFacts.unlisted(name)).thinking,
            has_key=credential.is_given,
        )
        if terminal.interactive:
            terminal.note(f"{conversation.model} at {server.base_url} · /help lists the commands")
        session = Session(conversation, correspondent, terminal)
        if terminal.piped and not by_line:
            session.say(_whole_message(terminal))
        else:
            session.run()
    if session.failed and not terminal.interactive:
        raise typer.Exit(FAILED)


def _whole_message(terminal: "Terminal") -> str:
    text = terminal.everything()
    if not text.strip():
        raise CommandFailed("There is no message: standard input is empty.")
    return text


def _configured_address() -> str:
    """Give the address of the server that would be started here."""
    from antechamber.cli.screen import notes
    from antechamber.settings import ConfigurationError

    try:
        settings = read_settings(None, None)
    except ConfigurationError as error:
        # Its server may be fine: variables that it names need not be set in this shell.
        notes().print(
            f"{error}\nso the address is taken to be {options.USUAL_ADDRESS}", style="dim"
        )
        return options.USUAL_ADDRESS
    if settings.server.port == 0 and settings.server.public_url is None:
        return options.USUAL_ADDRESS
    return settings.public_address()


def _newest_sonnet(catalogue: "Catalogue") -> str:
    return next(facts.id for facts in catalogue.models if facts.line == "sonnet")


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
    from antechamber.settings import Secret

    try:
        return Secret.from_text(text.strip()).reveal()
    except ValueError as error:
        raise CommandFailed(f"{option} {error}") from error
