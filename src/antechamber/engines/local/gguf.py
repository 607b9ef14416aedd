"""Whether a file is a model that llama.cpp can load, as far as its first bytes tell."""

import re
import struct
from pathlib import Path

# github.com/ggml-org/ggml/blob/master/docs/gguf.md: magic, version, tensor count, key count.
_HEADER = struct.Struct("<4sIQQ")
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_FIRST_PART = re.compile(r"-00001-of-\d{5}\.gguf$")
"""How a model in several files begins; its first may hold nothing but keys."""


def fault_of_model_file(path: Path) -> str | None:
    """Return what is wrong with the file, None when it begins as a GGUF model does."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not header.startswith(_MAGIC):
        return f"is no GGUF file{_instead(header)}"
    if len(header) < _HEADER.size:
        return "ends in its header; get it again"
    _, version, tensors, _ = _HEADER.unpack(header)
    if version not in _VERSIONS:
        return "is GGUF of a version or byte order that llama.cpp cannot load here"
    if tensors == 0 and not _FIRST_PART.search(path.name):
        return "holds a vocabulary and no model"
    return None


def _instead(header: bytes) -> str:
    # What people have on disk instead: a pointer of Git LFS, and an error page saved as the file.
    if header.startswith(b"version https://git-"):
        return "; it is a pointer of Git LFS: git lfs pull"
    if header.lstrip().startswith((b"<", b"{")):
        return "; it is a page that a server answered with"
    return ""
