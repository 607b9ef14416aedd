"""``antechamber chat``: talk with a model in the terminal."""

from typing import TYPE_CHECKING

import typer

from antechamber.cli.chat import options
from antechamber.cli.failures import FAILED, CommandFailed, told_plainly
from antechamber.cli.options import ApiKey, AuthToken, BaseUrl, examples

if TYPE_CHECKING:
    from antechamber.catalogue.reader import Catalogue
    from antechamber.cli.chat.conversation import Conversation
    from antechamber.cli.chat.terminal import Terminal
    from antechamber.cli.remote import Server

EXAMPLES = examples(
    "antechamber chat",
    "antechamber chat claude-haiku-4-5 --system 'Answer in one sentence.'",
    "echo 'What is a monad?' | antechamber chat --no-thinking",
    "antechamber chat --lines < questions.txt",
)


def chat(  # noqa: PLR0913 - the options of a command
    model: options.Model = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
    system: options.SystemPrompt = None,
    max_tokens: options.MaxTokens = 4096,
    thinking: options.Thinking = None,
    lines: options.Lines = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Talk with a model in the terminal; /help lists what else can be typed."""
    from antechamber.catalogue.reader import load_catalogue
    from antechamber.cli.chat.conversation import Conversation
    from antechamber.cli.remote import find_server

    catalogue = load_catalogue()
    conversation = Conversation(
        model=model or _newest_sonnet(catalogue),
        max_tokens=max_tokens,
        system=system,
        thinking="default" if thinking is None else "on" if thinking else "off",
    )
    with told_plainly():
        server = find_server(base_url, api_key, auth_token)
        _talk(conversation, catalogue, server, by_line=lines)


def _talk(
    conversation: "Conversation", catalogue: "Catalogue", server: "Server", *, by_line: bool
) -> None:
    from antechamber.catalogue.facts import ModelFacts
    from antechamber.cli.chat.correspondent import Correspondent
    from antechamber.cli.chat.session import Session
    from antechamber.cli.chat.terminal import Terminal
    from antechamber.cli.remote import client_of

    terminal = Terminal()
    with client_of(server) as client:
        correspondent = Correspondent(
            client,
            lambda name: (catalogue.find(name) or ModelFacts.unlisted(name)).thinking,
            has_key=server.credential.is_given,
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


def _newest_sonnet(catalogue: "Catalogue") -> str:
    return next(facts.id for facts in catalogue.models if facts.line == "sonnet")
