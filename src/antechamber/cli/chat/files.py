"""Conversations and tool declarations on disk."""

from pathlib import Path

import msgspec

from antechamber.cli.chat.conversation import Conversation, Tool
from antechamber.wire.encoding import encode_json


class FileTrouble(Exception):
    """A file that cannot be read or written, in words that name it."""


def save(conversation: Conversation, path: Path) -> Path:
    """Write a conversation and return where; an earlier one of that name is replaced.

    Raises ``FileTrouble``, also rather than replace a file that is no conversation.
    """
    path = _expanded(path)
    if path.exists():
        _refuse_to_replace(path)
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.write_bytes(msgspec.json.format(encode_json(conversation), indent=2) + b"\n")
        draft.replace(path)
    except OSError as error:
        raise FileTrouble(f"{path}: cannot be written: {error.strerror}") from error
    return path


def load(path: Path) -> Conversation:
    """Read what ``save`` wrote; raises ``FileTrouble``."""
    path = _expanded(path)
    try:
        return msgspec.json.decode(_read(path), type=Conversation)
    except msgspec.DecodeError as error:
        raise FileTrouble(f"{path}: is no saved conversation: {_lower(str(error))}") from error


def read_tools(path: Path) -> tuple[Tool, ...]:
    """Read a list of tool declarations, or an object with such a list under ``tools``.

    What a declaration may hold is left to the server. Raises ``FileTrouble``.
    """
    path = _expanded(path)
    try:
        read = msgspec.json.decode(_read(path), type=list[dict[str, object]] | _ToolsFile)
    except msgspec.DecodeError as error:
        raise FileTrouble(f"{path}: is no list of tools: {_lower(str(error))}") from error
    tools = read.tools if isinstance(read, _ToolsFile) else read
    if not tools:
        raise FileTrouble(f"{path}: declares no tool")
    for index, tool in enumerate(tools):
        if not isinstance(tool.get("name"), str):
            raise FileTrouble(f"{path}: tool {index} has no name")
    return tuple(tools)


class _ToolsFile(msgspec.Struct):
    tools: list[dict[str, object]]


def _refuse_to_replace(path: Path) -> None:
    try:
        load(path)
    except FileTrouble as error:
        raise FileTrouble(f"{path}: is there and no saved conversation; take another name") from (
            error
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileTrouble(f"{path}: cannot be read: {error.strerror}") from error


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise FileTrouble(f"{path}: there is no such home directory") from error


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
