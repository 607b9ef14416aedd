"""The bodies of ``POST /v1/messages`` and ``POST /v1/messages/count_tokens``.

Every field, generally available and beta, under its own name; what is beta, and on which model a
field may be used, are rules. Limits: OpenAPI 2026-08, newer fields SDK 2.12.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.blocks import AnyContent, SystemContent, TextContent
from antechamber.wire.config import (
    BillingPolicy,
    CacheBreakpoint,
    Compaction,
    Container,
    Diagnostics,
    Effort,
    FallbackCredit,
    Fallbacks,
    JsonOutputFormat,
    Metadata,
    OutputConfig,
    ServiceTier,
    Speed,
    Thinking,
    Thread,
    ToolChoice,
)
from antechamber.wire.context_management import ContextManagement
from antechamber.wire.mcp import MCPServerURLDefinition
from antechamber.wire.shape import Items, Omissible, WireModel
from antechamber.wire.tools import Tool

_Fraction = Annotated[float, Field(ge=0, le=1)]


class UserMessage(WireModel):
    """What the user said; tool results are his too."""

    role: Literal["user"]
    content: AnyContent


class AssistantMessage(WireModel):
    """What the model said; as the last message, what its answer begins with."""

    role: Literal["assistant"]
    content: AnyContent


class SystemMessageOutputConfig(WireModel):
    """Effort from here on (beta)."""

    effort: Effort | None = None


class SystemMessage(WireModel):
    """An instruction in the middle of the conversation.

    Content may be missing in the beta's form that only carries ``output_config``.
    """

    role: Literal["system"]
    content: Omissible[SystemContent] = None
    clear_at: Literal["next_user_message", "never"] | None = None
    output_config: SystemMessageOutputConfig | None = None


Message = Annotated[UserMessage | AssistantMessage | SystemMessage, Field(discriminator="role")]


class _Prompt(WireModel):
    """What both endpoints take.

    The order of the fields is the order in which the hosted API looks at them (measured by a third
    party in August 2026): it decides which of several faults is reported.
    """

    model: Annotated[str, Field(min_length=1)]
    tool_choice: Omissible[ToolChoice] = None
    tools: Omissible[Items[Tool]] = None
    messages: Annotated[Items[Message], Field(min_length=1, max_length=100_000)]
    system: TextContent | None = None
    """Null is as if absent; the hosted API refuses it, which is a rule."""
    thinking: Omissible[Thinking] = None
    output_config: Omissible[OutputConfig] = None
    output_format: JsonOutputFormat | None = None
    """The predecessor of ``output_config.format``."""
    cache_control: CacheBreakpoint | None = None
    context_management: ContextManagement | None = None
    compaction: Compaction | None = None
    mcp_servers: Omissible[Annotated[Items[MCPServerURLDefinition], Field(max_length=20)]] = None
    speed: Speed | None = None
    billing_policy: BillingPolicy | None = None


class CountTokensRequest(_Prompt):
    """The body of ``POST /v1/messages/count_tokens``."""


class MessageRequest(_Prompt):
    """The body of ``POST /v1/messages``."""

    max_tokens: Annotated[int, Field(ge=0)]
    """0 reads the prompt into the cache and generates nothing."""
    metadata: Omissible[Metadata] = None
    stop_sequences: Omissible[Items[str]] = None
    temperature: Omissible[_Fraction] = None
    service_tier: Omissible[ServiceTier] = None
    top_k: Omissible[Annotated[int, Field(ge=0)]] = None
    top_p: Omissible[_Fraction] = None
    stream: Omissible[bool] = None
    container: Container | None = None
    inference_geo: str | None = None
    diagnostics: Diagnostics | None = None
    fallbacks: Fallbacks | None = None
    fallback_credit_token: FallbackCredit | None = None
    thread: Thread | None = None
    user_profile_id: str | None = None
