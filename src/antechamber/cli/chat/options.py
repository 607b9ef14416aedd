"""The options of ``antechamber chat``, as its help shows them."""

from typing import Annotated

import typer

Model = Annotated[
    str | None,
    typer.Argument(help="Model to talk with. [default: the newest Sonnet]", show_default=False),
]
SystemPrompt = Annotated[str | None, typer.Option("--system", help="System prompt.")]
MaxTokens = Annotated[
    int, typer.Option(min=1, help="Most tokens of one answer, thinking included.")
]
Thinking = Annotated[
    bool | None,
    typer.Option(
        "--thinking/--no-thinking",
        help="Let the model think first, or forbid it. [default: as the server does]",
        show_default=False,
    ),
]
Lines = Annotated[
    bool,
    typer.Option(
        "--lines",
        help="Take each line of a pipe as typed: a message or a command. Else all of it is one "
        "message.",
    ),
]
