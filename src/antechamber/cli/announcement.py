"""What ``serve`` says once it listens: the address, what is served, and a request to paste."""

import re
from collections.abc import Iterator
from pathlib import Path

from antechamber import __version__
from antechamber.cli.bookkeeping import utc_now
from antechamber.cli.cache_account import lacks_cache_account
from antechamber.cli.places import shown_address
from antechamber.cli.screen import results
from antechamber.operations.administration.database_state import DatabaseState, look_at_database
from antechamber.settings import (
    EngineSettings,
    LocalEngineSettings,
    ModelSettings,
    ScriptedEngineSettings,
    Settings,
    UpstreamEngineSettings,
    default_engines,
    default_models,
    find_model,
)

_EVERY_ID = "*"
_MOST_LINES = 8
_QUANTISATION = re.compile(r"[.-](?:I?Q\d\w*|B?F16|F32)$", re.IGNORECASE)


def announce(settings: Settings, port: int) -> None:
    """Print everything that a person needs for the first request."""
    from antechamber.local_models import model_file

    state = look_at_database(settings, now=utc_now())
    needs_key = state.has_keys or bool(settings.server.api_keys)
    address = settings.public_address(bound_port=port)
    files = {
        engine.name: model_file(engine, settings)
        for engine in default_engines(settings)
        if isinstance(engine, LocalEngineSettings) and engine.base_url is None
    }
    out = results()
    out.print(f"antechamber {__version__}", style="bold", end=" listens on ")
    out.print(address, style="bold cyan", end="\n\n")
    for title, words in _facts(settings, files, state):
        out.print(f"  {title:<8}", style="dim", end="")
        out.print(words)
    out.print("\nTry it:\n")
    out.print(sample_request(settings, address, needs_key=needs_key))
    out.print("\nPoint the official SDKs or Claude Code at it:\n")
    key = "YOUR_KEY" if needs_key else "any"
    out.print(f"  export ANTHROPIC_BASE_URL={address} ANTHROPIC_API_KEY={key}\n")


def _facts(
    settings: Settings, files: dict[str, Path], state: DatabaseState
) -> Iterator[tuple[str, str]]:
    for index, line in enumerate(model_lines(settings, files)):
        yield ("models" if index == 0 else ""), line
    yield "keys", key_words(settings, state)
    yield "config", str(settings.source) if settings.source else "none, so the defaults"
    yield "data", str(settings.data_dir)
    yield from what_is_on(settings, state)


def key_words(settings: Settings, state: DatabaseState) -> str:
    """Say which keys let somebody in, and how to come by one where none does."""
    known: list[str] = []
    if settings.server.api_keys:
        known.append("one of those configured")
    if state.model_keys:
        known.append("one that was created (antechamber keys list)")
    if known:
        return f"{' or '.join(known)}, instead of YOUR_KEY below"
    if state.admin_keys:
        return "only an administration key: create one for models with antechamber keys create"
    if state.has_keys:
        return "none that is good any more: create one with antechamber keys create"
    return "none: any or no credential, from this machine only"


def what_is_on(settings: Settings, state: DatabaseState) -> Iterator[tuple[str, str]]:
    """Yield what is on, or off, because the configuration says so."""
    if settings.preset is not None:
        yield "preset", settings.preset
    if settings.database_url is not None:
        yield "db", state.address
    if settings.limits.promotion:
        yield "limits", f"by the month's spend: {', '.join(settings.limits.promotion)}"
    elif settings.limits.tier is not None:
        yield "limits", f"tier {settings.limits.tier}"
    if lacks_cache_account(settings):
        yield "cache", "off: several workers need redis_url"
    if settings.redis_url is not None:
        yield "shared", shown_address(settings.redis_url.reveal())
    metrics = settings.metrics
    if metrics.enabled and metrics.port is not None:
        host = f"[{metrics.host}]" if ":" in metrics.host else metrics.host
        yield "metrics", f"http://{host}:{metrics.port}/metrics"
    if settings.tracing.endpoint is not None:
        yield "traces", f"to {shown_address(settings.tracing.endpoint)}"


def model_lines(settings: Settings, files: dict[str, Path]) -> list[str]:
    """Say which models lead to which engines; ``files`` has the model file of an engine."""
    engines = {engine.name: engine for engine in default_engines(settings)}
    lines: list[str] = []
    for model in default_models(settings):
        title = "every model id of the catalogue" if model.id == _EVERY_ID else model.id
        shown = [_engine_words(engines[name], files) for name in model.engines]
        lines.append(f"{title} → {', then '.join(shown)}")
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES - 1 :] = [f"and {len(lines) - _MOST_LINES + 1} more (GET /v1/models)"]
    return lines


def _engine_words(engine: EngineSettings, files: dict[str, Path]) -> str:
    match engine:
        case ScriptedEngineSettings():
            return f"{engine.name} (script {engine.script.name})"
        case LocalEngineSettings(base_url=str() as url):
            return f"{engine.name} (llama-server at {url})"
        case LocalEngineSettings():
            return f"{engine.name} ({_QUANTISATION.sub('', files[engine.name].stem)})"
        case UpstreamEngineSettings():
            where = ", ".join(address or "its usual address" for address in engine.addresses)
            return f"{engine.name} ({engine.type} at {where})"


def sample_request(settings: Settings, address: str, *, needs_key: bool) -> str:
    """Write the curl command for a first message."""
    key = " \\\n    -H 'x-api-key: YOUR_KEY'" if needs_key else ""
    return (
        f"  curl {address}/v1/messages \\\n"
        "    -H 'content-type: application/json' \\\n"
        f"    -H 'anthropic-version: 2023-06-01'{key} \\\n"
        f"""    -d '{{"model": "{_sample_model(settings)}", "max_tokens": 100,"""
        """ "messages": [{"role": "user", "content": "Hello"}]}'"""
    )


def _sample_model(settings: Settings) -> str:
    """Choose a model that is served, one that people know when there is a choice."""
    from antechamber.catalogue.reader import load_catalogue

    models = load_catalogue().models
    usual = sorted(
        (facts for facts in models if facts.lifecycle.state == "active"),
        key=lambda facts: facts.line != "sonnet",  # stable: the newest Sonnet, then the newest
    )
    for facts in usual:
        if find_model(settings, facts.id):
            return facts.id
    return _own_id(default_models(settings)[0])


def _own_id(model: ModelSettings) -> str:
    return model.id[:-1] + "1" if model.id.endswith(_EVERY_ID) else model.id
