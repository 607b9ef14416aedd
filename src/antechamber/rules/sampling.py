"""Which sampling parameters the hosted API refuses; here every one has an effect.

Source: platform.claude.com/docs/en/api/migration-2026-10-21 and the pages of the models.
"""

from antechamber.rules.reading import Reading
from antechamber.rules.thinking import thinks_at_all
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest

_DEFAULTS = {"temperature": 1.0, "top_p": 1.0, "top_k": 0}
_FEWEST_TOP_P = 0.95
_CONSULT = (
    "Please consult our documentation at "
    "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
)


def refuse_sampling_where_the_hosted_api_does(request: MessageRequest, reading: Reading) -> None:
    """Hosted: by version, by model, and while thinking."""
    asked: dict[str, float | None] = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if not given:
        return
    context = reading.context
    for name, value in given.items():
        refused = context.facts.refuses.sampling and value != _DEFAULTS[name]
        if refused or context.version == "2026-10-21":
            # UKGovernmentBEIS/inspect_ai#3721
            raise InvalidRequest(f"`{name}` is deprecated for this model.")
    if context.facts.refuses.temperature_with_top_p and {"temperature", "top_p"} <= given.keys():
        # BerriAI/litellm#15097
        raise InvalidRequest(
            "`temperature` and `top_p` cannot both be specified for this model. "
            "Please use only one."
        )
    if thinks_at_all(request, context.facts, context.fidelity):
        _refuse_while_thinking(request)


def _refuse_while_thinking(request: MessageRequest) -> None:
    if request.temperature is not None and request.temperature != _DEFAULTS["temperature"]:
        # mnfst/modelparams.dev#214
        raise InvalidRequest(
            "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. "
            + _CONSULT
        )
    if request.top_p is not None and request.top_p < _FEWEST_TOP_P:
        # n8n-io/n8n#14288 and later reports with the limit
        raise InvalidRequest(
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled "
            f"or in adaptive mode. {_CONSULT}"
        )
    if request.top_k is not None:
        # quarkiverse/quarkus-langchain4j#1812
        raise InvalidRequest(f"`top_k` must be unset when thinking is enabled. {_CONSULT}")
