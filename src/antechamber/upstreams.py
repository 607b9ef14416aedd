"""The part of the composition root that builds engines whose model is elsewhere."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from antechamber.catalogue.reader import load_catalogue
from antechamber.engines.messages_api.host import Host
from antechamber.operations.answering.routing import Replica
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.runtime.clock import Clock
from antechamber.settings import (
    ConfigurationError,
    GeminiEngineSettings,
    MessagesApiEngineSettings,
    OpenAIChatEngineSettings,
    UpstreamEngineSettings,
)

AnyUpstream = MessagesApiEngineSettings | OpenAIChatEngineSettings | GeminiEngineSettings


def build_replicas(engine: AnyUpstream, clock: Clock) -> tuple[Replica, ...]:
    """Return an engine for each address of ``engine``."""
    return tuple(_replica(engine, address, clock) for address in engine.addresses)


def check_upstream(engine: AnyUpstream) -> None:
    """Raise ``ConfigurationError`` for what no shape of the configuration can tell."""
    if isinstance(engine, OpenAIChatEngineSettings):
        from antechamber.engines.openai_chat.hosts import quirks_of

        try:
            quirks_of(engine.host, engine.usual_address)
        except ValueError as error:
            raise ConfigurationError(f"engine {engine.name}: host: {error}") from error


def _replica(engine: AnyUpstream, address: str | None, clock: Clock) -> Replica:
    name = engine.name if len(engine.addresses) == 1 else f"{engine.name}@{_place(address)}"
    match engine:
        case MessagesApiEngineSettings():
            return _messages_api(engine, name, address)
        case GeminiEngineSettings():
            return _gemini(engine, name, address, clock)
        case OpenAIChatEngineSettings():
            return _openai_chat(engine, name, address, clock)


def _messages_api(engine: MessagesApiEngineSettings, name: str, address: str | None) -> Replica:
    from antechamber.engines.messages_api import MessagesApiEngine

    client = _client(engine, name, address or engine.usual_address)
    made = MessagesApiEngine(name, client, _host(engine, address))
    return Replica(engine=made, relay=made)


def _host(engine: MessagesApiEngineSettings, address: str | None) -> Host:
    key = _key(engine)
    match engine.host:
        case "hosted":
            from antechamber.engines.messages_api import HostedApi

            return HostedApi(address or engine.usual_address, api_key=key)
        case "foundry":
            from antechamber.engines.messages_api.foundry import FoundryHost, foundry_address

            base_url = address or foundry_address(engine.resource or "")
            return FoundryHost(base_url, api_key=key or "", also_accepted=engine.accepts_betas)
        case "bedrock":
            return _bedrock(engine, address, key)
        case "vertex":
            return _vertex(engine, address, key)


def _bedrock(engine: MessagesApiEngineSettings, address: str | None, key: str | None) -> Host:
    from antechamber.engines.messages_api.authentication import BearerToken
    from antechamber.engines.messages_api.bedrock import BedrockHost

    region = engine.region or ""
    if key is not None:
        authentication = BearerToken(key)
    else:
        from antechamber.engines.messages_api.aws_signature import AwsSignature

        authentication = AwsSignature(region, profile=engine.aws_profile)
    return BedrockHost(
        region,
        authentication,
        canonical=load_catalogue().canonical,
        base_url=address,
        also_accepted=engine.accepts_betas,
    )


def _vertex(engine: MessagesApiEngineSettings, address: str | None, key: str | None) -> Host:
    from antechamber.engines.messages_api.authentication import BearerToken
    from antechamber.engines.messages_api.vertex import VertexHost

    if key is not None:
        authentication = BearerToken(key)
    else:
        from antechamber.engines.messages_api.google_token import GoogleToken

        authentication = GoogleToken()
    return VertexHost(
        engine.project or "",
        engine.region or "",
        authentication,
        canonical=load_catalogue().canonical,
        base_url=address,
        also_accepted=engine.accepts_betas,
    )


def _gemini(engine: GeminiEngineSettings, name: str, address: str | None, clock: Clock) -> Replica:
    from antechamber.engines.gemini import GeminiEngine, gemini_headers

    headers = gemini_headers(_key(engine) or "")
    client = _client(engine, name, address or engine.usual_address, headers=headers)
    return Replica(engine=GeminiEngine(name, client, clock))


def _openai_chat(
    engine: OpenAIChatEngineSettings, name: str, address: str | None, clock: Clock
) -> Replica:
    from antechamber.engines.openai_chat.engine import OpenAIChatEngine, Reach
    from antechamber.engines.openai_chat.hosts import quirks_of, split_address

    base_url = address or engine.usual_address
    quirks = quirks_of(engine.host, base_url)
    # Some hosts count tokens beside the paths of the API, so the client is that of the root.
    root, api_path = split_address(base_url)
    key = _key(engine)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    client = _client(engine, name, root, headers=headers)
    reach = Reach(
        look_timeout_s=min(Reach().look_timeout_s, engine.first_byte_timeout_s),
        begins_in_thought=engine.begins_in_thought,
    )
    made = OpenAIChatEngine(name, client, clock, quirks=quirks, api_path=api_path, reach=reach)
    return Replica(engine=made)


def _client(
    engine: UpstreamEngineSettings,
    name: str,
    base_url: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> UpstreamClient:
    return UpstreamClient(
        f"The upstream of engine {name}",
        base_url,
        headers=headers or {},
        timeouts=Timeouts(
            connect_s=engine.connect_timeout_s,
            first_s=engine.first_byte_timeout_s,
            idle_s=engine.idle_timeout_s,
        ),
    )


def _key(engine: UpstreamEngineSettings) -> str | None:
    return engine.api_key.reveal() if engine.api_key else None


def _place(address: str | None) -> str:
    parts = urlsplit(address or "")
    return parts.netloc + parts.path.rstrip("/").removesuffix("/v1")
