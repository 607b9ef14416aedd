"""What would change the answer and is not served yet: refused in the API's own words, not ignored.

An engine of the Claude family has these itself; nothing here is asked of requests to one.
"""

from collections.abc import Iterator

from antechamber.rules.reading import Prompt, Reading
from antechamber.rules.tools import definitions, tag_of
from antechamber.wire.blocks import (
    CompactionBlock,
    ContainerUploadBlock,
    ToolAdditionBlock,
    ToolRemovalBlock,
)
from antechamber.wire.config import ContainerParams, ThinkingAdaptive, ThinkingEnabled
from antechamber.wire.declarations import NamedTool
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest

_SERVER_TOOLS = (
    "web_search_",
    "web_fetch_",
    "code_execution_",
    "tool_search_tool_",
    "advisor_",
    "mcp_toolset",
)


def refuse_threads(request: MessageRequest) -> None:
    """The SDK's tool runner reads the code and goes on by itself, with full histories.

    Comes before every other rule: a continued thread sends nothing but its newest message, which
    would look like a result without its call.
    """
    if request.thread is not None:
        raise InvalidRequest(
            "thread: Message threads are not supported for this request. "
            "Resend it without `thread` and with the full conversation.",
            details={"error_code": "thread_unsupported_request", "unsupported": []},
        )


def refuse_tools_of_the_server(reading: Reading) -> None:
    """Whatever the server would have to run; and tools that only such code may call."""
    for path, tool in definitions(reading.request):
        tag = tag_of(tool)
        if tag.startswith(_SERVER_TOOLS):
            raise _no_such_type(reading, tag)
        callers = tool.allowed_callers if isinstance(tool, NamedTool) else None
        if callers and "direct" not in callers:
            raise InvalidRequest(
                f"{path}.allowed_callers: "
                f"'{reading.context.asked_model}' does not support programmatic tool calling"
            )
    for change in reading.every(ToolAdditionBlock, ToolRemovalBlock):
        if change.block.tool.type.startswith("mcp_"):
            raise _no_such_type(reading, change.block.tool.type)


def _no_such_type(reading: Reading, tag: str) -> InvalidRequest:
    # platform.claude.com/docs/en/about-claude/models, page of Opus 5.5
    return InvalidRequest(f"'{reading.context.asked_model}' does not support tool types: {tag}.")


def refuse_parameters_of_what_comes_later(reading: Reading) -> None:
    """Values that ask for nothing (empty lists, the sender's own bill) are fine."""
    # platform.claude.com/docs/en/build-with-claude/fast-mode: without effect on 4.6
    ignores_speed = reading.context.hosted and reading.context.facts.fast_mode == "ignored"
    for name in _asked(reading.request):
        if name == "speed" and ignores_speed:
            continue
        # Claude Code 2.1.330 looks for these words, with the name of the model that it sent
        raise InvalidRequest(
            f"'{reading.context.asked_model}' does not support the `{name}` parameter"
        )


def refuse_user_profiles(request: MessageRequest) -> None:
    """There are none, so none is found."""
    if request.user_profile_id is not None:
        raise InvalidRequest(
            f"user_profile_id: User profile `{request.user_profile_id}` not found.",
            details={"error_code": "user_profile_not_found"},
        )


def _asked(request: Prompt) -> Iterator[str]:
    if request.mcp_servers:
        yield "mcp_servers"
    if request.speed == "fast":
        yield "speed"
    if request.output_config is not None and request.output_config.task_budget is not None:
        yield "output_config.task_budget"
    if _drops_thoughts(request):
        yield "thinking.block_binding.prefix_mismatch_behavior"
    if request.compaction is not None:
        yield "compaction"
    if request.billing_policy is not None and request.billing_policy.bill_to == "user_profile":
        yield "billing_policy"
    if isinstance(request, MessageRequest):
        yield from _asked_of_an_answer(request)


def _asked_of_an_answer(request: MessageRequest) -> Iterator[str]:
    if isinstance(request.container, str) or _names_something(request.container):
        yield "container"
    if request.fallbacks:
        yield "fallbacks"
    if request.fallback_credit_token is not None:
        yield "fallback_credit_token"


def _drops_thoughts(request: Prompt) -> bool:
    """Signatures here are not bound to their place, so that no mismatch would be seen."""
    thinking = request.thinking
    if not isinstance(thinking, ThinkingEnabled | ThinkingAdaptive):
        return False
    binding = thinking.block_binding
    return binding is not None and binding.prefix_mismatch_behavior == "drop_block"


def _names_something(container: ContainerParams | None) -> bool:
    return container is not None and bool(container.id or container.skills)


def refuse_container_uploads(reading: Reading) -> None:
    """There is no container to put a file into."""
    for upload in reading.every(ContainerUploadBlock):
        # platform.claude.com/docs/en/build-with-claude/files, of code execution; our words
        raise InvalidRequest(
            f"{upload.path}: `container_upload` blocks need the code execution tool"
        )


def refuse_compactions(reading: Reading) -> None:
    """None was made here, so no signature on one can be ours."""
    for placed in reading.every(CompactionBlock):
        raise InvalidRequest(
            f"{placed.path}: Invalid `signature` in `compaction` block",
            details={"error_code": "compaction_signature_invalid"},
        )


def refuse_geography_where_the_model_does(request: MessageRequest, reading: Reading) -> None:
    """Hosted: models before 4.6."""
    if request.inference_geo is not None and reading.context.facts.refuses.inference_geo:
        # platform.claude.com/docs/en/build-with-claude/data-residency; words after its neighbours
        raise InvalidRequest(
            f"'{reading.context.asked_model}' does not support the `inference_geo` parameter"
        )
