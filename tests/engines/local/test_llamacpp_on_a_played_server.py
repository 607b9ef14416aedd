"""The llama.cpp completer against a server that plays answers, good ones and garbage."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import web

from antechamber.dialects.raw_prompt.constraint import Constraint, JsonSchema
from antechamber.engines.local.completer import Finished, ModelAway, Piece, Sampling
from antechamber.engines.local.llamacpp import LlamaCppCompleter, _cached
from antechamber.outbound.client import Timeouts, UpstreamClient, UpstreamUnreachable
from antechamber.runtime.clock import SystemClock
from antechamber.wire.errors import EngineFailed, EngineTimedOut, InvalidRequest, Overloaded

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NAME = "The model over there"
TINY_S = 0.05
SCHEMA = JsonSchema(schema={"type": "object"})
PROPS: dict[str, object] = {
    "chat_template": "x",
    "default_generation_settings": {"n_ctx": 100},
    "total_slots": 1,
}


class HurryingClock(SystemClock):
    """Its time passes only while somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self._seconds += seconds


@asynccontextmanager
async def serving(
    *, get: Handler | None = None, post: Handler | None = None, **timeouts: float
) -> AsyncGenerator[LlamaCppCompleter]:
    """Give a completer that talks to the handlers."""
    app = web.Application()
    if get is not None:
        app.router.add_get("/{any}", get)
    if post is not None:
        app.router.add_post("/{any}", post)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    client = UpstreamClient(
        NAME, f"http://127.0.0.1:{port}", headers={}, timeouts=Timeouts(**timeouts)
    )
    completer = LlamaCppCompleter(client, SystemClock(), start_timeout_s=0.001)
    try:
        yield completer
    finally:
        await completer.aclose()
        await runner.cleanup()


def answering(body: object, *, status: int = 200) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(text=text, status=status)

    return handler


