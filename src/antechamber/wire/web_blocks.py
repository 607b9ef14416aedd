"""What web search and web fetch brought, as a request repeats it.

Limits and error codes: OpenAPI 2026-08 and SDK 2.12, the wider of the two.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.documents import DocumentBlock
from antechamber.wire.shape import LEFT_TO_RIGHT, Items, WireModel, branch
from antechamber.wire.tool_calls import Caller, ServerToolResult


class WebSearchResultBlock(WireModel):
    """A page that was found; what it says is encrypted."""

    type: Literal["web_search_result"]
    title: str
    url: str
    encrypted_content: str
    page_age: str | None = None


class WebSearchToolResultError(WireModel):
    """Why there is no result."""

    type: Literal["web_search_tool_result_error"]
    error_code: Literal[
        "invalid_tool_input",
        "unavailable",
        "max_uses_exceeded",
        "too_many_requests",
        "query_too_long",
        "request_too_large",
    ]


class WebSearchToolResultBlock(ServerToolResult):
    """What a web search found."""

    type: Literal["web_search_tool_result"]
    content: Annotated[
        Annotated[Items[WebSearchResultBlock], branch("results")]
        | Annotated[WebSearchToolResultError, branch("error")],
        Field(union_mode=LEFT_TO_RIGHT),
    ]
    caller: Caller | None = None


class WebFetchResultBlock(WireModel):
    """A page that was fetched."""

    type: Literal["web_fetch_result"]
    url: str
    content: DocumentBlock
    retrieved_at: str | None = None


class WebFetchToolResultError(WireModel):
    """Why it was not fetched."""

    type: Literal["web_fetch_tool_result_error"]
    error_code: Literal[
        "invalid_tool_input",
        "url_too_long",
        "url_not_allowed",
        "url_not_in_prior_context",
        "url_not_accessible",
        "unsupported_content_type",
        "too_many_requests",
        "max_uses_exceeded",
        "unavailable",
        "content_too_large",
    ]


class WebFetchToolResultBlock(ServerToolResult):
    """What a web fetch brought."""

    type: Literal["web_fetch_tool_result"]
    content: Annotated[WebFetchResultBlock | WebFetchToolResultError, Field(discriminator="type")]
    caller: Caller | None = None
