"""Whether a file is a model that llama.cpp can load, as far as its first bytes tell."""

import struct
from pathlib import Path

from antechamber.cli.failures import CommandFailed

# github.com/ggml-org/ggml/blob/master/docs/gguf.md: magic, version, tensor count, key count.
_HEADER = struct.Struct("<4sIQQ")
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)


def require_gguf(path: Path) -> None:
    """Raise ``CommandFailed`` unless the file begins as a GGUF model does."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
    except OSError as error:
        raise CommandFailed(f"{path}: cannot be read: {error.strerror}") from error
    if not header.startswith(_MAGIC):
        raise CommandFailed(f"{path}: is no GGUF file{_instead(header)}")
    if len(header) < _HEADER.size:
        raise CommandFailed(f"{path}: ends in its header; get it again")
    _, version, tensors, _ = _HEADER.unpack(header)
    if version not in _VERSIONS:
        raise CommandFailed(
            f"{path}: is GGUF of a version or byte order that llama.cpp cannot load here"
        )
    if tensors == 0:
        raise CommandFailed(f"{path}: holds a vocabulary and no model")


def _instead(header: bytes) -> str:
    # What people have on disk instead: a pointer of Git LFS, and an error page saved as the file.
    if header.startswith(b"version https://git-"):
        return "; it is a pointer of Git LFS: git lfs pull"
    if header.lstrip().startswith((b"<", b"{")):
        return "; it is a page that a server answered with"
    return ""
