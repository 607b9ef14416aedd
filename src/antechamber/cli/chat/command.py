"""``antechamber chat``: talk with a model in the terminal."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from antechamber.cli.failures import FAILED, CommandFailed, told_plainly
from antechamber.cli.options import examples

if TYPE_CHECKING:
    from antechamber.catalogue.reader import Catalogue
    from antechamber.cli.chat.conversation import Conversation

EXAMPLES = examples(
    "antechamber chat",
    "antechamber chat claude-haiku-4-5 --system 'Answer in one sentence.'",
    "echo 'What is a monad?' | antechamber chat --no-thinking",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What the server is shown: one of the two."""

    api_key: str | None = field(default=None, repr=False)
    auth_token: str | None = field(default=None, repr=False)


def chat(  # noqa: PLR0913 - the options of a command
    model: Annotated[
        str | None,
        typer.Argument(help="Model to talk with. [default: the newest Sonnet]", show_default=False),
    ] = None,
    base_url: Annotated[
        str, typer.Option(envvar="ANTHROPIC_BASE_URL", help="Server of the Messages API.")
    ] = "http://127.0.0.1:8787",
    api_key: Annotated[
        str | None,
        typer.Option(envvar="ANTHROPIC_API_KEY", help="Key, where the server asks for one."),
    ] = None,
    auth_token: Annotated[
        str | None,
        typer.Option(
            envvar="ANTHROPIC_AUTH_TOKEN", help="Bearer token, for gateways that take no key."
        ),
    ] = None,
    system: Annotated[str | None, typer.Option(help="System prompt.")] = None,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="Most tokens of one answer, thinking included.")
    ] = 4096,
    thinking: Annotated[
        bool | None,
        typer.Option(
            "--thinking/--no-thinking",
            help="Let the model think first, or forbid it. [default: as the server does]",
            show_default=False,
        ),
    ] = None,
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
        credential = _credential(api_key, auth_token)
        _talk(conversation, catalogue, _without_version(base_url), credential)


def _talk(
    conversation: "Conversation", catalogue: "Catalogue", base_url: str, credential: Credential
) -> None:
    from anthropic import Anthropic

    from antechamber.catalogue.facts import ModelFacts
    from antechamber.cli.chat.correspondent import Correspondent
    from antechamber.cli.chat.session import Session
    from antechamber.cli.chat.terminal import Terminal

    terminal = Terminal()
    with Anthropic(
        base_url=base_url, api_key=credential.api_key, auth_token=credential.auth_token
    ) as client:
        correspondent = Correspondent(
            client, lambda name: (catalogue.find(name) or ModelFacts.unlisted(name)).thinking
        )
        if terminal.interactive:
            terminal.note(f"{conversation.model} at {base_url} · /help lists the commands")
        session = Session(conversation, correspondent, terminal)
        session.run()
    if session.failed and not terminal.interactive:
        raise typer.Exit(FAILED)


def _newest_sonnet(catalogue: "Catalogue") -> str:
    return next(facts.id for facts in catalogue.models if facts.line == "sonnet")


def _without_version(base_url: str) -> str:
    """Drop what the SDK adds itself, and people copy along."""
    return base_url.strip().rstrip("/").removesuffix("/v1")


def _credential(api_key: str | None, auth_token: str | None) -> Credential:
    """Choose as the SDK does, the key first; it wants one, and a server without keys takes any."""
    if not api_key and auth_token:
        return Credential(auth_token=_checked("--auth-token", auth_token))
    return Credential(api_key=_checked("--api-key", api_key or "none"))


def _checked(option: str, text: str) -> str:
    from antechamber.settings import Secret

    try:
        return Secret.from_text(text.strip()).reveal()
    except ValueError as error:
        raise CommandFailed(f"{option} {error}") from error
