"""The tables about what outlives a request and is worked on later: files, batches, housekeeping."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, PositiveFloat

from antechamber.settings.section import Section

_DAY_S = 24 * 3600


def _object_store(value: str) -> str:
    if not re.fullmatch(r"(s3|gs|az)://[^/\s]+(/\S*)?", value):
        raise ValueError('must be "s3://bucket/prefix", "gs://bucket/prefix" or "az://container"')
    return value


class FilesSettings(Section):
    """Where uploaded files are, and how many."""

    location: Annotated[str, AfterValidator(_object_store)] | None = None
    """``s3://bucket/prefix``, ``gs://…`` or ``az://…``; None is a folder of the data directory."""
    max_file_bytes: Annotated[int, Field(ge=1024)] = 500 * 1024 * 1024
    """The hosted API's limit."""
    max_total_bytes: Annotated[int, Field(ge=1024)] = 1024**4
    """Of all files of all workspaces; the hosted API's limit for an organization."""
    expiry_s: Annotated[int, Field(ge=3600)] | None = None
    """Of files that are uploaded without ``expires_in_seconds``; None keeps them."""
    cache_mib: Annotated[int, Field(ge=0)] = 64
    """For the bytes of files that requests name, in each process."""


class BatchesSettings(Section):
    """How batches are worked on."""

    in_server: bool = True
    """Whether the server works on them; else only ``antechamber worker`` does."""
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 8
    """Items at a time, at each engine, from each process."""
    max_requests: Annotated[int, Field(ge=1)] = 100_000
    max_queued: Annotated[int, Field(ge=1)] = 500_000
    """Of one workspace, in all its batches; the hosted API's limit of the highest tier."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 256 * 1024 * 1024
    expiry_s: Annotated[int, Field(ge=60)] = _DAY_S
    """What has no result by then expires."""
    keep_results_s: Annotated[int, Field(ge=60)] = 29 * _DAY_S
    """From the creation of a batch."""


class HousekeepingSettings(Section):
    """How often what is over is cleared away."""

    every_s: PositiveFloat = 600.0
