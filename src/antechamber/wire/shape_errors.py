"""Puts a shape error into the hosted API's words: ``path: Message``, of the first failing path.

The words are pydantic's own, which the hosted API uses as well. What differs stands here: how the
kinds of JSON values are called, which tags stand in a path, and which branch of a union was meant.
"""

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from antechamber.wire.shape import BRANCH_MARK

# Pydantic says "array" and "object" of JSON; the hosted API's words are the ones for Python
# (anthropics/anthropic-sdk-typescript#648, anthropics/claude-code#6696).
_WORDS = {
    "list_type": "Input should be a valid list",
    "dict_type": "Input should be a valid dictionary",
    "model_type": "Input should be a valid dictionary",
    "model_attributes_type": "Input should be a valid dictionary",
}

_MOST_FAULTS = 1000
"""Lists stop at their first fault, so only unknown keys can be more; spelling out millions of them
would take seconds of every other request's time."""

_ANOTHER_KIND = {*_WORDS, "string_type", "bool_type", "union_tag_not_found"}
"""At the root of a branch these say that another branch was meant."""


def first_fault(error: ValidationError) -> str:
    """Return the first failing path and what is wrong there, as the hosted API words it."""
    if error.error_count() > _MOST_FAULTS:
        return f"More than {_MOST_FAULTS} fields of the request are not valid"
    fault = _meant(error.errors(include_url=False, include_input=False))
    path, message = _path(fault), _message(fault)
    match fault["type"]:
        case "json_invalid":
            return f"The request body is not valid JSON: {_context(fault, 'error')}"
        case "union_tag_not_found":
            path, message = [*path, _discriminator(fault)], "Field required"
        case "union_tag_invalid" if _discriminator(fault) == "role":
            path = [*path, "role"]
            message = "Input should be 'user', 'assistant' or 'system'"
        case "too_short" if path == ["messages"]:
            message = "at least one message is required"  # devoxx/DevoxxGenieIDEAPlugin#567
        case _:
            pass
    return f"{'.'.join(path)}: {message}" if path else message


def _message(fault: ErrorDetails) -> str:
    if fault["type"] == "union_tag_invalid":
        # Sorted: dirac-run/dirac#57, AstrBotDevs/AstrBot#4444.
        expected = ", ".join(sorted(_context(fault, "expected_tags").split(", ")))
        tag = _context(fault, "tag")
        return (
            f"Input tag '{tag}' found using '{_discriminator(fault)}' "
            f"does not match any of the expected tags: {expected}"
        )
    return _WORDS.get(fault["type"], fault["msg"])


def _path(fault: ErrorDetails) -> list[str]:
    """Return the path without what pydantic puts in beside keys and indices.

    The tags of blocks, sources and tools stay (``messages.0.content.1.tool_use.id``), the role of
    a message does not.
    """
    location = list(fault["loc"])
    if location[:1] == ["messages"] and len(location) > 2:
        del location[2]
    # What is wrong with a value as a whole is no matter of the branch that was tried last.
    if location and _is_branch(location[-1]):
        del location[-1]
    return [shown for part in location if (shown := str(part).rpartition(BRANCH_MARK)[2])]


def _meant(faults: Sequence[ErrorDetails]) -> ErrorDetails:
    """Return the first fault; where branches of a union compete, the first of the one meant."""
    depth = 0
    while True:
        location = faults[0]["loc"]
        mark = next((at for at in range(depth, len(location)) if _is_branch(location[at])), None)
        if mark is None:
            return faults[0]
        rivals = [
            fault
            for fault in faults
            if fault["loc"][:mark] == location[:mark] and len(fault["loc"]) > mark
        ]
        branches = dict.fromkeys(fault["loc"][mark] for fault in rivals)
        strays = {fault["loc"][mark] for fault in rivals if _strays(fault, mark + 1)}
        meant = next((name for name in branches if name not in strays), location[mark])
        faults = [fault for fault in rivals if fault["loc"][mark] == meant]
        depth = mark + 1


def _is_branch(part: int | str) -> bool:
    return isinstance(part, str) and part.startswith(BRANCH_MARK)


def _strays(fault: ErrorDetails, root: int) -> bool:
    """Say whether this fault means that its branch was not the one meant."""
    inside = fault["loc"][root:]
    if not inside:
        return fault["type"] in _ANOTHER_KIND
    return inside == ("type",) and fault["type"] == "literal_error"


def _context(fault: ErrorDetails, name: str) -> str:
    return str(fault.get("ctx", {}).get(name, ""))


def _discriminator(fault: ErrorDetails) -> str:
    return _context(fault, "discriminator").strip("'")
