"""One request as it is sent, and what is learned from a host that does not take it."""

from collections.abc import Mapping
from dataclasses import replace

from antechamber.dialects.openai_chat.adapting import Change, adapted
from antechamber.dialects.openai_chat.overflow import output_limit, overflow
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.reading import ReadingPlan, Remedy
from antechamber.dialects.openai_chat.request import ChatRequest, chat_request
from antechamber.dialects.openai_chat.told import told_by
from antechamber.engines.base import TurnOrder
from antechamber.engines.openai_chat.remembering import Lessons
from antechamber.outbound.client import UpstreamRefused
from antechamber.wire.messages import MessageRequest

_MOST_LESSONS = 4
"""How often one request is changed."""
_REFUSALS = (400, 413, 422, 500)


class Asking:
    """A turn's request; ``room`` is the output that surely fits the window, where it is known.

    Of several changes only the last is known to have helped when the host takes the request, so
    that alone becomes a lesson; the others are learned from later requests.
    """

    def __init__(
        self, order: TurnOrder, asked: ChatRequest, quirks: Quirks, lessons: Lessons
    ) -> None:
        self._order = order
        self._asked = asked
        self._quirks = self._usual = quirks
        self._lessons = lessons
        self._most = lessons.output_limit(order.upstream_model)
        self._untried: Change | int | None = None
        """What was changed last, an output limit included; the host has not taken it yet."""
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
        return wanted if self._most is None else min(wanted, self._most)

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

    def change(self, refusal: UpstreamRefused) -> bool:
        """Change the request so that it may be taken; False where there is nothing to change."""
        self._untried = None
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
        if (most := output_limit(told)) is not None and most < self._limit:
            self._most = self._untried = most
            return True
        if (change := adapted(self._quirks, self.body, told)) is None:
            return False
        self._untried = change
        self._quirks = change.of(self._quirks)
        self._write()
        return True

    def taken(self) -> None:
        """Learn from what was changed: the host has taken the request."""
        model = self._order.upstream_model
        match self._untried:
            case int(most):
                self._lessons.learn_output_limit(model, most)
            case Change(lasts=True) as change:
                self._lessons.learn(model, self._usual, change)
            case _:
                pass
        self._untried = None

    def _write(self) -> None:
        order = self._order
        self._asked = chat_request(
            order.request,
            order.thinking,
            self._quirks,
            model=order.upstream_model,
            remedy=self._remedy,
        )
