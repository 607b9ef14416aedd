"""What every request model is made of: the base class and the ways to declare a field."""

from collections.abc import Iterable
from math import isfinite
from typing import Annotated, Literal, TypeVar, cast, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, Tag
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

T = TypeVar("T")


def _finite(value: dict[str, object]) -> dict[str, object]:
    # Pydantic reads NaN and Infinity, which JSON does not have, and 1e999 as infinity. In a typed
    # field a limit stops them; here nothing would, and they could not be written again.
    unread: list[Iterable[object]] = [value.values()]
    for members in unread:  # grows while it is read
        for member in members:
            if isinstance(member, str):
                continue
            if isinstance(member, dict):
                unread.append(cast("dict[str, object]", member).values())
            elif isinstance(member, list):
                unread.append(cast("list[object]", member))
            elif isinstance(member, float) and not isfinite(member):
                raise PydanticKnownError("finite_number")
    return value


JsonObject = Annotated[dict[str, object], AfterValidator(_finite)]
"""An open object: any keys, in the order in which they came."""


class WireModel(BaseModel):
    """A request object: unknown keys are refused, nothing is converted, nothing changes later.

    Strict, because the hosted API takes no ``"4096"`` for an integer (``max_tokens: Input should
    be a valid integer``, strands-agents/harness-sdk#588) and no ``"yes"`` for a boolean.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, serialize_by_alias=True)


class _NotNull:
    """Takes null away again from a ``T | None``, so that None can only mean absent."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


Omissible = Annotated[T | None, _NotNull()]
"""May be left out, may not be null. A plain ``T | None = None`` may be either, and
``model_fields_set`` tells which."""


class _StopsAtFirstFault:
    """Ends the validation of an array, or of a map, at its first wrong item.

    Only that one is reported, and a body of a million wrong items does not cost a million errors.
    """

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        if schema["type"] == "list" or schema["type"] == "dict":
            schema["fail_fast"] = True
        return schema


Items = Annotated[list[T], _StopsAtFirstFault()]
"""A JSON array."""

ByName = Annotated[dict[str, T], _StopsAtFirstFault()]
"""A JSON object whose keys are the client's own names."""


class ToldApartByType:
    """A union told apart by ``type`` where pydantic's own discriminator does not do.

    It stands for a union of one member too, whose tag the hosted API shows in paths
    (``system.1.cache_control.ephemeral.scope``), and for members whose ``type`` may be absent.
    """

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        members = cast("tuple[type[BaseModel], ...]", get_args(source) or (source,))
        choices = {
            tag: handler.generate_schema(member) for member in members for tag in _tags_of(member)
        }
        return core_schema.tagged_union_schema(choices, discriminator="type")


def _tags_of(member: type[BaseModel]) -> list[str]:
    annotation: object = member.model_fields["type"].annotation
    literals = (annotation, *get_args(annotation))
    return [tag for each in literals for tag in get_args(each) if isinstance(tag, str)]


BRANCH_MARK = "\x1f"
"""Begins the label of a branch; a control character, so that no sane key looks like one."""


def branch(name: str, *, shown: str = "") -> Tag:
    """Label a member of a union that has no discriminator.

    Without a label pydantic puts the type's repr into the path of an error. ``shape_errors``
    drops the label and keeps ``shown``.
    """
    return Tag(f"{BRANCH_MARK}{name}{BRANCH_MARK}{shown}")


LEFT_TO_RIGHT: Literal["left_to_right"] = "left_to_right"
"""The mode of every such union. The branch that is large in practice comes first: a branch that
fails copies its input into the error."""
