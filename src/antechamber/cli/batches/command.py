"""``antechamber batches``: many requests at once, for half the price, answered in their time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from antechamber.cli.failures import FAILED, tell
from antechamber.cli.options import ApiKey, AsJson, AuthToken, BaseUrl, examples, id_like
from antechamber.cli.screen import notes, results

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types.messages import MessageBatch

app = typer.Typer(
    help="Send batches of requests to a server of the Messages API, and bring the results back.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=examples(
        "antechamber batches submit requests.jsonl --watch",
        "antechamber batches results msgbatch_01… -o results.jsonl",
        "antechamber batches list",
    ),
)

_LIKE = "msgbatch_01…"
BatchId = Annotated[
    str, typer.Argument(metavar="BATCH_ID", help=f"The batch, {_LIKE}.", callback=id_like(_LIKE))
]


@app.command(
    "submit",
    epilog=examples(
        "antechamber batches submit requests.jsonl --watch",
        "jq -c '{custom_id: .id, params: .request}' all.jsonl | antechamber batches submit -",
    ),
)
def submit(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(metavar="FILE.jsonl", help="Requests, a line each; - is standard input."),
    ],
    watch: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--watch", help="Show how it goes on, until it has ended.")
    ] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """Send a file of requests as one batch, and print its id.

    A line is {"custom_id": "…", "params": {…}}, where params are those of a message. All lines
    are looked at before anything is sent. With --watch the status is 1 when a request did not
    succeed.
    """
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client:
        from antechamber.cli.batches.exchange import send
        from antechamber.cli.batches.requests_file import read_requests

        requests = read_requests(file, _name(file))
        batch = send(client, requests)
        results().print(batch.id)
        if watch:
            _watch(client, batch.id)
        else:
            notes().print(f"Watch it: antechamber batches watch {batch.id}", style="dim")


@app.command("watch", epilog=examples("antechamber batches watch msgbatch_01…"))
def watch_(
    batch_id: BatchId,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """Show how a batch goes on until it has ended; status 1 when a request did not succeed."""
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client:
        _watch(client, batch_id)


@app.command(
    "results",
    epilog=examples(
        "antechamber batches results msgbatch_01… -o results.jsonl",
        "antechamber batches results msgbatch_01… | jq -r .result.type | sort | uniq -c",
    ),
)
def results_(
    batch_id: BatchId,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to write them."),
    ] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """Write the results of a batch that has ended: JSON, one a line, in any order."""
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client:
        from antechamber.cli.batches.exchange import save_results, show_results

        _require_ended(client, batch_id)
        if output is None:
            show_results(client, batch_id)
        else:
            save_results(client, batch_id, output)
            notes().print(f"written to {output}")


@app.command(
    "list", epilog=examples("antechamber batches list", "antechamber batches list --limit 100")
)
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """List the batches of the workspace, the newest first."""
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client:
        from antechamber.cli.batches.listing import batch_table
        from antechamber.cli.listed import show_newest

        none = "There is none. Send one: antechamber batches submit FILE.jsonl"
        pages = client.messages.batches.list
        show_newest(pages, batch_table, limit=limit, as_json=as_json, none=none)


@app.command("cancel", epilog=examples("antechamber batches cancel msgbatch_01…"))
def cancel(
    batch_id: BatchId,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """Begin no more of a batch's requests; those that have a result keep it."""
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client:
        from antechamber.cli.batches.listing import status_of

        batch = client.messages.batches.cancel(batch_id)
        results().print(f"{batch.id} {status_of(batch)}")


@app.command("delete", epilog=examples("antechamber batches delete msgbatch_01…"))
def delete(
    batch_id: BatchId,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """Delete a batch that has ended, and its results."""
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client:
        results().print(f"deleted {client.messages.batches.delete(batch_id).id}")


def _name(file: BinaryIO) -> str:
    # Standard input has a number in the place of a name.
    return file.name if isinstance(file.name, str) else "standard input"  # pyright: ignore[reportUnnecessaryIsInstance]


def _require_ended(client: "Anthropic", batch_id: str) -> None:
    from antechamber.cli.batches.exchange import look
    from antechamber.cli.batches.listing import progress_words

    batch, finished = look(client, batch_id)
    if batch.processing_status != "ended":
        progress = progress_words(batch, finished)
        tell(f"{batch_id} has not ended ({progress}): antechamber batches watch {batch_id}")
        raise typer.Exit(FAILED)


def _watch(client: "Anthropic", batch_id: str) -> None:
    from antechamber.cli.batches.listing import outcome_words, size_of
    from antechamber.cli.batches.watching import watch

    try:
        batch: MessageBatch = watch(client, batch_id)
    except KeyboardInterrupt:
        notes().print(f"It goes on; watch it: antechamber batches watch {batch_id}")
        raise
    notes().print(f"{outcome_words(batch)}; antechamber batches results {batch_id}")
    if batch.request_counts.succeeded < size_of(batch):
        raise typer.Exit(FAILED)
