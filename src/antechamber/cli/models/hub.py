"""Downloads from the Hugging Face Hub, and the one seam where its errors become words."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import httpx2
from huggingface_hub import (
    HfApi,
    constants,
    hf_hub_download,  # pyright: ignore[reportUnknownVariableType] - takes an untyped dict
)
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from antechamber.cli.failures import CommandFailed
from antechamber.cli.models.library import failure_words
from antechamber.cli.models.progress import byte_progress, drawing_on
from antechamber.cli.models.reference import HubReference, choose_file

_PATIENCE_S = 20.0


class HubDownload:
    """One file on its way into ``folder``, which keeps what has come when it is broken off."""

    def __init__(self, reference: HubReference, folder: Path) -> None:
        self._reference = reference
        self._folder = folder / reference.repository.replace("/", "--")

    def choose(self) -> str:
        """Ask the Hub for the repository's files and choose one; raises ``CommandFailed``."""
        with _in_words(self._reference, self._folder):
            # Unlike the list of files, this is asked once: who is offline hears it at once.
            found = HfApi().model_info(self._reference.repository, timeout=_PATIENCE_S)
        return choose_file(self._reference, [file.rfilename for file in found.siblings or ()])

    def fetch(self, file: str) -> Path:
        """Download the file, from where an earlier try broke off; raises ``CommandFailed``."""
        with _in_words(self._reference, self._folder), byte_progress() as progress:
            path = hf_hub_download(
                self._reference.repository,
                file,
                local_dir=self._folder,
                # It asks for a class, and uses the few methods that ours has.
                tqdm_class=cast("type[Any]", drawing_on(progress)),
            )
        return Path(path)

    def close(self) -> None:
        """Remove what the download leaves beside the file."""
        shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):  # another download may be under way
            self._folder.parent.rmdir()


@contextmanager
def _in_words(reference: HubReference, folder: Path) -> Generator[None]:
    page = f"{constants.ENDPOINT}/{reference.repository}"
    try:
        yield
    except GatedRepoError as error:  # before the error that it derives from
        raise CommandFailed(
            f"{reference.repository} asks everybody to accept its terms: {page}\n"
            f"Then make a token ({constants.ENDPOINT}/settings/tokens) and try again with\n"
            "  export HF_TOKEN=…"
        ) from error
    except RepositoryNotFoundError as error:
        raise CommandFailed(
            f"There is no {page}, or it is private. For a private one: export HF_TOKEN=…"
        ) from error
    except HFValidationError as error:
        raise CommandFailed(f"hf:{reference.repository} cannot be a repository: {error}") from error
    except HfHubHTTPError as error:
        status, said = error.response.status_code, error.server_message
        words = f"{constants.ENDPOINT} answered with status {status}"
        raise CommandFailed(f"{words}: {said}" if said else words) from error
    except (httpx2.HTTPError, OfflineModeIsEnabled, LocalEntryNotFoundError) as error:
        raise CommandFailed(
            f"{constants.ENDPOINT} cannot be reached. Where a file is at hand already:\n"
            "  antechamber models add PATH.gguf"
        ) from error
    except OSError as error:
        raise CommandFailed(failure_words(folder, error)) from error
