"""What an upstream of the same API is asked: the client's bytes, but for edits of single fields."""

from collections.abc import Sequence

import msgspec

from antechamber.engines.base import RelayOrder
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services
from antechamber.rules.adjustments import adjustments, without_its_thoughts
from antechamber.rules.history import own_thinking_taken_out, without_own_thinking
from antechamber.rules.reading import Prompt
from antechamber.turn.sent_files import SentFiles
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import MessageRequest
from antechamber.wire.splice import with_fields


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request in both its forms."""

    body: bytes
    request: Prompt
    files: SentFiles | None = None
    """Those of which ``body`` has the bytes."""


def order_of(
    services: Services, asked: Asked, call: Call, candidate: Candidate
) -> tuple[RelayOrder, Sequence[str]]:
    """Return the order for ``candidate``, and the names of the fields rewritten for its model."""
    request, facts = asked.request, candidate.upstream_facts
    sent = without_own_thinking(request, services.signer.verify)
    edits: dict[str, bytes | None] = {}
    if services.settings.fidelity == "lenient":
        edits.update(adjustments(sent, facts, call.version))
    elif sent is not request:
        edits.update(without_its_thoughts(sent, facts))
    adjusted = sorted(edits)
    is_alias = candidate.upstream_model == candidate.facts.id and (
        request.model in candidate.facts.aliases
    )
    if candidate.upstream_model != request.model and not is_alias:
        edits["model"] = encode_json(candidate.upstream_model)
    body = asked.body
    if sent is not request:
        body = own_thinking_taken_out(body, request, services.signer.verify)
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
