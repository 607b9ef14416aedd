"""Values that a schema lists, and lists of texts, as grammar."""

from collections.abc import Iterable, Sequence

from antechamber.dialects.grammar.notation import Node, Text, choice, series
from antechamber.dialects.grammar.places import as_list, as_mapping
from antechamber.wire.encoding import encode_json

_MAX_TRIE_DEPTH = 32


def identity(value: object) -> object:
    """Something hashable that is equal for equal JSON values: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool):
        return ("boolean", value)
    if (mapping := as_mapping(value)) is not None:
        return ("object", frozenset((name, identity(item)) for name, item in mapping.items()))
    if items := as_list(value):
        return ("array", tuple(identity(item) for item in items))
    return ("array",) if isinstance(value, list | tuple) else value


def json_text(value: object) -> str | None:
    """The value's compact JSON; None for one that UTF-8 cannot carry (half of a surrogate pair)."""
    try:
        return encode_json(value).decode()
    except UnicodeEncodeError:
        return None


def values_node(values: Iterable[object]) -> Node:
    """Exactly these values, each in one spelling."""
    distinct = {identity(value): value for value in reversed(list(values))}
    texts = [json_text(value) for value in reversed(distinct.values())]
    return texts_node([text for text in texts if text is not None])


def texts_node(texts: Sequence[str]) -> Node:
    """Exactly these texts; what they begin with in common is written once."""
    return _branches(list(dict.fromkeys(texts)), _MAX_TRIE_DEPTH)


def _branches(texts: list[str], depth: int) -> Node:
    if len(texts) == 1 or not depth:
        return choice(*map(Text, texts))
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(text[:1], []).append(text)
    return choice(*(_group(group, depth) for group in groups.values()))


def _group(texts: list[str], depth: int) -> Node:
    shared = _shared_beginning(texts)
    rests = [text[len(shared) :] for text in texts]
    return series(Text(shared), _branches(rests, depth - 1))


def _shared_beginning(texts: list[str]) -> str:
    first, last = min(texts), max(texts)
    for index, character in enumerate(first):
        if character != last[index : index + 1]:
            return first[:index]
    return first
