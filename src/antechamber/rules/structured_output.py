"""What output that is held to a schema asks of the request: the schema, and what goes with it.

Source: platform.claude.com/docs/en/build-with-claude/structured-outputs.
"""

from collections.abc import Iterator

from antechamber.rules.citations import citable, is_cited
from antechamber.rules.messages import ends_in_prefill
from antechamber.rules.reading import Prompt, Reading
from antechamber.rules.schema_subset import first_unsupported, tally
from antechamber.rules.tool_schema import INVALID, is_json_schema
from antechamber.rules.tools import custom_tools, definitions
from antechamber.wire.declarations import NamedTool
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import JsonObject

_MAX_STRICT_TOOLS = 20
_MAX_OPTIONAL_PARAMETERS = 24
_MAX_UNION_PARAMETERS = 16


def output_schema(request: Prompt) -> tuple[str, JsonObject] | None:
    """Return the schema of the answer and its path; ``output_format`` is the older name."""
    if request.output_config is not None and request.output_config.format is not None:
        return "output_config.format.schema", request.output_config.format.schema_
    if request.output_format is not None:
        return "output_format.schema", request.output_format.schema_
    return None


def refuse_schemas_outside_the_subset(reading: Reading) -> None:
    """Of strict tools, then of the answer."""
    for where, schema in _held_to(reading):
        if where.startswith("output") and not is_json_schema(schema):
            raise InvalidRequest(f"{where}: {INVALID}")
        fault = first_unsupported(schema)
        if fault is not None:
            raise InvalidRequest(f"{where}: {fault}")


def _held_to(reading: Reading) -> Iterator[tuple[str, JsonObject]]:
    for path, tool in custom_tools(reading):
        if tool.strict:
            yield path, tool.input_schema
    answer = output_schema(reading.request)
    if answer is not None:
        yield answer


def refuse_schemas_beyond_the_limits(reading: Reading) -> None:
    """Summed over everything that is held to a schema in this request."""
    tools = (tool for _, tool in definitions(reading.request))
    strict = [tool for tool in tools if isinstance(tool, NamedTool) and tool.strict]
    tallies = [tally(schema) for _, schema in _held_to(reading)]
    if (
        len(strict) > _MAX_STRICT_TOOLS
        or sum(each.optional_parameters for each in tallies) > _MAX_OPTIONAL_PARAMETERS
        or sum(each.union_parameters for each in tallies) > _MAX_UNION_PARAMETERS
    ):
        raise InvalidRequest("Schema is too complex for compilation.")


# The documents say that both are refused and not in which words.
def refuse_what_a_schema_excludes(reading: Reading) -> None:
    """Prefill would stand before the JSON, citations would cut it into pieces."""
    answer = output_schema(reading.request)
    if answer is None:
        return
    where = answer[0].removesuffix(".schema")
    if ends_in_prefill(reading):
        raise InvalidRequest(
            f"{where}: structured outputs are not supported with assistant message prefill. "
            "The conversation must end with a user message."
        )
    if any(is_cited(block) for _, block in citable(reading.request)):
        raise InvalidRequest(
            f"{where}: structured outputs are not supported when citations are enabled"
        )


def refuse_schemas_where_the_model_does(reading: Reading) -> None:
    """Hosted: models before 4.5."""
    answer = output_schema(reading.request)
    if answer is not None and not reading.context.facts.supports.structured_outputs:
        # Claude Code 2.1.330 looks for these words
        raise InvalidRequest(f"{answer[0].removesuffix('.schema')}: Extra inputs are not permitted")
