"""What goes to the server and comes back as it is written, however many megabytes it has."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer
from anthropic import Anthropic
from anthropic.types.messages import MessageBatch

from antechamber.cli.failures import CommandFailed
from antechamber.cli.screen import harmless, results

_FINISHED = "antechamber-finished-requests"
"""The header in which antechamber says how many requests have a result: the API's own counts change
at the end alone."""


def send(client: Anthropic, requests: Sequence[bytes]) -> MessageBatch:
    """Make a batch of requests, each JSON."""
    return client.post(
        "/v1/messages/batches",
        cast_to=MessageBatch,
        # As objects of Python the largest batch would be several gigabytes.
        content=b'{"requests":[' + b",".join(requests) + b"]}",
        options={"headers": {"content-type": "application/json"}},
    )


def look(client: Anthropic, batch_id: str) -> tuple[MessageBatch, int | None]:
    """Return a batch, and how many of its requests have a result, None where nobody says it."""
    answer = client.messages.batches.with_raw_response.retrieve(batch_id)
    told = answer.headers.get(_FINISHED, "")
    return answer.parse(), int(told) if told.isdecimal() else None


def show_results(client: Anthropic, batch_id: str) -> None:
    """Print the results of a batch; a program gets them as they come."""
    console = results()
    with client.messages.batches.with_streaming_response.results(batch_id) as answer:
        if console.is_terminal:
            for line in answer.iter_lines():
                console.out(harmless(line), highlight=False)
            return
        pipe = typer.get_binary_stream("stdout")
        for piece in answer.iter_bytes():
            pipe.write(piece)


def save_results(client: Anthropic, batch_id: str, path: Path) -> None:
    """Write the results of a batch to a file, which is there when it is whole.

    Raises ``CommandFailed`` for a place where nothing can be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with (
            client.messages.batches.with_streaming_response.results(batch_id) as answer,
            part.open("wb") as file,
        ):
            for piece in answer.iter_bytes():
                file.write(piece)
        part.replace(path)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink()
