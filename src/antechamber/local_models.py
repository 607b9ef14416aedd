"""The part of the assembly that is about models which run here: their files, their processes.

Like ``parts`` it may name concrete engines.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from antechamber.engines.base import Engine
from antechamber.runtime.clock import Clock, SystemClock
from antechamber.runtime.cores import available_cores
from antechamber.settings import (
    ConfigurationError,
    LocalEngineSettings,
    Settings,
    default_engines,
)

if TYPE_CHECKING:
    from antechamber.engines.local.runners import Runner

_log = structlog.get_logger("antechamber.assembly")
_AWAY_S = 2.0
"""Long enough for a server that is just being restarted."""
_MOST_CONTEXT_TOKENS = 8192
"""Memory for a slot's context is taken when the model is loaded, so it is not left to the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAddress:
    """Where a local engine's model listens."""

    url: str
    key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLibrary:
    """The model files of this machine that the server knows by name."""

    folder: Path
    """Where added ones are; not there before the first."""
    added: tuple[Path, ...]
    embedded: Path | None
    """The one that a package ships."""


def model_file(engine: LocalEngineSettings, settings: Settings) -> Path:
    """Return the file of the model that ``engine`` loads; raises ``ConfigurationError``."""
    from antechamber.engines.local.model_files import ModelMissing, find_model_file

    try:
        return find_model_file(engine.model, settings.data_dir)
    except ModelMissing as error:
        raise ConfigurationError(f"engine {engine.name}: {error}") from error


def fault_of_model_file(path: Path) -> str | None:
    """Return why the file cannot be loaded, None when its beginning looks well."""
    from antechamber.engines.local.gguf import fault_of_model_file as fault_of

    return fault_of(path)


def model_library(settings: Settings) -> ModelLibrary:
    """Return where model files are."""
    from antechamber.engines.local.model_files import added_models, embedded_model, models_folder

    return ModelLibrary(
        folder=models_folder(settings.data_dir),
        added=tuple(added_models(settings.data_dir)),
        embedded=embedded_model(),
    )


def local_engine(engine: LocalEngineSettings, address: ModelAddress | None, clock: Clock) -> Engine:
    """Return the engine over the completer that listens at ``address``."""
    from antechamber.engines.local.engine import LocalEngine
    from antechamber.engines.local.llamacpp import LlamaCppCompleter
    from antechamber.outbound.client import Timeouts, UpstreamClient

    if address is None:
        message = f"engine {engine.name}: its model was not started"
        raise ConfigurationError(message)
    elsewhere = engine.base_url is not None
    client = UpstreamClient(
        f"The llama-server of engine {engine.name}"
        if elsewhere
        else f"The local model {engine.name}",
        address.url,
        headers={"authorization": f"Bearer {address.key}"} if address.key else {},
        timeouts=Timeouts(first_s=engine.first_token_timeout_s, idle_s=engine.idle_timeout_s),
        # llama.cpp gives each open connection a thread and closes idle ones after 5 s: a reused
        # one may be closing just now. A new one on loopback costs 0.1 ms.
        keep_alive=False,
    )
    completer = LlamaCppCompleter(
        client,
        clock,
        start_timeout_s=engine.start_timeout_s,
        # A child of ours is being started; a server elsewhere is there, or is not.
        away_timeout_s=_AWAY_S if elsewhere else None,
    )
    return LocalEngine(engine.name, completer, queue=engine.queue)


def start_models(settings: Settings, closing: ExitStack) -> dict[str, ModelAddress]:
    """Start the models that run here; ``closing`` stops them. Returns where they listen, by engine.

    Raises ``ConfigurationError`` for one that is not there.
    """
    addresses: dict[str, ModelAddress] = {}
    for engine in default_engines(settings):
        if isinstance(engine, LocalEngineSettings):
            addresses[engine.name] = _start_model(engine, settings, closing)
    return addresses


def _start_model(
    engine: LocalEngineSettings, settings: Settings, closing: ExitStack
) -> ModelAddress:
    if engine.base_url is not None:
        key = engine.api_key.reveal() if engine.api_key else None
        return ModelAddress(url=engine.base_url, key=key)
    from antechamber.engines.local.host import ModelHost, ModelOrder

    model = model_file(engine, settings)
    host = ModelHost(
        ModelOrder(
            model=model,
            runners=_runners(engine, model),
            slots=engine.slots,
            context_tokens=engine.context_tokens or _MOST_CONTEXT_TOKENS,
            threads=engine.threads or available_cores(),
            prompt_cache_mib=engine.prompt_cache_mib,
            workers=settings.server.workers,
        ),
        SystemClock(),
    )
    host.start()
    closing.callback(host.close)
    return ModelAddress(url=host.address.url, key=host.address.key)


def _runners(engine: LocalEngineSettings, model: Path) -> "tuple[Runner, ...]":
    """Return what is to run the model, and what does when that cannot."""
    from antechamber.engines.local.openvino import OPENVINO_PACKAGE, is_installed, why_not
    from antechamber.engines.local.runners import LLAMACPP, OPENVINO

    match engine.completer:
        case "llamacpp":
            return (LLAMACPP,)
        case "openvino":
            if not is_installed():
                message = f"engine {engine.name}: OpenVINO is not installed. Get it with:\n"
                raise ConfigurationError(f"{message}  pip install {OPENVINO_PACKAGE}")
            return (OPENVINO,)
        case "auto":
            reason = why_not(model)
            if reason is None:
                return (OPENVINO, LLAMACPP)
            _log.info("llamacpp_chosen", engine=engine.name, reason=reason)
            return (LLAMACPP,)
