"""Declarations of the tools that the server runs: web, code, tool search, advisor.

Limits: OpenAPI 2026-08; versions after it and ``url_sources``: SDK 2.12.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.citations import CitationsConfig
from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.declarations import NamedTool
from antechamber.wire.shape import Items, Omissible, WireModel

_Count = Annotated[int, Field(gt=0)]
_Place = Annotated[str, Field(min_length=1, max_length=255)]
_Inclusion = Literal["full", "excluded"]


class UserLocation(WireModel):
    """Where the user is, so that results fit."""

    type: Literal["approximate"]
    city: _Place | None = None
    region: _Place | None = None
    country: Annotated[str, Field(min_length=2, max_length=2)] | None = None
    timezone: _Place | None = None


class _WebTool(NamedTool):
    max_uses: _Count | None = None
    allowed_domains: Items[str] | None = None
    blocked_domains: Items[str] | None = None


class _WebSearchTool(_WebTool):
    name: Literal["web_search"]
    user_location: UserLocation | None = None


class WebSearchTool20250305(_WebSearchTool):
    """Web search."""

    type: Literal["web_search_20250305"]


class WebSearchTool20260209(_WebSearchTool):
    """Web search that the model calls from code."""

    type: Literal["web_search_20260209"]


class WebSearchTool20260318(_WebSearchTool):
    """Web search whose results may be left out of the response."""

    type: Literal["web_search_20260318"]
    response_inclusion: Omissible[_Inclusion] = None


class WebFetchURLSourceToolReference(WireModel):
    """A tool, by name."""

    type: Literal["tool_reference"]
    name: str


class WebFetchURLSourceAll(WireModel):
    """URLs of all of them."""

    type: Literal["all"]


class WebFetchURLSourceNone(WireModel):
    """URLs of none of them."""

    type: Literal["none"]


class WebFetchURLSourceOnly(WireModel):
    """URLs of these tools."""

    type: Literal["only"]
    tools: Items[WebFetchURLSourceToolReference]


class WebFetchURLSourceExcept(WireModel):
    """URLs of all tools but these."""

    type: Literal["except"]
    tools: Items[WebFetchURLSourceToolReference]


_ToolSources = Annotated[
    WebFetchURLSourceAll | WebFetchURLSourceNone | WebFetchURLSourceOnly | WebFetchURLSourceExcept,
    Field(discriminator="type"),
]


class WebFetchURLSources(WireModel):
    """Where a URL may come from that is to be fetched."""

    user_input: Omissible[
        Annotated[WebFetchURLSourceAll | WebFetchURLSourceNone, Field(discriminator="type")]
    ] = None
    server_tool_results: Omissible[_ToolSources] = None
    client_tool_results: Omissible[_ToolSources] = None


class _WebFetchTool(_WebTool):
    name: Literal["web_fetch"]
    max_content_tokens: _Count | None = None
    citations: CitationsConfig | None = None
    url_sources: WebFetchURLSources | None = None


class WebFetchTool20250910(_WebFetchTool):
    """Web fetch."""

    type: Literal["web_fetch_20250910"]


class WebFetchTool20260209(_WebFetchTool):
    """Web fetch that the model calls from code."""

    type: Literal["web_fetch_20260209"]


class WebFetchTool20260309(_WebFetchTool):
    """Web fetch that may pass by its cache."""

    type: Literal["web_fetch_20260309"]
    use_cache: Omissible[bool] = None


class WebFetchTool20260318(_WebFetchTool):
    """Web fetch whose results may be left out of the response."""

    type: Literal["web_fetch_20260318"]
    use_cache: Omissible[bool] = None
    response_inclusion: Omissible[_Inclusion] = None


class _CodeExecutionTool(NamedTool):
    name: Literal["code_execution"]


class CodeExecutionTool20250522(_CodeExecutionTool):
    """Python."""

    type: Literal["code_execution_20250522"]


class CodeExecutionTool20250825(_CodeExecutionTool):
    """A shell and an editor."""

    type: Literal["code_execution_20250825"]


class CodeExecutionTool20260120(_CodeExecutionTool):
    """Python that keeps its state and calls tools."""

    type: Literal["code_execution_20260120"]


class CodeExecutionTool20260521(_CodeExecutionTool):
    """The same; the model knows how long a cell may run."""

    type: Literal["code_execution_20260521"]


class ToolSearchToolBm25(NamedTool):
    """Searches the deferred tools by words."""

    type: Literal["tool_search_tool_bm25_20251119", "tool_search_tool_bm25"]
    name: Literal["tool_search_tool_bm25"]


class ToolSearchToolRegex(NamedTool):
    """Searches the deferred tools by a regular expression."""

    type: Literal["tool_search_tool_regex_20251119", "tool_search_tool_regex"]
    name: Literal["tool_search_tool_regex"]


class AdvisorTool20260301(NamedTool):
    """Asks another model for advice (beta)."""

    type: Literal["advisor_20260301"]
    name: Literal["advisor"]
    model: Annotated[str, Field(min_length=1)]
    max_tokens: int | None = None
    max_uses: _Count | None = None
    caching: CacheBreakpoint | None = None
