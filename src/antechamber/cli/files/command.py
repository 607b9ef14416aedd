"""``antechamber files``: images and documents that requests name instead of carrying them."""

import os
from pathlib import Path
from typing import Annotated

import typer

from antechamber.cli.options import ApiKey, AsJson, AuthToken, BaseUrl, examples, id_like
from antechamber.cli.screen import harmless, notes, results

app = typer.Typer(
    help="Upload, list and delete the files of a server of the Messages API.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=examples(
        "antechamber files upload report.pdf",
        "antechamber files list",
        "antechamber files delete file_01…",
    ),
)


_LIKE = "file_01…"


@app.command(
    "upload",
    epilog=examples(
        "antechamber files upload report.pdf",
        "antechamber files upload screenshot.png --expires 24h",
        "antechamber files upload notes.md --type text/plain",
    ),
)
def upload(
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="What to upload.", exists=True, dir_okay=False),
    ],
    expires: Annotated[
        str | None,
        typer.Option(metavar="30d|24h", help="How long it is kept. [default: as the server does]"),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="text/plain",
            help="What it is, as a media type. [default: as its name says]",
        ),
    ] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """Upload a file, and print the id by which requests name it."""
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client, path.open("rb") as file:
        from anthropic import omit

        from antechamber.cli.files.options import read_expiry, read_type, remedy_for

        # Names on disk are bytes, and need not be UTF-8 as names in forms are.
        name = os.fsencode(path.name).decode(errors="replace")
        kept = client.files.upload(
            file=(name, file, None if kind is None else read_type(kind)),
            expires_in_seconds=omit if expires is None else read_expiry(expires),
        )
        results().print(kept.id)
        if remedy := remedy_for(kept.mime_type, path):
            notes().print(harmless(remedy))


@app.command("list", epilog=examples("antechamber files list", "antechamber files list --json"))
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """List the files of the workspace, the newest first."""
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client:
        from antechamber.cli.files.listing import file_table
        from antechamber.cli.listed import show_newest

        none = "There is none. Upload one: antechamber files upload FILE"
        show_newest(client.files.list, file_table, limit=limit, as_json=as_json, none=none)


@app.command("delete", epilog=examples("antechamber files delete file_01…"))
def delete(
    file_id: Annotated[
        str,
        typer.Argument(metavar="FILE_ID", help=f"The file, {_LIKE}.", callback=id_like(_LIKE)),
    ],
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    auth_token: AuthToken = None,
) -> None:
    """Delete a file; requests that name it fail from then on."""
    from antechamber.cli.remote import connected

    with connected(base_url, api_key, auth_token) as client:
        results().print(f"deleted {client.files.delete(file_id).id}")
