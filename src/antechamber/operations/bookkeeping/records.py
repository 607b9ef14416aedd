"""What is kept of a request when it is over: who asked, who answered, how much, how long."""

import msgspec

from antechamber.wire.responses import ServiceTier


class Counts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a request has used, by kind of token, and how it was served."""

    input_tokens: int = 0
    """What stands after the last breakpoint of the cache."""
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    """Part of the output tokens."""
    web_searches: int = 0
    """Of an upstream, for the answer."""
    service_tier: ServiceTier = "standard"
    inference_geo: str | None = None
    speed: str | None = None

    def bounded(self) -> "Counts":
        """Return them as far as they can be counted: an upstream may tell any number."""
        counts = (
            self.input_tokens
            | self.cache_write_5m_tokens
            | self.cache_write_1h_tokens
            | self.cache_read_tokens
            | self.output_tokens
            | self.thinking_tokens
            | self.web_searches
        )
        # No bit beyond the last, nor the sign: that is asked of every request.
        if not counts >> _BITS:
            return self
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        within = {name: max(0, min(number, _MOST)) for name, number in numbers.items()}
        return msgspec.structs.replace(self, **within)


NOTHING = Counts()
_BITS = 31
_MOST = 2**_BITS - 1
"""What an integer of the database holds; a thousand times what any request has."""
_NUMBERS = [field.name for field in msgspec.structs.fields(Counts) if field.type is int]


class TurnRecord(msgspec.Struct, frozen=True, gc=False):
    """One request that an engine was asked for; ledger, metrics and traces are made of it."""

    request_id: str
    started_at: float
    """Unix time, when the request's head had been read."""
    first_event_s: float | None
    """From then to the first event of the answer; None where there was none."""
    total_s: float
    workspace_id: str
    key_id: str | None
    model: str
    """The canonical id."""
    engine: str
    upstream_model: str
    ending: str
    """``ended``; ``left`` by the client; ``cut`` by a script; ``bug``; the type of an error; of a
    relayed answer ``status`` and its number."""
    streams: bool
    counts: Counts = NOTHING
    asked_model: str | None = None
    """The id as the request had it: a price may be for one name of a model alone."""
    trace_parent: str | None = None
    """The header ``traceparent`` of the request (W3C Trace Context)."""