def streaming(*chunks: bytes, then: str = "end") -> Handler:
    """Send ``chunks``, then end, break the connection, or be silent until the client has left."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if then == "break":
            assert request.transport is not None
            request.transport.abort()
        if then == "silence":
            await asyncio.Event().wait()
        return response

    return handler


def event(**data: object) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


HELLO = event(content="Hello", stop=False)
END = event(content="", stop=True, stop_type="eos", tokens_predicted=1)


async def completed(
    completer: LlamaCppCompleter, constraint: Constraint | None = None
) -> list[Piece | Finished]:
    stream = completer.complete([1], Sampling(max_tokens=5), constraint)
    async with aclosing(stream):
        return [piece async for piece in stream]


async def test_all_parts_are_tokenised_by_one_request() -> None:
    bodies: list[dict[str, object]] = []

    async def tokenize(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        return web.json_response({"tokens": [1, 2]})

    async with serving(post=tokenize) as completer:
        assert await completer.tokenize(["<", "|im_start|>"]) == [1, 2]

    assert [body["content"] for body in bodies] == [["<", "|im_start|>"]]


async def test_the_last_event_counts_also_without_a_blank_line_behind_it() -> None:
    async with serving(post=streaming(HELLO, END.rstrip())) as completer:
        assert await completed(completer) == [
            Piece(text="Hello", tokens=1),
            Finished(reason="end", tokens=1),
        ]


@pytest.mark.parametrize(
    "data",
    [
        b"data: not json\n\n",
        b"data: []\n\n",
        b'data: {"content": 7}\n\n',
        b'data: {"stop": true, "stop_type": "word"}\n\n',
        b'data: {"stop": true, "tokens_predicted": "x"}\n\n',
        b'data: {"stop": true, "timings": null}\n\n',
        b"data: \xff\n\n",
        b"data: " + b"x" * (16 * 1024 * 1024 + 1),
    ],
)
async def test_garbage_in_a_stream_is_the_fault_of_the_named_upstream(data: bytes) -> None:
    async with serving(post=streaming(data)) as completer:
        with pytest.raises(EngineFailed, match=NAME):
            await completed(completer)


@pytest.mark.parametrize("answer", [[], {}, {"tokens": None}, {"tokens": ["x"]}, "not json", "7"])
async def test_garbage_instead_of_tokens_is_the_fault_of_the_named_upstream(answer: object) -> None:
    async with serving(post=answering(answer)) as completer:
        with pytest.raises(EngineFailed, match=NAME):
            await completer.tokenize(["x"])


@pytest.mark.parametrize(
    "props",
    [
        *([], {}, "null", "not json", PROPS | {"total_slots": None}, PROPS | {"total_slots": 0}),
        PROPS | {"default_generation_settings": None},
    ],
)
async def test_garbage_instead_of_a_description_is_the_fault_of_the_named_upstream(
    props: object,
) -> None:
    async def get(request: web.Request) -> web.StreamResponse:
        return await answering({} if request.path == "/health" else props)(request)

    async with serving(get=get) as completer:
        with pytest.raises(EngineFailed, match=NAME):
            await completer.card()


async def test_a_model_that_loads_for_too_long_is_a_timeout() -> None:
    async with serving(get=answering({}, status=503)) as completer:
        with pytest.raises(EngineTimedOut, match=NAME):
            await completer.card()


def at_nothing(**limits: float) -> LlamaCppCompleter:
    """Give a completer of an address where nothing listens."""
    client = UpstreamClient(NAME, "http://127.0.0.1:1", headers={}, timeouts=Timeouts())
    return LlamaCppCompleter(client, HurryingClock(), **limits)  # pyright: ignore[reportArgumentType]


async def test_a_server_that_nothing_answers_at_is_waited_for_briefly() -> None:
    absent = at_nothing(start_timeout_s=120, away_timeout_s=2)

    with pytest.raises(UpstreamUnreachable, match=f"^{NAME} cannot be reached\\.$"):
        await absent.card()
    first = absent._clock.monotonic()
    with pytest.raises(UpstreamUnreachable):
        await absent.card()

    assert first == pytest.approx(2, abs=0.1)
    assert absent._clock.monotonic() == first  # known to be away: nobody waits for it again
    await absent.aclose()


async def test_our_own_child_is_waited_for_also_while_nothing_answers() -> None:
    absent = at_nothing(start_timeout_s=120)

    with pytest.raises(EngineTimedOut, match="did not load in time"):
        await absent.card()

    assert absent._clock.monotonic() == pytest.approx(120, abs=0.1)
    await absent.aclose()


async def test_a_server_elsewhere_that_loads_is_waited_for_longer() -> None:
    looks = 0

    async def get(request: web.Request) -> web.StreamResponse:
        nonlocal looks
        looks += 1
        loading = looks < 100  # five seconds between them
        return await answering(PROPS, status=503 if loading else 200)(request)

    async with serving(get=get) as played:
        completer = LlamaCppCompleter(
            played._client, HurryingClock(), start_timeout_s=120, away_timeout_s=2
        )
        assert (await completer.card()).window_tokens == 100


async def test_a_server_that_came_back_is_waited_for_again() -> None:
    here = True

    async def get(request: web.Request) -> web.StreamResponse:
        if not here:
            assert request.transport is not None
            request.transport.abort()
        return await answering(PROPS)(request)

    async with serving(get=get) as played:
        clock = HurryingClock()
        completer = LlamaCppCompleter(played._client, clock, start_timeout_s=120, away_timeout_s=2)
        for _ in range(2):
            here = False
            before = clock.monotonic()
            with pytest.raises(Overloaded):
                await completer.card()
            assert clock.monotonic() - before == pytest.approx(2, abs=0.1)
            here = True
            await completer.card()


async def test_a_grammar_that_is_refused_was_too_complex() -> None:
    async with serving(post=answering({}, status=400)) as completer:
        with pytest.raises(InvalidRequest, match="Schema is too complex for compilation"):
            await completed(completer, SCHEMA)
        with pytest.raises(EngineFailed, match="status 400"):
            await completed(completer)


async def test_the_grammars_of_huge_schemas_are_not_kept() -> None:
    _cached.cache_clear()

    async with serving() as completer:
        for length in (10, 70_000):
            completer.is_exact(JsonSchema(schema={"const": "x" * length}))

    assert _cached.cache_info().currsize == 1


async def test_a_server_that_loads_or_is_not_there_is_away() -> None:
    async with serving(post=answering({}, status=503)) as completer:
        with pytest.raises(ModelAway):
            await completer.tokenize(["x"])
        with pytest.raises(ModelAway):
            await completed(completer)
    client = UpstreamClient(NAME, "http://127.0.0.1:1", headers={}, timeouts=Timeouts())
    absent = LlamaCppCompleter(client, SystemClock(), start_timeout_s=1)
    with pytest.raises(ModelAway):
        await absent.tokenize(["x"])
    await absent.aclose()


async def test_a_connection_that_breaks_before_the_first_byte_is_overload_and_later_a_fault() -> (
    None
):
    async with serving(post=streaming(then="break")) as completer:
        with pytest.raises(Overloaded) as early:
            await completed(completer)
    assert not isinstance(early.value, ModelAway)  # it may have been at fault: never asked again
    async with serving(post=streaming(HELLO, then="break")) as completer:
        with pytest.raises(EngineFailed, match="broke off"):
            await completed(completer)


async def test_the_wait_for_the_first_token_has_its_own_limit() -> None:
    reading = event(content="", stop=False, prompt_progress={"processed": 64})
    handler = streaming(reading, then="silence")

    async with serving(post=handler, first_s=TINY_S, idle_s=600) as completer:
        with pytest.raises(EngineTimedOut):
            await completed(completer)


async def test_the_wait_between_two_tokens_has_its_own_limit() -> None:
    async with serving(
        post=streaming(HELLO, then="silence"), first_s=600, idle_s=TINY_S
    ) as completer:
        with pytest.raises(EngineTimedOut):
            await completed(completer)
