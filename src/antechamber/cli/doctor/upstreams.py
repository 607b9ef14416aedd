"""Checks of engines whose model is elsewhere: that somebody is there who takes key and path."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from antechamber.cli.doctor.finding import Finding, broken, doubtful, well
from antechamber.outbound.client import Timeouts, UpstreamClient, UpstreamRefused
from antechamber.settings import (
    GeminiEngineSettings,
    MessagesApiEngineSettings,
    OpenAIChatEngineSettings,
    UpstreamEngineSettings,
)
from antechamber.wire.errors import ApiError, EngineFailed

PATIENCE_S = 5.0
"""For everything that one server is asked."""
_VERSION = "2023-06-01"
_UNREADABLE = 0
"""Instead of a status: what came is no JSON, or not even HTTP."""
_NO_LIST = (200, 403, 404, 405, 501, _UNREADABLE)
"""Of these some hosts do not list models, and keys may be allowed to ask and not to list."""
_NOT_THERE = (200, 404, 405, _UNREADABLE)
_KEY_REFUSED = (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """What one server is asked: for its models; and, where it lists none, an empty request."""

    root: str
    listing: str
    turn: str | None
    """Where nobody answers without saying what is missing, so that no model is asked."""
    headers: Mapping[str, str]


async def check_upstream(engine: UpstreamEngineSettings) -> Finding:
    """Ask each of its servers, all at the same time; the worst answer counts."""
    subject = f"engine {engine.name}"
    if _is_cloud(engine) and not any(engine.addresses):
        return well(subject, "its cloud is not asked: a request finds out")
    found = await asyncio.gather(
        *(_check_server(engine, url or engine.usual_address) for url in engine.addresses)
    )
    worst = next((each for each in found if each.status == "broken"), None) or next(
        (each for each in found if each.status == "doubtful"), found[0]
    )
    words = dict.fromkeys(each.words for each in found if each.status == worst.status)
    return Finding(
        status=worst.status, subject=subject, words="\n".join(words), remedy=worst.remedy
    )


async def _check_server(engine: UpstreamEngineSettings, url: str) -> Finding:
    subject, door = f"engine {engine.name}", _door(engine, url)
    client = UpstreamClient(
        url,
        door.root,
        headers=door.headers,
        timeouts=Timeouts(connect_s=PATIENCE_S, idle_s=PATIENCE_S),
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _answered(engine, client, door)
    except TimeoutError:
        words = f"{url} did not answer in time."
    except ApiError as error:
        words = error.message
    except ValueError as error:  # a host that can be no name
        words = str(error)
    finally:
        await client.aclose()
    return broken(subject, words, f"start it, or correct its address: {url}")


async def _answered(engine: UpstreamEngineSettings, client: UpstreamClient, door: _Door) -> Finding:
    subject, path = f"engine {engine.name}", door.listing.partition("?")[0]
    if _is_cloud(engine):
        await _asked(client.get_json("/"))
        return well(subject, f"{client.name} is there; a request finds out the rest")
    status, answer = await _asked(client.get_json(door.listing))
    if status == 200 and _lists(answer):
        return well(subject, f"{client.name} answers")
    if status in _NO_LIST and door.turn is not None:
        path = door.turn
        status, _ = await _asked(client.post_json(path, {}))
        if status == 200 or (400 <= status < 500 and status not in (*_KEY_REFUSED, *_NOT_THERE)):
            return well(subject, f"{client.name} answers; it lists no models")
    if status in _KEY_REFUSED or (status == 400 and door.turn is None):
        words = f"{client.name} refuses the key (status {status})"
        return broken(subject, words, _about_key(engine))
    if status in _NOT_THERE:
        words = f"{client.name} has nothing at {urlsplit(door.root).path}{path}"
        return broken(subject, words, _about_address(engine))
    return doubtful(subject, f"{client.name} answered with status {status}", "look at its log")


def _is_cloud(engine: UpstreamEngineSettings) -> bool:
    """Whether it has neither a list of models nor a way to be asked for nothing."""
    return isinstance(engine, MessagesApiEngineSettings) and engine.host != "hosted"


async def _asked(question: Awaitable[object]) -> tuple[int, object]:
    try:
        return 200, await question
    except UpstreamRefused as refused:
        return refused.upstream_status, None
    except EngineFailed:
        return _UNREADABLE, None


def _lists(answer: object) -> bool:
    if isinstance(answer, dict):
        told = cast("dict[str, object]", answer)
        return isinstance(told.get("data", told.get("models")), list)
    return isinstance(answer, list)


def _door(engine: UpstreamEngineSettings, url: str) -> _Door:
    key = engine.api_key.reveal() if engine.api_key else None
    match engine:
        case OpenAIChatEngineSettings():
            return _Door(
                root=url if urlsplit(url).path else f"{url}/v1",
                listing="/models",
                turn="/chat/completions",
                headers={"authorization": f"Bearer {key}"} if key else {},
            )
        case GeminiEngineSettings():
            return _Door(
                root=url,
                listing="/models?pageSize=1",
                turn=None,
                headers={"x-goog-api-key": key} if key else {},
            )
        case _:
            return _Door(
                root=url.removesuffix("/v1"),
                listing="/v1/models?limit=1",
                turn="/v1/messages",
                headers={"anthropic-version": _VERSION, **({"x-api-key": key} if key else {})},
            )


def _about_key(engine: UpstreamEngineSettings) -> str:
    if engine.api_key_env is not None:
        return f"correct the key in {engine.api_key_env}"
    return "correct api_key" if engine.api_key else "set api_key_env to where its key is"


def _about_address(engine: UpstreamEngineSettings) -> str:
    match engine:
        case OpenAIChatEngineSettings():
            end = "/chat/completions, in most cases with /v1 at its end"
        case GeminiEngineSettings():
            end = "/models, with the version at its end, like /v1beta"
        case _:
            end = "/v1/messages"
    return f"correct base_url: it is what stands before {end}"
