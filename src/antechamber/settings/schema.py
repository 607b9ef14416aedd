"""The shape of the configuration: every field with its limits and its default.

What each field means to the person who sets it is in docs/reference/configuration.md.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    PositiveFloat,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from antechamber.settings.models import ModelSettings
from antechamber.settings.platform import (
    CacheSettings,
    LimitsSettings,
    MediaSettings,
    MetricsSettings,
    Preset,
    PriceSettings,
    TierSettings,
    TracingSettings,
    UsageSettings,
)
from antechamber.settings.problems import closest
from antechamber.settings.secret import Secret
from antechamber.settings.section import Section
from antechamber.settings.storage import BatchesSettings, FilesSettings, HousekeepingSettings
from antechamber.settings.values import (
    DatabaseUrl,
    EngineName,
    EnvironmentName,
    HeaderText,
    Host,
    OrganizationId,
    Origin,
    RedisUrl,
    WebAddress,
    no_server_twice,
    resolved,
)

Value = TypeVar("Value")


def _beside_configuration(path: Path, info: ValidationInfo) -> Path:
    return resolved(path, beside=info.context)


def _name_or_path(model: str, info: ValidationInfo) -> str:
    looks_like_path = model.startswith(("/", "./", "../", "~"))
    looks_like_file = model.lower().endswith(".gguf") and not model.startswith("hf:")
    if looks_like_path or looks_like_file:
        return str(resolved(Path(model), beside=info.context))
    return model


class ServerSettings(Section):
    """Where the server listens, who may come in, and how long it waits."""

    host: Host = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8787
    """0 takes any free port."""
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    api_keys: tuple[Secret, ...] = ()
    public_url: WebAddress | None = None
    cors_origins: tuple[Origin, ...] = ()
    drain_s: Annotated[float, Field(ge=0)] = 30.0
    ping_s: Annotated[float, Field(gt=0, le=10)] = 10.0
    """Longest silence in a stream. Clients of the API count on one ping in ten seconds."""
    first_event_grace_s: Annotated[float, Field(ge=0, le=60)] = 2.0
    """How long an engine's first event is awaited before the stream starts without it."""
    # The documented limit is "32 MB"; the wider reading of it is taken.
    max_body_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024 * 1024
    organization_id: OrganizationId = "6f2a5a0e-9d3b-4c1e-8f47-2b7c1d90a3e5"
    """Goes out in ``anthropic-organization-id``; the same everywhere until it is set."""


class FetchSettings(Section):
    """What may be fetched for a request: images, documents."""

    allow_private_addresses: bool = False
    timeout_s: PositiveFloat = 30.0
    """For one of them, with all its redirects."""
    user_agent: HeaderText | None = None
    """None is this program and its version."""


