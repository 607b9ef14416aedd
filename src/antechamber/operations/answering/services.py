"""What the operations work with."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from antechamber.operations.allowance.rate_limits import RateLimits
from antechamber.operations.answering.attempts import Attempts, Standing
from antechamber.operations.answering.cache_diagnosis import CacheDiagnosis
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.health import EngineHealth
from antechamber.operations.answering.prompt_cache import PromptCache
from antechamber.operations.answering.routing import Candidate, Routing
from antechamber.operations.attachments.attachments import Attachments
from antechamber.operations.bookkeeping.ledger import Ledger
from antechamber.rules.reading import Prompt
from antechamber.rules.service_tier import rank_of
from antechamber.runtime.clock import Clock
from antechamber.settings import Settings
from antechamber.store.database import Database
from antechamber.wire.encoding import encode_json
from antechamber.wire.ids import NewId
from antechamber.wire.messages import MessageRequest
from antechamber.wire.responses import ServiceTier
from antechamber.wire.signatures import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Made once for each process, by assembly."""

    settings: Settings
    database: Database
    ledger: Ledger
    limits: RateLimits
    attachments: Attachments
    prompt_cache: PromptCache
    diagnosis: CacheDiagnosis
    routing: Routing
    health: Mapping[str, EngineHealth]
    """By the name of the engine; of each replica its own."""
    signer: Signer
    clock: Clock
    tell: Callable[[dict[str, object]], None]
    """Writes an event to the log."""
    new_id: NewId
    random: Callable[[], float]
    """Returns a number from 0 to 1."""

    def attempts(self, request: Prompt, call: Call, rank: ServiceTier) -> Attempts:
        """Begin the tries of ``request``; raises ``NotFound`` for a model that is not served."""
        return Attempts(
            self.routing.candidates(request.model, lambda: _conversation(request, call)),
            self.health,
            self.clock,
            self.random,
            longest_pause_s=self.settings.routing.longest_pause_s,
            standing=Standing(rank, call.caller.workspace_id),
        )

    def preferred(self, model: str) -> Candidate:
        """Return who would serve ``model`` first; raises ``NotFound``."""
        return self.routing.candidates(model)[0]


def rank_asked(request: Prompt, call: Call) -> ServiceTier:
    """Return the service tier of a request: what it asks for, and what its key has.

    What a request of a batch asks for makes no difference.
    """
    if call.is_batch_item:
        return "batch"
    asked = request.service_tier if isinstance(request, MessageRequest) else None
    return rank_of(asked, has_priority=call.caller.has_priority)


def _conversation(request: Prompt, call: Call) -> str:
    """Return what the requests of one conversation share: its session, its user, its beginning."""
    if call.session is not None:
        return call.session
    user = request.metadata if isinstance(request, MessageRequest) else None
    if user is not None and user.user_id is not None:
        return user.user_id
    # Without breakpoints of the cache, which clients move on from turn to turn.
    beginning = [
        block.model_dump(exclude={"cache_control"}, exclude_none=True)
        for block in (*(request.system or ()), *(request.messages[0].content or ()))
    ]
    return hashlib.blake2b(encode_json(beginning), digest_size=16).hexdigest()
