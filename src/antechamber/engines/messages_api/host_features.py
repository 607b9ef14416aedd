"""What a cloud host takes of the Messages API, and what becomes of what it does not.

The data is ``host_features.toml``. A beta that the host does not know would make it refuse the
whole request, so it is left out and told; a field, tool or source that the answer hangs on is
refused here, by its path and the host's name.
"""

import asyncio
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Literal, TypeVar

import msgspec

from antechamber.engines.base import RelayOrder
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.splice import Edits, with_fields

_Item = TypeVar("_Item")
HostKind = Literal["bedrock", "vertex", "foundry"]
_ANY = "*"
_LARGE_BYTES = 256 * 1024
"""Above it, fitting takes longer than other requests should wait."""
_ASKS_NOTHING = (b"null", b"[]", b"{}")


class _Betas(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    accepted: frozenset[str]
    refused: frozenset[str] = frozenset()
    renamed: dict[str, str] = {}
    not_counting: frozenset[str] = frozenset()


class _Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    refused: frozenset[str]
    dropped: frozenset[str]
    harmless: dict[str, list[str]]
    moved: dict[str, str]


class _Refused(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    refused: tuple[str, ...]


class HostFeatures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One host's table; see the head of the file for what each part means."""

    name: str
    betas: _Betas
    fields: _Fields
    tools: _Refused
    sources: _Refused
    blocks: _Refused
    models: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A request as far as it has been made to fit."""

    edits: Edits
    betas: tuple[str, ...]
    dropped: tuple[str, ...]
    """Betas and fields that were left out, by name."""


class _Source(msgspec.Struct):
    type: str = ""
    content: "str | list[_Block] | None" = None


class _Block(msgspec.Struct):
    type: str = ""
    source: _Source | str | None = None
    content: "str | list[_Block] | _Block | None" = None


class _Message(msgspec.Struct):
    content: str | list[_Block] | None = None


class _Tool(msgspec.Struct):
    type: str | None = None


_top = msgspec.json.Decoder(dict[str, msgspec.Raw])
_messages = msgspec.json.Decoder(list[_Message])
_tools = msgspec.json.Decoder(list[_Tool])


def host_features(kind: HostKind, *, also_accepted: Collection[str] = ()) -> HostFeatures:
    """Read the table of a kind of host. Reads a file; meant to be called once a host.

    ``also_accepted`` are betas that the host has learned since.
    """
    path = resources.files("antechamber.engines.messages_api") / "host_features.toml"
    features = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8"))[kind], HostFeatures)
    betas = msgspec.structs.replace(
        features.betas,
        accepted=features.betas.accepted.union(also_accepted),
        refused=features.betas.refused.difference(also_accepted),
        not_counting=features.betas.not_counting.difference(also_accepted),
    )
    return msgspec.structs.replace(features, betas=betas)


async def prepared(order: RelayOrder, work: Callable[[RelayOrder], _Item]) -> _Item:
    """Do ``work`` on ``order`` here, or beside the event loop when its body is large."""
    if len(order.body) < _LARGE_BYTES:
        return work(order)
    return await asyncio.to_thread(work, order)


def fitted(
    features: HostFeatures, body: bytes, betas: Sequence[str], *, counts: bool = False
) -> Fitted:
    """Return what has to be edited in ``body``, and the betas that go with it.

    Raises ``InvalidRequest`` for what the host lacks and the answer hangs on.
    """
    given = {name: bytes(raw) for name, raw in _top.decode(body).items()}
    kept, dropped = _split_betas(features.betas, betas, counts=counts)
    edits: dict[str, bytes | None] = {}
    for name in given:
        _fit_field(features, name, given, edits, dropped)
    _refuse_tools(features, given)
    _refuse_content(features, given)
    return Fitted(edits=edits, betas=tuple(kept), dropped=tuple(dropped))


def _split_betas(
    table: _Betas, asked: Sequence[str], *, counts: bool
) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    dropped: list[str] = []
    for beta in asked:
        known_as = table.renamed.get(beta, beta)
        takes = _ANY in table.accepted or known_as in table.accepted
        if not takes or known_as in table.refused or (counts and known_as in table.not_counting):
            dropped.append(beta)
        elif known_as not in kept:
            kept.append(known_as)
    return kept, dropped


def _fit_field(
    features: HostFeatures,
    name: str,
    given: Mapping[str, bytes],
    edits: dict[str, bytes | None],
    dropped: list[str],
) -> None:
    table, value = features.fields, given[name]
    if name in table.moved:
        _move(name, table.moved[name], given, edits)
    elif name not in table.refused and name not in table.dropped:
        return
    elif value in _ASKS_NOTHING:
        edits[name] = None
    elif name in table.dropped or _is_harmless(value, table.harmless.get(name, ())):
        edits[name] = None
        dropped.append(name)
    else:
        message = f"{name}: Not available on {features.name}"
        raise InvalidRequest(message)


def _is_harmless(value: bytes, harmless: Sequence[str]) -> bool:
    return msgspec.json.decode(value) in harmless


def _move(
    name: str, target: str, given: Mapping[str, bytes], edits: dict[str, bytes | None]
) -> None:
    parent, _, child = target.partition(".")
    edits[name] = None
    if given[name] not in _ASKS_NOTHING:
        there = given.get(parent, b"null")
        edits[parent] = with_fields(b"{}" if there == b"null" else there, {child: given[name]})


def _refuse_tools(features: HostFeatures, given: Mapping[str, bytes]) -> None:
    if not features.tools.refused or "tools" not in given:
        return
    for number, tool in enumerate(_read(_tools, given["tools"])):
        if tool.type is not None and tool.type.startswith(features.tools.refused):
            message = f"tools.{number}.type: '{tool.type}' is not available on {features.name}"
            raise InvalidRequest(message)


def _refuse_content(features: HostFeatures, given: Mapping[str, bytes]) -> None:
    text = given.get("messages", b"")
    lacking = (*features.sources.refused, *features.blocks.refused)
    # Most requests name none of them, and are not read for it.
    if not any(f'"{name}"'.encode() in text for name in lacking):
        return
    for number, message in enumerate(_read(_messages, text)):
        for path, block in _blocks(message.content, f"messages.{number}.content"):
            _refuse_block(features, path, block)


def _refuse_block(features: HostFeatures, path: str, block: _Block) -> None:
    if block.type in features.blocks.refused:
        message = f"{path}: '{block.type}' blocks are not available on {features.name}"
        raise InvalidRequest(message)
    if isinstance(block.source, _Source) and block.source.type in features.sources.refused:
        kind = block.source.type
        message = f"{path}.source: sources of type '{kind}' are not available on {features.name}"
        raise InvalidRequest(message)


def _blocks(content: str | list[_Block] | _Block | None, path: str) -> Iterator[tuple[str, _Block]]:
    match content:
        case list():
            for position, each in enumerate(content):
                yield from _blocks(each, f"{path}.{position}")
        case _Block():
            yield path, content
            yield from _blocks(content.content, f"{path}.content")
            if isinstance(content.source, _Source):
                yield from _blocks(content.source.content, f"{path}.source.content")
        case _:
            pass


def _read(decoder: msgspec.json.Decoder[list[_Item]], text: bytes) -> list[_Item]:
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        # A shape that nobody here knows: the host says what it makes of it.
        return []
