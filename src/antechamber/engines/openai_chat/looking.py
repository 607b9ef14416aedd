"""A look at a host: which one it is, which models it has, and how large their windows are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.engines.openai_chat.hosts import GENERIC, HOSTS
from antechamber.outbound.client import UpstreamClient, UpstreamRefused
from antechamber.wire.errors import EngineFailed, EngineFault, EngineTimedOut, Overloaded

_NO_LIST = (403, 404, 405, 501)
"""403: keys of OpenAI may be allowed to chat and not to list."""
_OWNERS = {
    "vllm": "vllm",
    "sglang": "sglang",
    "llamacpp": "llamacpp",
    "library": "ollama",
    "organization_owner": "lmstudio",
}
"""``owned_by`` in the lists of models."""
_SIGNS = (
    ("/props", "default_generation_settings", "llamacpp"),
    ("/api/v0/models", "data", "lmstudio"),
    ("/api/version", "version", "ollama"),
    ("/version", "version", "vllm"),
)
"""Endpoints that one host alone has, and what stands in their answers."""
_WINDOWS = ("max_model_len", "context_length", "context_window", "max_context_length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a look has shown."""

    quirks: Quirks
    models: tuple[str, ...] = ()
    windows: Mapping[str, int] = field(default_factory=dict[str, int])
    """By model; the empty name stands for every other one."""
    sees: bool = True
    """False where the host says that its model has no eyes; others refuse images themselves."""

    def window(self, model: str) -> int | None:
        """Return the window of ``model``."""
        return self.windows.get(model, self.windows.get(""))

    @property
    def only_window(self) -> int | None:
        """The window of all models, where it is one."""
        sizes = set(self.windows.values())
        return sizes.pop() if len(sizes) == 1 and len(self.models) < 2 else None


async def look(client: UpstreamClient, api_path: str, quirks: Quirks | None) -> Description:
    """Ask the host; without ``quirks`` find out whose they are. Raises ``EngineFault``."""
    listed = await _listed(client, f"{api_path}/models")
    found = quirks or await _detected(client, listed)
    windows: dict[str, int] = {}
    sees = True
    match found.window:
        case "models":
            windows = {str(model.get("id")): size for model, size in _sized(listed)}
        case "props":
            props = await _maybe(client, "/props")
            windows, found = _props(props), _as_its_template_is(found, props)
            sees = _has_eyes(props)
        case "ollama":
            windows = _running(await _maybe(client, "/api/ps"))
        case "lmstudio":
            windows = _loaded(await _maybe(client, "/api/v0/models"))
        case "unknown":
            pass
    models = tuple(str(model.get("id")) for model in listed)
    return Description(quirks=found, models=models, windows=windows, sees=sees)


async def _listed(client: UpstreamClient, path: str) -> list[dict[str, Any]]:
    try:
        answer = await client.get_json(path)
    except UpstreamRefused as error:
        if error.upstream_status in _NO_LIST:
            return []
        raise
    listed = cast("dict[str, object]", answer).get("data") if isinstance(answer, dict) else answer
    if not isinstance(listed, list):
        message = f"{client.name} does not list its models."
        raise EngineFailed(message)
    return _objects(cast("list[object]", listed))


async def _detected(client: UpstreamClient, listed: list[dict[str, Any]]) -> Quirks:
    for model in listed:
        if (host := _OWNERS.get(str(model.get("owned_by")))) is not None:
            return HOSTS[host]
    # Owners are a matter of configuration on some; what only one host has tells as well.
    for path, field_name, host in _SIGNS:
        if field_name in await _maybe(client, path):
            return HOSTS[host]
    return GENERIC


async def _maybe(client: UpstreamClient, path: str) -> dict[str, Any]:
    """Return the JSON object at ``path``, an empty one where there is none."""
    try:
        answer = await client.get_json(path)
    except (Overloaded, EngineTimedOut):
        raise
    except EngineFault:
        return {}
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}


def _sized(listed: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
    for model in listed:
        sizes = [model.get(name) for name in _WINDOWS]
        meta = model.get("meta")
        if isinstance(meta, dict):
            sizes.append(cast("dict[str, Any]", meta).get("n_ctx"))
        size = next((size for size in sizes if type(size) is int and size > 0), None)
        if size is not None:
            yield model, size


def _props(props: dict[str, Any]) -> dict[str, int]:
    settings = props.get("default_generation_settings")
    size = cast("dict[str, Any]", settings).get("n_ctx") if isinstance(settings, dict) else None
    return {"": size} if type(size) is int and size > 0 else {}


def _has_eyes(props: dict[str, Any]) -> bool:
    modalities = props.get("modalities")
    told = cast("dict[str, Any]", modalities) if isinstance(modalities, dict) else {}
    return told.get("vision") is not False


def _as_its_template_is(quirks: Quirks, props: dict[str, Any]) -> Quirks:
    """llama-server leaves tools out without a word where the model's template knows none."""
    caps = props.get("chat_template_caps")
    told = cast("dict[str, Any]", caps) if isinstance(caps, dict) else {}
    return replace(quirks, tools_in_text=True) if told.get("supports_tools") is False else quirks


def _running(answer: dict[str, Any]) -> dict[str, int]:
    models = _objects(answer.get("models"))
    return {str(model.get("name")): size for model, size in _sized(models)}


def _loaded(answer: dict[str, Any]) -> dict[str, int]:
    return {
        str(model.get("id")): size
        for model in _objects(answer.get("data"))
        if type(size := model.get("loaded_context_length")) is int
    }


def _objects(value: object) -> list[dict[str, Any]]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in listed if isinstance(item, dict)]
