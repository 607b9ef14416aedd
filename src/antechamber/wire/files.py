"""The published shapes of the Files API: what is asked, and how a file is told of."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypedDict

from pydantic import Field, ValidationError

from antechamber.wire.administration import Query
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import WireModel
from antechamber.wire.shape_errors import first_fault

_SEPARATORS = re.compile(r"[\\/]")
_REFUSED_IN_NAMES = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f]')
_LONGEST_NAME = 255
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}", re.ASCII)


class UploadFields(WireModel):
    """Beside the file, in the form of ``POST /v1/files``: texts, which are converted."""

    model_config = WireModel.model_config | {"strict": False}

    expires_in_seconds: Annotated[int | None, Field(ge=3600, le=7_776_000)] = None


class FilesQuery(Query):
    """Query of ``GET /v1/files``, as it is now and as it was in the beta."""

    ids: list[str] | None = None
    limit: Annotated[int | None, Field(ge=1, le=1000)] = None
    """None is 20."""
    page: str | None = None
    after_id: str | None = None
    before_id: str | None = None
    scope_id: str | None = None


class FileMetadata(TypedDict):
    """One file, as it is told of."""

    id: str
    type: str
    filename: str
    mime_type: str
    size_bytes: int
    created_at: datetime
    downloadable: bool
    expires_at: datetime | None


def parse_upload_fields(texts: Mapping[str, str]) -> UploadFields:
    """Validate the fields of the form; raises ``InvalidRequest`` with the first failing path."""
    try:
        return UploadFields.model_validate(texts)
    except ValidationError as error:
        raise InvalidRequest(first_fault(error)) from error


def file_name(told: str | None) -> str | None:
    """Return the last part of a path, None where there is no name; raises ``InvalidRequest``.

    Source: SDK 2.12 (``FileUploadParams``), the Files API's guide for the characters.
    """
    name = _SEPARATORS.split(told or "")[-1]
    if len(name) > _LONGEST_NAME:
        message = f"file.filename: String should have at most {_LONGEST_NAME} characters"
        raise InvalidRequest(message)
    if name in (".", ".."):
        message = f"file.filename: Input should be the name of a file, not {name!r}"
        raise InvalidRequest(message)
    if refused := _REFUSED_IN_NAMES.search(name):
        message = f"file.filename: String should not contain {refused[0]!r}"
        raise InvalidRequest(message)
    return name or None


def media_type(told: str | None) -> str | None:
    """Return the media type without its parameters; None where it says nothing of the content."""
    kind = (told or "").partition(";")[0].strip().lower()
    if kind == "application/octet-stream" or not _MEDIA_TYPE.fullmatch(kind):
        return None
    return kind
