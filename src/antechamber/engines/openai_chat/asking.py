"""One request as it is sent, and what is learned from a host that does not take it."""

from collections.abc import Mapping
from dataclasses import replace

from antechamber.dialects.openai_chat.adapting import Change, adapted, suspected
from antechamber.dialects.openai_chat.overflow import output_limit, overflow
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.reading import ReadingPlan, Remedy
from antechamber.dialects.openai_chat.refusal import refusal_of
from antechamber.dialects.openai_chat.request import ChatRequest, chat_request
from antechamber.dialects.openai_chat.sharing import sharing_fields
from antechamber.dialects.openai_chat.told import Told, told_by
from antechamber.engines.base import TurnOrder
from antechamber.engines.openai_chat.remembering import Lessons
from antechamber.outbound.client import UpstreamRefused
from antechamber.wire.messages import MessageRequest

_MOST_LESSONS = 8
"""How often one request is changed."""
_REFUSALS = (400, 413, 422, 500)
_SUSPICIOUS = (400, 422)
"""Of these, what is said when a field is refused, in whatever words."""


class Asking:
    """A turn's request; ``room`` is the output that surely fits the window, where it is known.

    Of several changes only the last is known to have helped when the host takes the request, so
    that becomes a lesson, and of the others those that are certain; the rest is learned from later
    requests.
    """

    def __init__(
        self, order: TurnOrder, asked: ChatRequest, quirks: Quirks, lessons: Lessons
    ) -> None:
        self._order = order
        self._asked = asked
        self._quirks = self._usual = quirks
        self._lessons = lessons
        self._most = lessons.output_limit(order.upstream_model)
        self._untried: list[Change | int] = []
        """What was changed, the last at the end, an output limit included; the host has not taken
        it yet."""
        self._is_taken = False
        self._suspects = True
        """Whether a refusal that is not understood is still worth a try."""
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
    def limit(self) -> int:
        """The most output tokens that are asked for."""
        return self._allowed if self.room is None else min(self.room, self._allowed)

    @property
    def body(self) -> Mapping[str, object]:
        """What is sent; who does not want a stream is not worth a hundred events of one."""
        order = self._order
        body = {
            **self._asked.body,
            self._quirks.max_tokens_field: self.limit,
            **sharing_fields(self._quirks, order.rank, order.workspace),
        }
        request = order.request
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
        self._is_taken = False
        self._untried = [made for made in self._untried if _is_certain(made)]
        self._lessons_left -= 1
        told = told_by(refusal.body)
        status = refusal.upstream_status
        if self._lessons_left < 0 or status not in _REFUSALS:
            return False
        if told is None:
            return self._try_without_effort(status, Told(message="", fields={}))
        if (full := overflow(status, told)) is not None:
            if full.room is None or full.room >= self.limit:
                return False
            self.room = full.room
            return True
        if (most := output_limit(told)) is not None and most < self.limit:
            self._most = most
            if refusal_of(self.body, told).owns_number(most):
                self._untried.append(most)
            return True
        change = adapted(self._quirks, self.body, told, effort_taken=self._effort_taken)
        return self._make(change) or self._try_without_effort(status, told)

    @property
    def _effort_taken(self) -> bool:
        return self._lessons.effort_taken(self._order.upstream_model)

    def _try_without_effort(self, status: int, told: Told) -> bool:
        if not self._suspects or status not in _SUSPICIOUS:
            return False
        self._suspects = False
        taken = self._effort_taken
        return self._make(suspected(self._quirks, self.body, told, effort_taken=taken))

    def _make(self, change: Change | None) -> bool:
        if change is None:
            return False
        self._untried.append(change)
        self._quirks = change.of(self._quirks)
        self._write()
        return True

    def taken(self) -> None:
        """Learn from what was changed: the host has taken the request."""
        if self._is_taken:
            return
        self._is_taken = True
        model = self._order.upstream_model
        if "reasoning_effort" in self._asked.body:
            self._lessons.learn_effort_taken(model)
        for made in self._untried:
            match made:
                case int(most):
                    self._lessons.learn_output_limit(model, most)
                case Change(lasts=True):
                    self._lessons.learn(model, self._usual, made)
                case _:
                    pass
        self._untried = []

    def _write(self) -> None:
        order = self._order
        self._asked = chat_request(
            order.request,
            order.thinking,
            self._quirks,
            model=order.upstream_model,
            remedy=self._remedy,
        )


def _is_certain(made: Change | int) -> bool:
    return isinstance(made, Change) and made.certain
