"""Pages of lists whose cursors are ids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from antechamber.wire.errors import InvalidRequest

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOrder:
    """Which part of a list is wanted."""

    limit: int = 20
    after_id: str | None = None
    before_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """A part of a list and whether there is more in the direction that was asked for."""

    data: Sequence[Item]
    has_more: bool


def page_of(
    items: Sequence[Item],
    order: PageOrder,
    id_of: Callable[[Item], str],
    wanted: Callable[[Item], bool],
) -> Page[Item]:
    """Cut a page out of those ``items`` that are wanted.

    The cursor may be any of them: who changes what a page has shown asks for the next one all the
    same. Raises ``InvalidRequest`` for a cursor that is not there.
    """
    if order.after_id is not None and order.before_id is not None:
        message = "after_id and before_id cannot both be specified"
        raise InvalidRequest(message)
    ids = [id_of(item) for item in items]
    if order.before_id is not None:
        part = list(filter(wanted, items[: _position(ids, order.before_id, "before_id")]))
        return Page(data=part[-order.limit :], has_more=len(part) > order.limit)
    start = 0 if order.after_id is None else _position(ids, order.after_id, "after_id") + 1
    part = list(filter(wanted, items[start:]))
    return Page(data=part[: order.limit], has_more=len(part) > order.limit)


def _position(ids: Sequence[str], wanted: str, name: str) -> int:
    if wanted not in ids:
        message = f"{name}: {wanted} is not in this list"
        raise InvalidRequest(message)
    return ids.index(wanted)
