"""``antechamber models``: the files that engines of the type ``local`` can load."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antechamber.cli.failures import CommandFailed, told_plainly
from antechamber.cli.options import ConfigFile, DataDir, examples, read_settings
from antechamber.cli.screen import notes, results

if TYPE_CHECKING:
    from antechamber.local_models import ModelLibrary

app = typer.Typer(
    help="Bring, list and remove model files for local engines.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=examples(
        "antechamber models add hf:bartowski/Qwen2.5-7B-Instruct-GGUF",
        "antechamber models list",
        "antechamber models remove Qwen2.5-7B-Instruct-Q4_K_M",
    ),
)


@app.command(
    "add",
    epilog=examples(
        "antechamber models add ~/Downloads/qwen2.5-7b-instruct-q4_k_m.gguf",
        "antechamber models add hf:bartowski/Qwen2.5-7B-Instruct-GGUF",
        "antechamber models add hf:OWNER/REPO/FILE.gguf --name big",
    ),
)
def add(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH.gguf|hf:OWNER/REPO[/FILE]",
            help="A GGUF file of this machine, or of the Hugging Face Hub.",
        ),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name for the configuration. [default: the file's]")
    ] = None,
    copy: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--copy", help="Copy a file of the same disk instead of linking it.")
    ] = False,
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Bring a model into the data directory, and say how to use it."""
    with told_plainly():
        from antechamber.cli.models.reference import PREFIX
        from antechamber.local_models import model_library

        settings = read_settings(config, data_dir)
        library = model_library(settings)
        if source.startswith(PREFIX):
            added = _add_from_hub(source, name, library, settings.data_dir / "downloads")
        else:
            added = _add_file(Path(source).expanduser(), name, library, copying=copy)
        _say_how_to_use(added.stem)


@app.command(
    "list",
    epilog=examples("antechamber models list", "antechamber models list --data-dir DIRECTORY"),
)
def list_(config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """List the models that local engines can load by name."""
    with told_plainly():
        from antechamber.local_models import model_library

        library = model_library(read_settings(config, data_dir))
    rows = [(path.stem, path) for path in library.added]
    if library.embedded is not None:
        rows.insert(0, ("(embedded)", library.embedded))
    _print_table(rows)
    if not library.added:
        notes().print("Bring one: antechamber models add hf:OWNER/REPO", style="dim")


@app.command("remove", epilog=examples("antechamber models remove qwen2.5-7b-instruct-q4_k_m"))
def remove(
    name: Annotated[str, typer.Argument(help="Name, as in the list.")],
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Remove a model from the data directory."""
    with told_plainly():
        from antechamber.cli.models.library import failure_words, find
        from antechamber.local_models import model_library
        from antechamber.settings import LocalEngineSettings

        settings = read_settings(config, data_dir)
        path = find(model_library(settings), name)
        if path is None:
            raise CommandFailed(f"There is no model {name}. See: antechamber models list")
        try:
            path.unlink()
        except OSError as error:
            raise CommandFailed(failure_words(path, error)) from error
        results().print(f"removed {path}")
        for engine in settings.engines:
            if isinstance(engine, LocalEngineSettings) and engine.model in (path.stem, path.name):
                notes().print(f"The engine {engine.name} still names it.", style="yellow")


def _add_file(source: Path, name: str | None, library: "ModelLibrary", *, copying: bool) -> Path:
    from antechamber.cli.models import library as shelf
    from antechamber.cli.models.progress import byte_progress

    if not source.is_file():
        raise CommandFailed(
            f"There is no file {source}. From the Hugging Face Hub: "
            "antechamber models add hf:OWNER/REPO"
        )
    _require_loadable(source)
    place = shelf.place_for(library, shelf.name_for(source.name, name))
    if not copying and shelf.link(source, place):
        results().print(f"linked {place}, which takes no space of its own")
        return place
    with byte_progress() as progress:
        task = progress.add_task(place.name, total=source.stat().st_size)
        shelf.copy(source, place, lambda done: progress.advance(task, done))
    results().print(f"copied to {place}")
    return place


def _add_from_hub(source: str, name: str | None, library: "ModelLibrary", downloads: Path) -> Path:
    from antechamber.cli.models import library as shelf
    from antechamber.cli.models.hub import HubDownload
    from antechamber.cli.models.reference import read_reference

    reference = read_reference(source)
    download = HubDownload(reference, downloads)
    file = download.choose()
    place = shelf.place_for(library, shelf.name_for(file.rsplit("/", 1)[-1], name))
    notes().print(f"{file} from {reference.repository}")
    try:
        path = download.fetch(file)
    except KeyboardInterrupt:
        notes().print("Stopped; the same command goes on from here.")
        raise
    try:
        _require_loadable(path)
        shelf.move(path, place)
    finally:
        download.close()
    results().print(f"downloaded to {place}")
    return place


def _require_loadable(path: Path) -> None:
    from antechamber.local_models import fault_of_model_file

    if (fault := fault_of_model_file(path)) is not None:
        raise CommandFailed(f"{path}: {fault}")


def _say_how_to_use(name: str) -> None:
    out = results()
    out.print("\nUse it in antechamber.toml:\n")
    out.print(f'  [[engines]]\n  name = "{name[:64]}"\n  type = "local"\n  model = "{name}"\n')


def _print_table(rows: list[tuple[str, Path]]) -> None:
    from antechamber.cli.sizes import size_words

    width = max((len(name) for name, _ in rows), default=0)
    out = results()
    for name, path in rows:
        out.print(f"{name:<{width}}  {size_words(path.stat().st_size):>7}  {path}")
