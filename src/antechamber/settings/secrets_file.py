"""The data directory's ``secrets.toml``: what this server signs with, made once and kept."""

import logging
import os
import secrets
import tempfile
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError

from antechamber.settings.problems import ConfigurationError, dotted
from antechamber.settings.schema import Section
from antechamber.settings.wording import problems_in

FILE_NAME = "secrets.toml"
KEY_BYTES = 32  # as long as the SHA-256 that it keys (RFC 2104 §3)

_log = logging.getLogger(__name__)
_FILE = """\
# What this antechamber signs with. Keep it private, keep it with the data directory: without it,
# thinking blocks that were issued before are refused. The first key signs, the others still verify.

[[signing_keys]]
id = "{id}"
key = "{key}"
created_at = {created_at}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key for HMACs and the name that the signatures made with it carry."""

    id: str
    """8 hexadecimal digits."""
    key: bytes = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Everything that ``secrets.toml`` holds; at least one signing key."""

    signing_keys: tuple[SigningKey, ...]

    @property
    def current(self) -> SigningKey:
        """The key that signs; the others only verify."""
        return self.signing_keys[0]

    def find(self, key_id: str) -> SigningKey | None:
        """Find the key that a signature names."""
        return next((key for key in self.signing_keys if key.id == key_id), None)


def load_or_create_secrets(data_dir: Path) -> Secrets:
    """Read ``secrets.toml``, or make it (and the directory) where there is none.

    Of several processes that find none at once, one makes it and all read the same. Warns in the
    log when other accounts can read it. Blocks on the disk. Raises ``ConfigurationError``.
    """
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            _create(path)
        text = path.read_text(encoding="utf-8")
        _warn_if_exposed(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise ConfigurationError(_no_directory(data_dir)) from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be made or read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not text in UTF-8") from error
    return _parse(text, path)


class _KeyTable(Section):
    id: Annotated[str, Field(pattern="^[0-9a-f]{8}$")]
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    created_at: AwareDatetime


def _each_once(keys: tuple[_KeyTable, ...]) -> tuple[_KeyTable, ...]:
    if len({key.id for key in keys}) < len(keys):
        raise ValueError("every key must have an id of its own")
    return keys


class _File(Section):
    signing_keys: Annotated[
        tuple[_KeyTable, ...], Field(min_length=1, strict=False), AfterValidator(_each_once)
    ]


def _parse(text: str, path: Path) -> Secrets:
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not valid TOML: {error}") from error
    except ValidationError as error:
        lines = [
            f"{path}: {dotted(where)}: {words}" for where, words in problems_in(error, root=_File)
        ]
        raise ConfigurationError(*lines) from error
    return Secrets(
        signing_keys=tuple(
            SigningKey(id=each.id, key=bytes.fromhex(each.key), created_at=each.created_at)
            for each in file.signing_keys
        )
    )


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file 0600, so the keys are at no moment readable by others.
    handle, name = tempfile.mkstemp(prefix=".secrets-", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_fresh_file())
            file.flush()
            os.fsync(file.fileno())
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _publish(draft: Path, path: Path) -> None:
    """Give the whole file its name at once, unless another process was first."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:
        # A file system without hard links (exFAT, some network shares): nearly as good. A race
        # lost between these two lines leaves a process with a key of its own until it restarts.
        if not path.exists():
            draft.rename(path)


def _no_directory(data_dir: Path) -> str:
    blocking = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    return (
        f"data directory: {blocking} is not a directory; "
        "move it away, or take another place with --data-dir"
    )


def _fresh_file() -> str:
    return _FILE.format(
        id=secrets.token_hex(4),
        key=secrets.token_hex(KEY_BYTES),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _warn_if_exposed(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        _log.warning("%s can be read by other accounts; close it with: chmod 600 %s", path, path)