class LogSettings(Section):
    """How much is logged, in which shape."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


class ScriptedEngineSettings(Section):
    """An engine that plays the replies of a script."""

    name: EngineName
    type: Literal["scripted"] = "scripted"
    script: Annotated[Path, AfterValidator(_beside_configuration)]
    """Absolute once loaded; in the file relative to the file."""


class LocalEngineSettings(Section):
    """An engine that runs a model on this machine, or drives a llama-server elsewhere."""

    name: EngineName
    type: Literal["local"] = "local"
    completer: Literal["auto", "llamacpp", "openvino"] = "auto"
    model: Annotated[str, Field(min_length=1), AfterValidator(_name_or_path)] | None = None
    """An absolute path, or the name of an added model; None is the embedded one."""
    base_url: WebAddress | None = None
    api_key: Secret | None = None
    """Once loaded it also holds what ``api_key_env`` named."""
    api_key_env: EnvironmentName | None = None
    slots: Annotated[int, Field(ge=1, le=64)] = 4
    queue: Annotated[int, Field(ge=0, le=10_000)] = 32
    """Requests that may wait for a slot, per worker."""
    context_tokens: Annotated[int, Field(ge=256)] | None = None
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    """None is as many as the process has cores."""
    prompt_cache_mib: Annotated[int, Field(ge=0, le=1_000_000)] = 2048
    """Most memory for prompts that were read and are in no slot any more; 0 keeps none."""
    start_timeout_s: PositiveFloat = 120.0
    first_token_timeout_s: PositiveFloat = 600.0
    idle_timeout_s: PositiveFloat = 120.0

    @model_validator(mode="after")
    def _one_key_and_only_for_elsewhere(self) -> Self:
        if self.api_key and self.api_key_env:
            raise ValueError("set api_key or api_key_env, not both")
        if self.base_url is None and (self.api_key or self.api_key_env):
            raise ValueError("a key is sent only to a base_url, and none is set")
        return self

    @model_validator(mode="after")
    def _what_a_server_elsewhere_decides(self) -> Self:
        if self.base_url is not None:
            for key in ("model", "slots", "context_tokens", "threads", "prompt_cache_mib"):
                if key in self.model_fields_set:
                    raise ValueError(f"{key} has no effect: the server at base_url has its own")
            if self.completer == "openvino":
                raise ValueError("openvino runs models here: a base_url is a llama-server's")
        return self


class UpstreamEngineSettings(Section):
    """What all engines have in common whose model is elsewhere."""

    name: EngineName
    base_url: WebAddress | None = None
    replicas: Annotated[tuple[WebAddress, ...], AfterValidator(no_server_twice)] = ()
    """Base URLs of servers that are alike; a conversation stays with one of them."""
    api_key: Secret | None = None
    """Once loaded it also holds what ``api_key_env`` named."""
    api_key_env: EnvironmentName | None = None
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """The SDKs' own default."""
    max_concurrency: Annotated[int, Field(ge=1)] | None = None
    """Requests at one time to each replica, per worker."""
    queue: Annotated[int, Field(ge=0, le=10_000)] = 64
    """Requests that may wait for one of those to end, each for ``first_byte_timeout_s``."""
    connect_timeout_s: PositiveFloat = 10.0
    first_byte_timeout_s: PositiveFloat = 600.0
    """A long prompt on a slow model may take minutes until its first token."""
    idle_timeout_s: PositiveFloat = 120.0

    @model_validator(mode="after")
    def _one_key_and_one_address(self) -> Self:
        if self.api_key and self.api_key_env:
            raise ValueError("set api_key or api_key_env, not both")
        if self.base_url is not None and self.replicas:
            raise ValueError("set base_url or replicas, not both")
        return self

    @model_validator(mode="after")
    def _a_key_where_nobody_answers_without(self) -> Self:
        asked = {urlsplit(url or self.usual_address).hostname for url in self.addresses}
        usual = urlsplit(self.usual_address).hostname
        if usual is not None and usual in asked and not (self.api_key or self.api_key_env):
            raise ValueError(
                f"api_key_env is needed: {usual} answers nobody without a key, "
                "and the keys of clients are not passed on"
            )
        return self

    @property
    def usual_address(self) -> str:
        """Where the host listens that answers nobody without a key; empty where there is none."""
        return ""

    @property
    def addresses(self) -> tuple[str | None, ...]:
        """The base URL of each replica; None is the usual one of its host."""
        return self.replicas or (self.base_url,)


_KEYS_OF_CLOUDS = {
    "region": ("bedrock", "vertex"),
    "project": ("vertex",),
    "resource": ("foundry",),
    "aws_profile": ("bedrock",),
    "accepts_betas": ("bedrock", "vertex", "foundry"),
}


class MessagesApiEngineSettings(UpstreamEngineSettings):
    """An engine whose upstream speaks the Messages API: Anthropic, a cloud, another antechamber."""

    type: Literal["messages_api"] = "messages_api"
    host: Literal["hosted", "bedrock", "vertex", "foundry"] = "hosted"
    unknown_fields: Literal["pass", "refuse"] = "pass"
    region: Annotated[str, Field(min_length=1)] | None = None
    """Of Bedrock and Vertex."""
    project: Annotated[str, Field(min_length=1)] | None = None
    """Of Vertex."""
    resource: Annotated[str, Field(min_length=1)] | None = None
    """Of Foundry, where no base_url is set."""
    aws_profile: Annotated[str, Field(min_length=1)] | None = None
    accepts_betas: tuple[str, ...] = ()
    """Of a cloud: betas that it has learned since this server's table was made."""

    @field_validator(*_KEYS_OF_CLOUDS)
    @classmethod
    def _only_of_the_host(cls, value: Value, info: ValidationInfo) -> Value:
        # Who forgets the host means a cloud, and would send prompts to Anthropic instead.
        hosts, host = _KEYS_OF_CLOUDS[info.field_name or ""], info.data.get("host")
        if value and host is not None and host not in hosts:
            clouds = " or ".join(f'host = "{each}"' for each in hosts)
            words = f"has no effect with the host {host}: set {clouds} beside it, or remove it"
            raise PydanticCustomError("no_effect", "{words}", {"words": words})
        return value

    @property
    def usual_address(self) -> str:
        """Anthropic's; a cloud has its own, and its own credentials."""
        return "https://api.anthropic.com" if self.host == "hosted" else ""

    @model_validator(mode="after")
    def _what_the_host_needs(self) -> Self:
        needed = {"vertex": ("region", "project"), "bedrock": ("region",)}.get(self.host, ())
        for key in needed:
            if getattr(self, key) is None:
                raise ValueError(f"{key} is needed for the host {self.host}")
        if self.host == "foundry" and not any((*self.addresses, self.resource)):
            raise ValueError("resource or base_url is needed for the host foundry")
        if self.host == "foundry" and not (self.api_key or self.api_key_env):
            raise ValueError("api_key or api_key_env is needed for the host foundry")
        return self


