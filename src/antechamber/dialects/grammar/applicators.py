"""Keywords that apply other schemas to the same value: what each adds to a draft of a demand."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from antechamber.dialects.grammar.demands import Alternative, Draft
from antechamber.dialects.grammar.negation import (
    ANNOTATIONS,
    kinds_left,
    negated,
)
from antechamber.dialects.grammar.overlap import Overlap
from antechamber.dialects.grammar.places import Document, Place, as_mapping, as_strings

Applicator = Callable[[Document, Draft, Place], Iterable[Place]]
"""Gives the schemas that must hold too; leaves forks and gaps in the draft."""


def _reference(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    return _followed(document, draft, place, "$ref")


def _dynamic_reference(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    reference = place.keywords["$dynamicRef"]
    name = reference.partition("#")[2] if isinstance(reference, str) else ""
    if not document.lone_anchor(name):
        draft.note(place, "$dynamicRef")
        return ()
    return _followed(document, draft, place, "$dynamicRef")


def _followed(document: Document, draft: Draft, place: Place, keyword: str) -> Iterable[Place]:
    reference = place.keywords[keyword]
    target = document.target(place, reference) if isinstance(reference, str) else None
    if target is None:
        draft.note(place, keyword)
        return ()
    if place.pointer in draft.outermost and place.keywords.keys() - ANNOTATIONS == {keyword}:
        draft.outermost |= {target.pointer}
    return (target,)


def _all_of(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    del document, draft
    return place.children("allOf")


def _any_of(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    del document
    draft.fork(place, "anyOf", [(child,) for child in place.children("anyOf")])
    return ()


def _one_of(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    """Each branch together with the opposite of every branch that it may overlap."""
    branches = place.children("oneOf")
    overlap = Overlap(document)
    alternatives: list[Alternative] = []
    for branch in branches:
        opposites: list[Place] = []
        for rival in branches:
            if rival is branch or not overlap.possible(branch, rival, draft.kinds):
                continue
            opposite = opposite_of(document, rival)
            if opposite is None:
                draft.note(place, "oneOf")
            else:
                opposites.append(opposite)
        alternatives.append((branch, *opposites))
    draft.fork(place, "oneOf", alternatives)
    return ()


def _not(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    barred = place.child("not")
    if barred is None:
        return ()
    if (left := kinds_left(place)) is not None:
        draft.kinds &= left
        return ()
    opposite = opposite_of(document, barred)
    if opposite is None:
        draft.note(place, "not")
        return ()
    return (opposite,)


def _conditional(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    condition, then, otherwise = (place.child(keyword) for keyword in ("if", "then", "else"))
    if condition is None or (then is None and otherwise is None):
        return ()
    opposite = opposite_of(document, condition)
    if opposite is None:
        draft.note(place, "if")
    met = (condition, then) if then else (condition,)
    unmet = tuple(one for one in (opposite, otherwise) if one)
    draft.fork(place, "if", [met, unmet])
    return ()


def _dependent_names(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    del document
    dependencies = as_mapping(place.keywords["dependentRequired"]) or {}
    for name, others in dependencies.items():
        _dependent(draft, place, ("dependentRequired", name), as_strings(others))
    return ()


def _dependent_schemas(document: Document, draft: Draft, place: Place) -> Iterable[Place]:
    del document
    for name, child in place.named_children("dependentSchemas").items():
        _dependent(draft, place, ("dependentSchemas", name), [], child)
    return ()


def _dependent(
    draft: Draft, place: Place, cause: tuple[str, str], others: list[str], *then: Place
) -> None:
    """Either the name is absent, or the others are there and the schema holds."""
    keyword, name = cause
    why = "/".join(cause)
    present = place.instead({"type": "object", "required": [name, *others]}, why)
    absent = place.instead({"properties": {name: False}}, f"{why}/absent")
    draft.fork(place, keyword, [(present, *then), (absent,)])


def opposite_of(document: Document, place: Place) -> Place | None:
    """The opposite; that of a bare reference is the opposite of what it points to."""
    seen: set[str] = set()
    while place.keywords.keys() - ANNOTATIONS == {"$ref"} and place.pointer not in seen:
        seen.add(place.pointer)
        reference = place.keywords["$ref"]
        target = document.target(place, reference) if isinstance(reference, str) else None
        if target is None:
            return None
        place = target
    return negated(place, whole=document.cautious)


APPLICATORS: Final[Mapping[str, Applicator]] = {
    "$ref": _reference,
    "$dynamicRef": _dynamic_reference,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _conditional,
    "dependentRequired": _dependent_names,
    "dependentSchemas": _dependent_schemas,
}
