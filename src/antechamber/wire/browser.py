"""The state of a browser, as a result of the browser toolset reports it.

Source: SDK 2.12, ``BrowserStateBlockParam`` and its neighbours.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.shape import Items, Omissible, WireModel


class BrowserStateTabEntry(WireModel):
    """An open tab."""

    tab_id: str
    title: str
    url: str
    active: Omissible[bool] = None


class BrowserStateChangeTabOpened(WireModel):
    """A tab was opened."""

    type: Literal["tab_opened"]
    tab_id: str


class BrowserStateChangeDownloadStarted(WireModel):
    """A download began."""

    type: Literal["download_started"]
    download_id: str
    url: str


class BrowserStateChangeDownloadCompleted(WireModel):
    """A download is there."""

    type: Literal["download_completed"]
    download_id: str
    url: str
    path: str | None = None
    size_bytes: int | None = None


class BrowserStateChangeDownloadFailed(WireModel):
    """A download broke off."""

    type: Literal["download_failed"]
    download_id: str
    url: str
    error: str | None = None


class BrowserStateBlock(WireModel):
    """The tabs, and what has changed since the last look."""

    type: Literal["browser_state"]
    tabs: Items[BrowserStateTabEntry]
    state_changes: (
        Items[
            Annotated[
                BrowserStateChangeTabOpened
                | BrowserStateChangeDownloadStarted
                | BrowserStateChangeDownloadCompleted
                | BrowserStateChangeDownloadFailed,
                Field(discriminator="type"),
            ]
        ]
        | None
    ) = None
    cache_control: CacheBreakpoint | None = None
