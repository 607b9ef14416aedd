"""The published shapes of what the Admin API is asked: bodies and queries."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import Omissible, WireModel
from antechamber.wire.shape_errors import first_fault

Shape = TypeVar("Shape", bound=BaseModel)

_YEARS = range(1970, 9999)
_MEANINGLESS = ("beta",)
"""``client.beta`` adds it to every request."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


TagValue = TypeVar("TagValue")


def _own_tags(tags: dict[str, TagValue]) -> dict[str, TagValue]:
    if any(name.startswith("anthropic") for name in tags):
        raise PydanticCustomError("tag_reserved", "Keys may not begin with 'anthropic'")
    return tags


Tags = Annotated[dict[str, TagValue], AfterValidator(_own_tags)]


class KeyUpdate(WireModel):
    """Body of ``POST /v1/organizations/api_keys/{id}``; null leaves as it is."""

    name: Name | None = None
    status: Literal["active", "inactive", "archived"] | None = None


class DataResidency(WireModel):
    """Where data are kept and computed: here, so nothing else can be asked for."""

    workspace_geo: Literal["us"] | None = None
    default_inference_geo: Literal["global"] | None = None
    allowed_inference_geos: Literal["unrestricted"] | None = None


class WorkspaceCreation(WireModel):
    """Body of ``POST /v1/organizations/workspaces``."""

    name: Name
    tags: Tags[str] | None = None
    display_color: Color | None = None
    data_residency: DataResidency | None = None
    external_key_id: None = None
    user_profile_id: None = None


class WorkspaceUpdate(WireModel):
    """Body of ``POST /v1/organizations/workspaces/{id}``; a tag that is null goes away."""

    name: Omissible[Name] = None
    tags: Tags[str | None] | None = None
    display_color: Omissible[Color] = None
    data_residency: DataResidency | None = None


def _in_utc(at: datetime) -> datetime:
    if at.year not in _YEARS:
        raise PydanticCustomError("datetime_range", "Input should be a time from 1970 on")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


class Query(BaseModel):
    """What stands behind the question mark: texts, which are converted."""

    model_config = ConfigDict(frozen=True)


class PageQuery(Query):
    """A page of a list whose cursors are ids."""

    after_id: str | None = None
    before_id: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 20


class KeysQuery(PageQuery):
    """Query of ``GET /v1/organizations/api_keys``."""

    status: Literal["active", "inactive", "archived", "expired"] | None = None
    workspace_id: str | None = None
    created_by_user_id: str | None = None


class WorkspacesQuery(PageQuery):
    """Query of ``GET /v1/organizations/workspaces``."""

    ids: Annotated[list[str] | None, Field(max_length=100)] = None
    include_archived: bool = False
    include_default: bool = False


LimitGroupType = Literal["batch", "files", "model_group", "skills", "token_count", "web_search"]


class LimitsQuery(Query):
    """Which rate limits are wanted, and which part of their list."""

    group_type: LimitGroupType | None = None
    limit: Annotated[int | None, Field(ge=1, le=1000)] = None
    """None is all of them."""
    page: str | None = None


class OwnLimitsQuery(LimitsQuery):
    """Query of ``GET /v1/organizations/rate_limits``."""

    model: str | None = None


class WorkspaceLimitsQuery(LimitsQuery):
    """Query of ``GET /v1/organizations/workspaces/{id}/rate_limits``."""

    include_inherited: bool = False


class _ReportQuery(Query):
    # A filter that nobody knows would change the numbers if it were ignored.
    model_config = ConfigDict(frozen=True, extra="forbid")

    starting_at: Moment
    ending_at: Moment | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
    page: str | None = None


UsageGrouping = Literal[
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "speed",
    "workspace_id",
]


UsageTier = Literal["standard", "batch", "priority", "priority_on_demand", "flex", "flex_discount"]


class UsageQuery(_ReportQuery):
    """Query of ``GET /v1/organizations/usage_report/messages``."""

    bucket_width: Literal["1d", "1h", "1m"] = "1d"
    group_by: list[UsageGrouping] = []
    account_ids: list[str] | None = None
    api_key_ids: list[str] | None = None
    context_window: list[Literal["0-200k", "200k-1M"]] | None = None
    inference_geos: list[Literal["global", "us", "not_available"]] | None = None
    models: list[str] | None = None
    service_account_ids: list[str] | None = None
    service_tiers: list[UsageTier] | None = None
    speeds: list[Literal["standard", "fast"]] | None = None
    workspace_ids: list[str] | None = None


class CostQuery(_ReportQuery):
    """Query of ``GET /v1/organizations/cost_report``."""

    bucket_width: Literal["1d"] = "1d"
    group_by: list[Literal["description", "workspace_id"]] = []


def parse_body(body: bytes, shape: type[Shape]) -> Shape:
    """Validate a body; raises ``InvalidRequest`` with the first failing path."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(first_fault(error)) from error


def parse_query(texts: Mapping[str, Sequence[str]], shape: type[Shape]) -> Shape:
    """Validate the values that a query has for each name, ``group_by[]`` as well as ``group_by``.

    Of a name that can have but one value the last one counts, and an empty one is none. Raises
    ``InvalidRequest`` with the first failing path.
    """
    told: dict[str, str | list[str]] = {}
    for name, values in texts.items():
        bare = name.removesuffix("[]")
        field = shape.model_fields.get(bare)
        if field is not None and _is_list(field.annotation):
            told[bare] = [*told.get(bare, ()), *values]
        elif values[-1] and bare not in _MEANINGLESS:
            told[bare] = values[-1]
    try:
        return shape.model_validate(told)
    except ValidationError as error:
        raise InvalidRequest(first_fault(error)) from error


def _is_list(annotation: object) -> bool:
    return list in {get_origin(part) for part in (annotation, *get_args(annotation))}
