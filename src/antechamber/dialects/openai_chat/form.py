"""How an answer is bound to a form: by the host, by words in the system prompt, by a check."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from antechamber.dialects.declared_tools import declared_tools
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.reading import Remedy
from antechamber.dialects.openai_chat.tools import (
    Calling,
    call_prompt,
    call_schema,
    calling,
    is_closed,
)
from antechamber.dialects.raw_prompt.constraint import JsonSchema
from antechamber.dialects.raw_prompt.tools import tool_prompt
from antechamber.wire.messages import CountTokensRequest, MessageRequest

_ANSWER_IN_JSON = "Answer with nothing but JSON that follows this JSON Schema:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a request says about calls and the form of the text, and what is left to check."""

    calling: Calling
    fields: Mapping[str, object]
    """``response_format``, where the host is to keep to one."""
    addendum: str = ""
    answer_schema: Mapping[str, object] | None = None
    text_is_call: bool = False


def form_of(
    request: MessageRequest | CountTokensRequest, quirks: Quirks, remedy: Remedy | None
) -> Form:
    """Decide the form; raises ``InvalidRequest`` for a choice of tool that is not there."""
    called = calling(request, declared_tools(request), quirks)
    unheeded = called.must_call and (quirks.tool_choice == "unheeded" or quirks.tools_in_text)
    if unheeded or (remedy is not None and remedy.bind == "call"):
        return _bound_call(called, quirks, remedy)
    told = ""
    if quirks.tools_in_text:
        told = tool_prompt(called.tools) if called.tools else ""
        called = replace(called, fields={})
    if (schema := _answer_schema(request)) is None:
        return Form(calling=called, fields={}, addendum=told)
    if remedy is not None:
        called, told = Calling(), ""
    beside = bool(called.tools) and not quirks.schema_beside_tools
    if quirks.structured == "text" or beside:
        text = _ANSWER_IN_JSON + JsonSchema(schema=schema).as_text()
        addendum = f"{told}\n\n{text}" if told else text
        return Form(calling=called, fields={}, addendum=addendum, answer_schema=schema)
    closed = is_closed(schema)
    strict = closed or quirks.strict_tools != "closed"
    kept = quirks.keeps_schema and strict
    return Form(
        calling=called,
        fields={"response_format": _response_format("answer", schema, strict=strict)},
        addendum=told,
        answer_schema=None if kept else schema,
    )


def _bound_call(called: Calling, quirks: Quirks, remedy: Remedy | None) -> Form:
    wanted = remedy.tool if remedy is not None else None
    tools = tuple(tool for tool in called.tools if wanted in (None, tool.name)) or called.tools
    fields: dict[str, object] = {}
    if quirks.structured == "json_schema":
        schema = call_schema(tools, quirks)
        fields["response_format"] = _response_format("call", schema, strict=is_closed(schema))
    return Form(
        calling=Calling(tools=tools, must_call=True, one_call=True),
        fields=fields,
        addendum=call_prompt(tools, quirks),
        text_is_call=True,
    )


def _response_format(name: str, schema: Mapping[str, object], *, strict: bool) -> dict[str, object]:
    return {
        "type": "json_schema",
        "json_schema": {"name": name, "schema": schema, "strict": strict},
    }


def _answer_schema(
    request: MessageRequest | CountTokensRequest,
) -> Mapping[str, object] | None:
    form = request.output_config.format if request.output_config else None
    form = form or request.output_format
    return form.schema_ if form else None
