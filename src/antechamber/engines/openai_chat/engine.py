"""The engine for hosts of OpenAI's chat format: asks, reads, and asks again where it has to."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from antechamber.dialects.openai_chat.adapting import Change
from antechamber.dialects.openai_chat.faults import fault_of
from antechamber.dialects.openai_chat.quirks import BeginsInThought, Quirks
from antechamber.dialects.openai_chat.reader import AnswerUnusable, ChatReader
from antechamber.dialects.openai_chat.reading import Remedy
from antechamber.dialects.openai_chat.request import ChatRequest, chat_request
from antechamber.engines.base import EngineLimits, TurnOrder
from antechamber.engines.openai_chat.answers import events_of
from antechamber.engines.openai_chat.asking import Asking
from antechamber.engines.openai_chat.counting import Count, TokenCounter
from antechamber.engines.openai_chat.looking import Description, look
from antechamber.engines.openai_chat.remembering import Lessons
from antechamber.engines.openai_chat.spending import Spending
from antechamber.engines.openai_chat.trying import ThoughtTrial, ToolTrial
from antechamber.engines.shared_attempt import SharedAttempt
from antechamber.outbound.client import UpstreamClient, UpstreamRefused
from antechamber.runtime.clock import Clock
from antechamber.turn.events import EngineEvent, TurnEnded, UsageReported
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
)
from antechamber.wire.messages import MessageRequest

_POLL_S = 0.5
_MOST_ATTEMPTS = 3
"""A first answer and two more where it is of no use."""


class OpenAIChatEngine:
    """Takes turns on one host.

    ``client`` is connected to the host's root, ``api_path`` leads from there to the chat API
    (``hosts.split_address``). Without ``quirks`` the host is asked what it is.
    """

    def __init__(
        self,
        name: str,
        client: UpstreamClient,
        clock: Clock,
        *,
        quirks: Quirks | None = None,
        api_path: str = "/v1",
        reach: "Reach | None" = None,
    ) -> None:
        self.name = name
        self._client = client
        self._clock = clock
        self._quirks = quirks
        self._api_path = api_path
        self._reach = reach or Reach()
        self._counter = TokenCounter(client)
        self._tool_trial = ToolTrial(client, api_path, clock)
        self._thought_trial = ThoughtTrial(client, api_path, clock)
        self._looking = SharedAttempt(
            f"look-{name}", self._look, abandoned=f"{client.name} could not be asked what it is."
        )
        self._lessons = Lessons()

    @property
    def limits(self) -> EngineLimits:
        """The window, where all models have one, and what the host is known to read.

        Addresses are never left to it: it may stand in the operator's own network.
        """
        window, described = self._reach.window_tokens, self._looking.known
        if described is None:
            return EngineLimits(window_tokens=window, image_input=True)
        return EngineLimits(
            window_tokens=described.only_window if window is None else window,
            image_input=described.sees,
            pdf_input=described.quirks.pdf,
        )

    async def ready(self) -> None:
        """Return when the host lists its models; wait for one that is not there yet."""
        deadline = self._clock.monotonic() + self._reach.start_timeout_s
        while True:
            try:
                await self._looking.outcome()
            except (Overloaded, EngineTimedOut):
                if self._clock.monotonic() >= deadline:
                    raise
                await self._clock.sleep(_POLL_S)
            else:
                return

    async def _look(self) -> Description:
        # A host that comes back may have other models, and the same names for them.
        await self._forget()
        try:
            async with asyncio.timeout(self._reach.look_timeout_s):
                found = await look(self._client, self._api_path, self._quirks)
        except UpstreamRefused as error:
            raise self._fault(error) from error
        except TimeoutError as error:
            raise EngineTimedOut(f"{self._client.name} did not answer in time.") from error
        begins = self._reach.begins_in_thought
        return replace(found, quirks=replace(found.quirks, begins_in_thought=begins))

    async def _forget(self) -> None:
        self._lessons = Lessons()
        await self._tool_trial.forget()
        await self._thought_trial.forget()

    async def prepare(self, order: TurnOrder) -> "ChatTurn":
        """Write the request and count its prompt; refuse what surely does not fit the window."""
        described = await self._looking.outcome()
        quirks = await self._quirks_for(order, described)
        asked = chat_request(order.request, order.thinking, quirks, model=order.upstream_model)
        count = await self._counter.count(asked.body, quirks.counting, order.facts.image_tier)
        window = self._reach.window_tokens or described.window(order.upstream_model)
        too_long = window is not None and count.exact and count.tokens > window
        if too_long and isinstance(order.request, MessageRequest):
            # A count above the window is an answer: clients decide by it to make room.
            message = f"prompt is too long: {count.tokens} tokens > {window} maximum"
            raise InvalidRequest(message)
        return ChatTurn(
            engine=self,
            order=order,
            asked=asked,
            quirks=quirks,
            count=count,
            window_tokens=window,
        )

    async def _quirks_for(self, order: TurnOrder, described: Description) -> Quirks:
        model, lessons, usual = order.upstream_model, self._lessons, described.quirks
        if order.request.tools and await self._tool_trial.takes_no_tools(
            model, lessons.quirks(model, usual)
        ):
            lessons.learn(model, usual, Change(fields={"tools_in_text": True}))
        quirks = lessons.quirks(model, usual)
        if not _has_a_beginning(order):
            return quirks
        begins = await self._thought_trial.begins_in_thought(model, usual)
        return replace(quirks, begins_in_thought=begins)

    async def run(self, turn: "ChatTurn") -> AsyncGenerator[EngineEvent, None]:
        """Take the turn; ask again where the answer is of no use."""
        asking = Asking(turn.order, turn.asked, turn.quirks, self._lessons)
        asking.room = turn.room
        if turn.order.max_tokens == 0:
            await self._warm(asking)
            yield UsageReported(output_tokens=0)
            yield TurnEnded(stop_reason="max_tokens")
            return
        bound: Remedy | None = None
        spending = Spending()
        for _ in range(_MOST_ATTEMPTS):
            try:
                async with aclosing(self._taken(asking)) as events:
                    async for event in events:
                        yield spending.with_earlier(event)
            except AnswerUnusable as unusable:
                bound = unusable.remedy
                asking.remedy(bound)
                for event in (*unusable.closing, unusable.usage):
                    yield spending.with_earlier(event)
                spending.add(unusable.usage)
            else:
                return
        raise self._useless(bound)

    async def _warm(self, asking: Asking) -> None:
        """Have the prompt read, and throw the one token away that hosts generate at least."""
        try:
            async with aclosing(self._taken(asking)) as events:
                async for _ in events:
                    pass
        except AnswerUnusable:
            return

    def _useless(self, bound: Remedy | None) -> ApiError:
        if bound is not None and bound.bind == "answer":
            return InvalidRequest("Schema is too complex for compilation.")
        return EngineFailed(f"{self.name} did not call a tool as it was asked to.")

    async def _taken(self, asking: Asking) -> AsyncGenerator[EngineEvent, None]:
        """Ask until the host takes the request, and give its answer."""
        while True:
            reader = ChatReader(self.name, asking.plan, output_limit=asking.limit)
            try:
                async with aclosing(
                    self._answered(asking.body, reader, asking.request_id)
                ) as events:
                    async for event in events:
                        asking.taken()
                        yield event
            except UpstreamRefused as error:
                if not asking.change(error):
                    raise self._fault(error) from error
            else:
                return

    async def _answered(
        self, body: Mapping[str, object], reader: ChatReader, request_id: str
    ) -> AsyncGenerator[EngineEvent, None]:
        path = f"{self._api_path}/chat/completions"
        try:
            async with (
                self._client.stream(path, body, {"x-request-id": request_id}) as answer,
                aclosing(events_of(answer, reader, self.name)) as events,
            ):
                async for event in events:
                    yield event
        except Overloaded as error:
            if isinstance(error.__cause__, OSError):
                # Of the connection, not of the host's own words: it was ended, or is not there.
                self._looking.lost()
            raise

    def _fault(self, error: UpstreamRefused) -> ApiError:
        return fault_of(
            self.name, error.upstream_status, error.body, retry_after_s=error.retry_after_s
        )

    async def aclose(self) -> None:
        """End what still runs and close the connections."""
        await self._looking.aclose()
        await self._forget()
        await self._client.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the configuration says about a host."""

    start_timeout_s: float = 60.0
    """How long ``ready`` waits for a host that is not there yet."""
    look_timeout_s: float = 10.0
    """How long it may take to find out what the host is, all questions together."""
    window_tokens: int | None = None
    """Goes before what the host says."""
    begins_in_thought: BeginsInThought = "never"
    """Only llama-server lets it be found out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTurn:
    """A turn whose request is written and whose prompt is counted."""

    engine: OpenAIChatEngine = field(repr=False)
    order: TurnOrder
    asked: ChatRequest
    quirks: Quirks
    count: Count
    window_tokens: int | None

    @property
    def input_tokens(self) -> int:
        """The host's own count, or one that is above the truth."""
        return self.count.tokens

    @property
    def is_exact(self) -> bool:
        """Where the host's tokenizer has counted all of it."""
        return self.count.exact

    @property
    def room(self) -> int | None:
        """The output that surely fits; None where the host has to say."""
        if self.window_tokens is None or not self.count.exact:
            return None
        return max(1, self.window_tokens - self.count.tokens)

    def events(self) -> AsyncGenerator[EngineEvent, None]:
        """Take the turn."""
        return self.engine.run(self)


def _has_a_beginning(order: TurnOrder) -> bool:
    """Tell whether the caller sees how the answer begins: it is shown, and not begun already."""
    request = order.request
    if not isinstance(request, MessageRequest) or order.max_tokens == 0:
        return False
    return request.messages[-1].role != "assistant"
