"""What hosts of OpenAI's chat format do differently, as data."""

from dataclasses import dataclass
from typing import Literal

ReasoningSwitch = Literal["none", "effort", "openrouter", "template"]
"""How thinking is asked for: not at all · ``reasoning_effort`` · ``reasoning: {…}`` ·
``chat_template_kwargs.enable_thinking``, which models that do not know it ignore."""
Counting = Literal["estimate", "vllm", "llamacpp", "sglang"]
"""How the tokens of a prompt are counted before it is sent."""
Prefill = Literal["refused", "flags", "last_message"]
"""How a begun answer is continued: not · ``continue_final_message`` with
``add_generation_prompt: false`` · the last message as it stands."""

BeginsInThought = Literal["never", "asked", "always"]
"""When the template opens the thought, so that only its end is ever seen in the text: never, or
only where thinking is asked for, or in every answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """One host's ways. The defaults are those of a host of which nothing is known."""

    host: str = "generic"
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    system_role: Literal["system", "developer"] = "system"
    late_system: Literal["keep", "tell"] = "keep"
    """System messages inside the conversation: in their place, or told by the user, for chat
    templates that refuse them there."""

    reasoning: ReasoningSwitch = "effort"
    """``reasoning_effort`` has spread furthest; who does not know it ignores it, or refuses it and
    is not asked again."""
    efforts: tuple[str, ...] = ("low", "medium", "high")
    """The values of ``reasoning_effort``, from the least to the most."""
    effort_beside_tools: bool = True
    """Whether it may be asked for where there are tools."""
    effort_in_loops: bool = False
    """Whether it may be asked for in a tool loop whose thoughts are left out; Claude behind a
    gateway then misses them."""
    effort_off: str | None = None
    """The value that turns thinking off; without one nothing is said."""
    budget_field: str | None = None
    """Carries the most tokens of the thought, where the host keeps to it."""
    thoughts_back: Literal["reasoning_content", "reasoning"] | None = None
    """The field that takes the thoughts of a running tool loop; without one they are left out."""
    thoughts_in_text: bool = True
    """Whether an answer that begins with ``<think>`` begins with a thought."""
    begins_in_thought: BeginsInThought = "never"

    prefill: Prefill = "refused"
    echoes_prefill: bool = False
    """Whether the answer repeats what it was begun with."""
    streams_calls: bool = True
    """Whether an answer with tools may be streamed; if not, it is asked for whole."""
    stream_usage: bool = True
    """Whether ``stream_options.include_usage`` is understood."""

    tools_in_text: bool = False
    """The chat template knows no tools and leaves them out without a word, with the calls and
    results of the conversation: all of that goes into texts."""
    tool_choice: Literal["named", "required", "unheeded"] = "required"
    """A call is forced by name · by ``required`` with that tool alone · not at all: then the
    answer is bound to the JSON of a call."""
    parallel_switch: bool = True
    """Whether ``parallel_tool_calls`` is understood."""
    most_name_characters: int | None = None
    """Longer tool names are cut, in the same way in both directions."""
    flat_schemas: bool = False
    """Whether alternatives at the top of a tool's schema are refused."""
    strict_tools: Literal["ignored", "closed", "any"] = "ignored"
    """Whether ``strict`` binds a call to its schema: not · to one of OpenAI's strict subset, for a
    tool that the client calls strict · to any, which is asked for calls that must come as well."""
    tool_ids: Literal["as_is", "nine"] = "as_is"
    """Mistral's tokenizer takes ids of exactly nine letters and digits."""

    structured: Literal["json_schema", "text"] = "json_schema"
    """``response_format`` of type ``json_schema``, or the schema told in the system prompt."""
    keeps_schema: bool = False
    """Whether an answer under ``json_schema`` is valid for sure; if not, it is held back until it
    has been checked."""
    schema_beside_tools: bool = False
    """Whether a schema for the text leaves the model free to call a tool instead."""

    stop: Literal["here", "told"] = "here"
    """The text is cut here · the host stops and tells by which sequence
    (``stop_reason``, ``matched_stop``)."""
    top_k: bool = False
    images_in_results: bool = False
    """Whether messages of the role ``tool`` may hold images; else a user message follows."""
    pdf: bool = False
    """Whether ``file`` parts with a PDF are read."""
    user: bool = True
    """Whether ``user`` takes the end user's id."""
    service_tiers: bool = False
    priority: bool = False
    """Whether ``priority`` tells who goes first."""
    cache_salts: bool = False
    """Whether prefix caches are kept apart by workspace with ``cache_salt``."""

    counting: Counting = "estimate"
    window: Literal["unknown", "models", "props", "ollama", "lmstudio"] = "models"
    """Where the window is read: nowhere · in the list of models · ``/props`` · Ollama's
    ``/api/show`` · LM Studio's ``/api/v0/models``."""
