"""Checks of what answers: scripts, local models and their memory, llama-servers elsewhere."""

import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path

from antechamber.cli.doctor.finding import Finding, broken, doubtful, well
from antechamber.cli.doctor.machine import free_memory_bytes
from antechamber.cli.doctor.upstreams import PATIENCE_S, check_upstream
from antechamber.cli.sizes import size_words
from antechamber.local_models import model_file
from antechamber.outbound.client import Timeouts, UpstreamClient, UpstreamRefused
from antechamber.parts import check_engine
from antechamber.settings import (
    ConfigurationError,
    EngineSettings,
    LocalEngineSettings,
    ScriptedEngineSettings,
    Settings,
    UpstreamEngineSettings,
)
from antechamber.wire.errors import ApiError

_RUNTIME = "xllamacpp"
_LOADING = 503  # llama-server's answer until its model is loaded
_ROOM = 1.2
"""Memory that a model takes, as a multiple of its file: the rest is its context."""


def check_engines(settings: Settings, engines: tuple[EngineSettings, ...]) -> list[Finding]:
    """Check each engine, and once what runs local models; all that are elsewhere at once."""
    findings: list[Finding] = []
    if any(isinstance(each, LocalEngineSettings) and each.base_url is None for each in engines):
        findings.append(_check_runtime())
    return [*findings, *asyncio.run(_check_all(settings, engines))]


async def _check_all(settings: Settings, engines: tuple[EngineSettings, ...]) -> list[Finding]:
    return await asyncio.gather(*(_check(engine, settings) for engine in engines))


async def _check(engine: EngineSettings, settings: Settings) -> Finding:
    subject = f"engine {engine.name}"
    try:
        check_engine(engine, settings)
    except ConfigurationError as error:
        return broken(subject, str(error).removeprefix(f"{subject}: "))
    match engine:
        case ScriptedEngineSettings():
            return well(subject, f"script {engine.script}")
        case LocalEngineSettings(base_url=str() as url):
            return await _check_elsewhere(engine, url)
        case LocalEngineSettings():
            return _check_memory(engine, model_file(engine, settings))
        case UpstreamEngineSettings():
            return await check_upstream(engine)


def _check_runtime() -> Finding:
    subject = "llama.cpp"
    if importlib.util.find_spec(_RUNTIME) is None:
        return broken(subject, f"{_RUNTIME} is not installed", f"pip install {_RUNTIME}")
    # Not imported here: it would stay in memory, and on a processor too old for it end us.
    try:
        tried = subprocess.run(  # noqa: S603 - a constant of ours
            [sys.executable, "-c", f"import {_RUNTIME}"],
            capture_output=True,
            check=False,
            timeout=60,
        )
    except subprocess.TimeoutExpired:
        return doubtful(subject, f"{_RUNTIME} takes long to load", "look at the machine's load")
    if tried.returncode == 0:
        return well(subject, f"{_RUNTIME} loads")
    said = tried.stderr.decode("utf-8", "replace").strip().splitlines()
    return broken(
        subject,
        f"{_RUNTIME} does not load: {said[-1] if said else f'status {tried.returncode}'}",
        "on Debian and Ubuntu: sudo apt-get install libgomp1" if "libgomp" in str(said) else None,
    )


def _check_memory(engine: LocalEngineSettings, model: Path) -> Finding:
    subject, size, free = f"engine {engine.name}", model.stat().st_size, free_memory_bytes()
    words = f"{model.name}, {size_words(size)}"
    if free is None:
        return well(subject, words)
    kept = engine.prompt_cache_mib * 2**20
    if size * _ROOM > free:
        return doubtful(
            subject,
            f"{words}, and {size_words(free)} of memory is free",
            "take a smaller model or a smaller quantisation of it, or end other programs",
        )
    if size * _ROOM + kept > free:
        return doubtful(
            subject,
            f"{words} and up to {size_words(kept)} of kept prompts, and {size_words(free)} of "
            "memory is free",
            "set prompt_cache_mib lower",
        )
    return well(subject, words)


async def _check_elsewhere(engine: LocalEngineSettings, url: str) -> Finding:
    subject = f"engine {engine.name}"
    key = engine.api_key.reveal() if engine.api_key else None
    client = UpstreamClient(
        url,
        url,
        headers={"authorization": f"Bearer {key}"} if key else {},
        timeouts=Timeouts(connect_s=PATIENCE_S, idle_s=PATIENCE_S),
    )
    try:
        await client.get_json("/props", within_s=PATIENCE_S)
    except UpstreamRefused as error:
        return _refused(subject, url, error.upstream_status)
    except ApiError as error:
        return broken(subject, error.message, f"start it, or correct the base_url: {url}")
    finally:
        await client.aclose()
    return well(subject, f"{url} answers")


def _refused(subject: str, url: str, status: int) -> Finding:
    if status == _LOADING:
        return doubtful(subject, f"{url} is loading its model", "wait for it")
    if status in (401, 403):
        return broken(subject, f"{url} wants another key", "set api_key or api_key_env")
    return broken(
        subject, f"{url} answered with status {status}", "is it a llama-server? look at its log"
    )