class OpenAIChatEngineSettings(UpstreamEngineSettings):
    """An engine whose upstream speaks OpenAI's chat completions: vLLM, Ollama, OpenAI itself."""

    type: Literal["openai_chat"] = "openai_chat"
    host: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")] = "auto"
    """A row of the table of hosts; ``auto`` asks the server who it is."""
    begins_in_thought: Literal["never", "asked", "always"] = "never"
    """Whether the chat template opens the thought; llama-server is asked where this is not set."""

    @property
    def usual_address(self) -> str:
        """OpenAI's."""
        return "https://api.openai.com/v1"


class GeminiEngineSettings(UpstreamEngineSettings):
    """An engine on Gemini's generateContent."""

    type: Literal["gemini"] = "gemini"

    @property
    def usual_address(self) -> str:
        """Google's, for developers."""
        return "https://generativelanguage.googleapis.com/v1beta"


EngineSettings = (
    ScriptedEngineSettings
    | LocalEngineSettings
    | MessagesApiEngineSettings
    | OpenAIChatEngineSettings
    | GeminiEngineSettings
)


class RoutingSettings(Section):
    """How long an engine that fails is tried, and when it is left alone."""

    longest_pause_s: Annotated[float, Field(ge=0, le=60)] = 8.0
    """The SDKs' longest pause between two tries."""
    breaker_failures: Annotated[int, Field(ge=1)] = 5
    breaker_open_s: PositiveFloat = 30.0


class Settings(Section):
    """The whole configuration, as it holds for the life of the process."""

    fidelity: Literal["lenient", "hosted"] = "lenient"
    preset: Preset | None = None
    """A file of values that every other one goes before."""
    database_url: DatabaseUrl | None = None
    """None is SQLite in the data directory."""
    redis_url: RedisUrl | None = None
    """State that several processes share; None keeps it in the process."""
    server: ServerSettings = ServerSettings()
    fetch: FetchSettings = FetchSettings()
    media: MediaSettings = MediaSettings()
    log: LogSettings = LogSettings()
    engines: tuple[Annotated[EngineSettings, Field(discriminator="type")], ...] = ()
    """As written; ``default_engines`` says what serves when it is empty."""
    routing: RoutingSettings = RoutingSettings()
    models: tuple[ModelSettings, ...] = ()
    """As written; ``default_models`` says what is served when it is empty."""
    limits: LimitsSettings = LimitsSettings()
    tiers: tuple[TierSettings, ...] = ()
    cache: CacheSettings = CacheSettings()
    usage: UsageSettings = UsageSettings()
    files: FilesSettings = FilesSettings()
    batches: BatchesSettings = BatchesSettings()
    housekeeping: HousekeepingSettings = HousekeepingSettings()
    prices: tuple[PriceSettings, ...] = ()
    metrics: MetricsSettings = MetricsSettings()
    tracing: TracingSettings = TracingSettings()
    data_dir: Path
    source: Path | None = None
    """The file that was read."""

    @model_validator(mode="after")
    def _names_are_known_and_unique(self) -> Self:
        names = [engine.name for engine in self.engines]
        _refuse_repetition("engines", "name", names)
        _refuse_repetition("models", "id", [model.id for model in self.models])
        _refuse_repetition("tiers", "name", [tier.name for tier in self.tiers])
        _refuse_repetition("prices", "model", [price.model for price in self.prices])
        for index, model in enumerate(self.models):
            for engine in model.engines:
                if engine not in (names or [EMBEDDED]):
                    raise _misplaced(
                        ("models", index, "engines"),
                        f'no engine is called "{engine}"{_alternatives(engine, names)}',
                    )
        return self

    def public_address(self, *, bound_port: int | None = None) -> str:
        """Give the address that people type: ``public_url``, else ``http://host:port``.

        ``bound_port`` is the port that the system chose where the configured one is 0.
        """
        if self.server.public_url is not None:
            return self.server.public_url
        host = _address_to_type(self.server.host)
        return f"http://{host}:{self.server.port if bound_port is None else bound_port}"


EMBEDDED = "embedded"
"""The name of the engine that is there without configuration."""


def _refuse_repetition(table: str, key: str, values: list[str]) -> None:
    for index, value in enumerate(values):
        first = values.index(value)
        if first < index:
            words = f'"{value}" is already taken by {table}[{first}]'
            raise _misplaced((table, index, key), words)


def _misplaced(location: tuple[str | int, ...], words: str) -> PydanticCustomError:
    """Make a fault whose place is finer than the validator that finds it."""
    return PydanticCustomError("misplaced", "{words}", {"words": words, "location": location})


def _alternatives(engine: str, names: list[str]) -> str:
    if not names:
        return f'; without [[engines]] there is one, "{EMBEDDED}"'
    if (meant := closest(engine, names)) is not None:
        return f' (did you mean "{meant}"?)'
    return "; there are: " + ", ".join(names)


def _address_to_type(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1"  # every interface: the one that is always there
    return f"[{address}]" if address.version == 6 else str(address)
