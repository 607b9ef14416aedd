"""Lists that a server gives page by page, the newest first."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from antechamber.cli.screen import notes, print_json, results

if TYPE_CHECKING:
    from anthropic import BaseModel

_Each = TypeVar("_Each", bound="BaseModel")

_LARGEST_PAGE = 1000
"""The API's limit."""


def show_newest(
    pages: Callable[..., Iterable[_Each]],
    table: Callable[[Sequence[_Each]], list[str]],
    *,
    limit: int,
    as_json: bool,
    none: str,
) -> None:
    """Print the first ``limit`` of a list, and say so when it goes on.

    ``pages`` is a method of the SDK that lists; ``none`` is said of an empty list.
    """
    found = list(islice(pages(limit=min(limit + 1, _LARGEST_PAGE)), limit + 1))
    shown = found[:limit]
    if as_json:
        print_json([each.to_dict(mode="json") for each in shown])
    elif not shown:
        notes().print(none)
    else:
        for line in table(shown):
            results().print(line)
    if len(found) > limit:
        notes().print(f"more: --limit {10 * limit}", style="dim")
