"""Every rule on a request, in the order in which they are asked; the first that fails is reported.

Shapes come before meaning, tools before messages, a model's refusals before what this server lacks:
a client that repairs what it is told then meets its faults in the order of the hosted API.
"""

from collections.abc import Callable

from antechamber.rules import (
    addresses,
    betas,
    cache_control,
    citations,
    context_management,
    effort,
    features,
    hosted_shapes,
    media,
    messages,
    output_limit,
    sampling,
    server_tools,
    signatures,
    structured_output,
    system_messages,
    text,
    thinking_rules,
    tool_choice,
    tool_results,
    tool_schema,
    tools,
)
from antechamber.rules.context import RuleContext
from antechamber.rules.context_management import check_context_edits
from antechamber.rules.output_limit import check_window
from antechamber.rules.reading import Reading, read
from antechamber.wire.messages import CountTokensRequest, MessageRequest

__all__ = ["check_context_edits", "check_count", "check_message", "check_window"]

Rule = Callable[[Reading], None]

_PUBLISHED_SHAPE: tuple[Rule, ...] = (
    betas.refuse_betas_without_their_header,
    hosted_shapes.refuse_shapes_beyond_the_published,
    # Before their places are looked at: a model that takes none has no places for them.
    system_messages.refuse_system_messages_where_the_model_does,
)
_STRUCTURE: tuple[Rule, ...] = (
    tools.refuse_names_that_come_twice,
    tool_schema.refuse_tool_schemas_that_are_none,
    tools.refuse_to_defer_every_tool,
    tool_choice.refuse_choices_without_such_a_tool,
    messages.refuse_a_first_message_that_is_not_the_users,
    system_messages.refuse_misplaced_system_messages,
    messages.refuse_empty_messages,
    text.refuse_breakpoints_on_empty_text,
    text.refuse_blank_text,
    text.refuse_a_blank_end_of_prefill,
    messages.refuse_blocks_of_the_other_role,
    messages.refuse_what_version_2026_10_21_closed,
    tool_results.refuse_repeated_call_ids,
    tool_results.refuse_unpaired_calls_and_results,
    server_tools.refuse_unpaired_server_tool_blocks,
    tools.refuse_references_to_undeclared_tools,
    media.refuse_media_that_are_not_what_they_say,
    citations.refuse_citations_of_some_only,
    cache_control.refuse_misused_breakpoints,
    context_management.refuse_clearing_of_thinking_in_second_place,
    tool_choice.refuse_force_while_thinking_on_a_budget,
    thinking_rules.refuse_a_tool_loop_without_its_thought,
    signatures.refuse_altered_thinking,
    structured_output.refuse_schemas_outside_the_subset,
    structured_output.refuse_schemas_beyond_the_limits,
    structured_output.refuse_what_a_schema_excludes,
    # For relays too: their upstream may stand in the operator's own network.
    addresses.refuse_sources_that_are_not_public,
)
_MODEL: tuple[Rule, ...] = (
    thinking_rules.refuse_modes_where_the_model_does,
    effort.refuse_efforts_where_the_model_does,
    tool_choice.refuse_force_where_the_model_does,
    messages.refuse_prefill_where_the_model_does,
    thinking_rules.refuse_an_end_in_thought,
    structured_output.refuse_schemas_where_the_model_does,
    context_management.refuse_clearing_of_thinking_without_any,
)
_LATER: tuple[Rule, ...] = (
    features.refuse_tools_of_the_server,
    features.refuse_parameters_of_what_comes_later,
    features.refuse_compactions,
    features.refuse_container_uploads,
)


_MOOT_WHEN_PLAIN: frozenset[Rule] = frozenset(
    {
        tools.refuse_names_that_come_twice,
        tool_schema.refuse_tool_schemas_that_are_none,
        tools.refuse_to_defer_every_tool,
        tool_choice.refuse_choices_without_such_a_tool,
        tool_results.refuse_repeated_call_ids,
        tool_results.refuse_unpaired_calls_and_results,
        server_tools.refuse_unpaired_server_tool_blocks,
        tools.refuse_references_to_undeclared_tools,
        media.refuse_media_that_are_not_what_they_say,
        citations.refuse_citations_of_some_only,
        context_management.refuse_clearing_of_thinking_in_second_place,
        tool_choice.refuse_force_while_thinking_on_a_budget,
        thinking_rules.refuse_a_tool_loop_without_its_thought,
        signatures.refuse_altered_thinking,
        structured_output.refuse_schemas_outside_the_subset,
        structured_output.refuse_schemas_beyond_the_limits,
        structured_output.refuse_what_a_schema_excludes,
        features.refuse_tools_of_the_server,
        features.refuse_compactions,
        features.refuse_container_uploads,
        addresses.refuse_sources_that_are_not_public,
    }
)
"""Rules about what a plain request does not have. Most requests are plain, and to ask each of these
would cost as much as to parse the request."""
_STRUCTURE_OF_PLAIN = tuple(rule for rule in _STRUCTURE if rule not in _MOOT_WHEN_PLAIN)
_LATER_OF_PLAIN = tuple(rule for rule in _LATER if rule not in _MOOT_WHEN_PLAIN)


def check_message(request: MessageRequest, context: RuleContext) -> None:
    """Raise what the hosted API would answer to the first fault of ``POST /v1/messages``."""
    if not context.engine_is_claude_family:
        features.refuse_threads(request)
    reading = read(request, context)
    _apply(_PUBLISHED_SHAPE if context.hosted else (), reading)
    text.refuse_blank_stop_sequences(request)
    output_limit.refuse_output_beyond_the_cap(request, reading)
    plain = reading.is_plain
    _apply(_STRUCTURE_OF_PLAIN if plain else _STRUCTURE, reading)
    thinking_rules.refuse_a_budget_beyond_the_output(request, reading)
    output_limit.refuse_what_needs_output_without_any(request, reading)
    if context.hosted:
        _apply(_MODEL, reading)
        sampling.refuse_sampling_where_the_hosted_api_does(request, reading)
        features.refuse_geography_where_the_model_does(request, reading)
    if not context.engine_is_claude_family:
        _apply(_LATER_OF_PLAIN if plain else _LATER, reading)
        features.refuse_user_profiles(request)


def check_count(request: CountTokensRequest, context: RuleContext) -> None:
    """Raise what the hosted API would answer to ``POST /v1/messages/count_tokens``."""
    reading = read(request, context)
    _apply(_PUBLISHED_SHAPE if context.hosted else (), reading)
    _apply(_STRUCTURE, reading)
    _apply(_MODEL if context.hosted else (), reading)
    _apply(() if context.engine_is_claude_family else _LATER, reading)


def _apply(rules: tuple[Rule, ...], reading: Reading) -> None:
    for rule in rules:
        rule(reading)
