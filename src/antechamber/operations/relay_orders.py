"""What an upstream of the same API is asked: the client's bytes, but for edits of single fields."""

from collections.abc import Sequence

import msgspec

from antechamber.engines.base import RelayOrder
from antechamber.operations.call import Call
from antechamber.operations.routing import Candidate
from antechamber.operations.services import Services
from antechamber.rules.adjustments import adjustments
from antechamber.rules.history import own_thinking_taken_out
from antechamber.rules.reading import Prompt
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import MessageRequest
from antechamber.wire.splice import with_fields


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request in both its forms."""

    body: bytes
    request: Prompt


def order_of(
    services: Services, asked: Asked, call: Call, candidate: Candidate
) -> tuple[RelayOrder, Sequence[str]]:
    """Return the order for ``candidate``, and the names of the fields rewritten for its model."""
    request = asked.request
    edits: dict[str, bytes | None] = {}
    adjusted: list[str] = []
    if services.settings.fidelity == "lenient":
        edits.update(adjustments(request, candidate.upstream_facts, call.version))
        adjusted = sorted(edits)
    is_alias = candidate.upstream_model == candidate.facts.id and (
        request.model in candidate.facts.aliases
    )
    if candidate.upstream_model != request.model and not is_alias:
        edits["model"] = encode_json(candidate.upstream_model)
    body = own_thinking_taken_out(asked.body, request, services.signer.verify)
    is_message = isinstance(request, MessageRequest)
    order = RelayOrder(
        path="/v1/messages" if is_message else "/v1/messages/count_tokens",
        body=with_fields(body, edits),
        facts=candidate.facts,
        upstream_model=candidate.upstream_model,
        streams=is_message and bool(request.stream),
        version=call.version,
        betas=call.beta_list,
        headers=call.passed_on,
        request_id=call.request_id,
    )
    return order, adjusted
