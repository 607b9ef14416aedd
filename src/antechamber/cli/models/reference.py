"""What ``hf:OWNER/REPO[/FILE]`` means, and which file of a repository to take; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from antechamber.cli.failures import CommandFailed

PREFIX = "hf:"
_PREFERRED = "q4_k_m"
"""The quantisation that loses little and is a quarter of the size; every maker of GGUFs has it."""
_PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")
_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReference:
    """A file in a repository of the Hugging Face Hub; None where the best is to be chosen."""

    repository: str
    file: str | None


def read_reference(text: str) -> HubReference:
    """Read ``hf:OWNER/REPO[/FILE]``; raises ``CommandFailed``."""
    owner, _, rest = text.removeprefix(PREFIX).strip("/").partition("/")
    repository, _, file = rest.partition("/")
    if not owner or not repository:
        raise CommandFailed(f"{text}: write hf:OWNER/REPO or hf:OWNER/REPO/FILE.gguf")
    return HubReference(repository=f"{owner}/{repository}", file=file or None)


def choose_file(reference: HubReference, files: Sequence[str]) -> str:
    """Choose the model among a repository's files: the one named, the only one, or Q4_K_M.

    Raises ``CommandFailed``, which lists what there is.
    """
    # The weights of a model's eyes come beside it as "mmproj-…": no model by themselves.
    models = [
        name
        for name in files
        if name.lower().endswith(".gguf") and not name.rsplit("/", 1)[-1].startswith("mmproj")
    ]
    whole = [name for name in models if not _PART.search(name)]
    if reference.file is not None:
        return _named(reference, reference.file, files, whole)
    if not models:
        raise CommandFailed(
            f"{reference.repository} has no GGUF file. Look for a repository whose name ends in "
            "-GGUF"
        )
    if not whole:
        raise CommandFailed(
            f"{reference.repository} has its model in parts only, and antechamber takes one file. "
            "Join them with llama.cpp's llama-gguf-split --merge"
        )
    preferred = [name for name in whole if _PREFERRED in name.lower()]
    for choice in (whole, preferred):
        if len(choice) == 1:
            return choice[0]
    raise CommandFailed(f"{reference.repository} has several. {_list(reference, whole)}")


def _named(reference: HubReference, file: str, files: Sequence[str], whole: Sequence[str]) -> str:
    if _PART.search(file):
        raise CommandFailed(f"{file} is a part of a model, and antechamber takes one file")
    if file in files:
        return file
    raise CommandFailed(f"{reference.repository} has no {file}. {_list(reference, whole)}")


def _list(reference: HubReference, names: Sequence[str]) -> str:
    shown = [f"  hf:{reference.repository}/{name}" for name in names[:_MOST_SHOWN]]
    if len(names) > _MOST_SHOWN:
        shown.append(f"  and {len(names) - _MOST_SHOWN} more")
    return "\n".join(("Name one:", *shown)) if shown else "There is no GGUF file in it"
