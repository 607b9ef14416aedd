"""One request as it is sent, and what is learned from a host that does not take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from antechamber.dialects.openai_chat.adapting import adapted
from antechamber.dialects.openai_chat.overflow import output_limit, overflow
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.reading import ReadingPlan, Remedy
from antechamber.dialects.openai_chat.request import ChatRequest, chat_request
from antechamber.dialects.openai_chat.told import told_by
from antechamber.engines.base import TurnOrder
from antechamber.outbound.client import UpstreamRefused
from antechamber.wire.messages import MessageRequest

_MOST_LESSONS = 4
"""How often one request is changed."""
_REFUSALS = (400, 413, 422, 500)


@dataclass(slots=True, kw_only=True)
class Lessons:
    """What a host has been seen to refuse, by model; there are as many as are configured."""

    quirks: dict[str, Quirks] = field(default_factory=dict[str, Quirks])
    output_limits: dict[str, int] = field(default_factory=dict[str, int])


class Asking:
    """A turn's request; ``room`` is the output that surely fits the window, where it is known."""

    def __init__(
        self, order: TurnOrder, asked: ChatRequest, quirks: Quirks, lessons: Lessons
    ) -> None:
        self._order = order
        self._asked = asked
        self._quirks = self._as_told = quirks
        self._lessons = lessons
        self._remedy: Remedy | None = None
        self._lessons_left = _MOST_LESSONS
        self.room: int | None = None

    @property
    def request_id(self) -> str:
        """Ours; hosts that write it into their logs make one search of two."""
        return self._order.request_id

    @property
    def _cramped(self) -> bool:
        return self.room is not None and self.room < self._allowed

    @property
    def _allowed(self) -> int:
        wanted = self._order.max_tokens or 1  # to warm up one token is read and thrown away
        most = self._lessons.output_limits.get(self._order.upstream_model)
        return wanted if most is None else min(wanted, most)

    @property
    def _limit(self) -> int:
        return self._allowed if self.room is None else min(self.room, self._allowed)

    @property
    def body(self) -> Mapping[str, object]:
        """What is sent; who does not want a stream is not worth a hundred events of one."""
        body = {**self._asked.body, self._quirks.max_tokens_field: self._limit}
        request = self._order.request
        if isinstance(request, MessageRequest) and not request.stream:
            body["stream"] = False
            body.pop("stream_options", None)
        return body

    @property
    def plan(self) -> ReadingPlan:
        """How the answer is read."""
        return replace(self._asked.plan, limit_is_window=self._cramped)

    def remedy(self, remedy: Remedy) -> None:
        """Ask in another way: the answer was of no use."""
        self._remedy = remedy
        self._write()

    def learn(self, refusal: UpstreamRefused) -> bool:
        """Change the request so that it may be taken; False where there is nothing to change."""
        self._lessons_left -= 1
        told = told_by(refusal.body)
        status = refusal.upstream_status
        if told is None or self._lessons_left < 0 or status not in _REFUSALS:
            return False
        if (full := overflow(status, told)) is not None:
            if full.room is None or full.room >= self._limit:
                return False
            self.room = full.room
            return True
        model = self._order.upstream_model
        if (most := output_limit(told)) is not None and most < self._limit:
            self._lessons.output_limits[model] = most
            return True
        if (quirks := adapted(self._quirks, self.body, told)) is None:
            return False
        if quirks != replace(self._quirks, strict_tools="ignored"):
            # That one is of these tools' schemas, and no other request's matter.
            self._lessons.quirks[model] = replace(quirks, strict_tools=self._as_told.strict_tools)
        self._quirks = quirks
        self._write()
        return True

    def _write(self) -> None:
        order = self._order
        self._asked = chat_request(
            order.request,
            order.thinking,
            self._quirks,
            model=order.upstream_model,
            remedy=self._remedy,
        )
