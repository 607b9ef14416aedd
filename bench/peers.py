"""What is compared: how each gateway is started, and how it is asked for the same thing.

Every one has two ways: ``relay`` passes Messages requests on to an upstream that speaks the
Messages API, ``chat`` converts to an upstream that speaks OpenAI's chat completions.
"""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.processes import Launch, free_port

OURS = "antechamber"
KEY = "sk-bench"
Way = Literal["relay", "chat"]
Form = Literal["", "coalesced", "paced"]
"""How the upstream writes a stream: each event by itself, all at once, 50 a second."""
FORMS: tuple[Form, ...] = ("", "coalesced", "paced")
WAYS: tuple[Way, ...] = ("relay", "chat")

_ROOT = Path(__file__).parents[1]
_PLACE = _ROOT / ".venv-bench"
_MESSAGES = "/v1/messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Where and how a request goes."""

    path: str
    model: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One gateway, its process described and not yet started."""

    name: str
    about: str
    """Version and settings, for the page."""
    launch: Launch
    asks: Mapping[tuple[Way, Form], Ask]
    """Without a way that it does not have."""


def model_name(way: Way, form: Form) -> str:
    """Return what a client calls the model that leads there."""
    return f"bench-{way}-{form}" if form else f"bench-{way}"


def antechamber(folder: Path, upstream: str, pin: list[str], ways: Sequence[Way] = WAYS) -> Peer:
    """Return this server, with a static key and its log on."""
    config = folder / "antechamber.toml"
    config.write_text(_configuration(upstream, ways))
    port = free_port()
    command = [*pin, sys.executable, "-m", "antechamber", "serve", "--port", str(port)]
    command += ["--config", str(config), "--data-dir", str(folder / "data")]
    return Peer(
        name=OURS,
        about=f"Python {platform.python_version()}, one worker, `api_keys`, limits, ledger in "
        "SQLite and metrics on, JSON log of every request into a file",
        launch=Launch(
            command=command,
            port=port,
            health="/healthz",
            ready="/healthz",
            environment={"ANTECHAMBER_API_KEYS": KEY, "ANTECHAMBER_LOG_FORMAT": "json"},
            log=folder / "antechamber.log",
        ),
        asks=_by_model({"x-api-key": KEY, "anthropic-version": "2023-06-01"}, ways),
    )


_LIMITS = """
[limits]
tier = "bench"

[[tiers]]
name = "bench"

[[tiers.classes]]
name = "*"
requests_per_minute = 100_000_000
input_tokens_per_minute = 100_000_000_000
output_tokens_per_minute = 100_000_000_000
"""
"""They count, and let everything through."""


def _configuration(upstream: str, ways: Sequence[Way]) -> str:
    """Return the configuration: an engine and a model for each way and form."""
    parts: list[str] = [_LIMITS]
    for way in ways:
        for form in FORMS:
            name = model_name(way, form)
            base = upstream + (f"/{form}" if form else "")
            kind, base = ("messages_api", base) if way == "relay" else ("openai_chat", base + "/v1")
            engine = f'name = "{name}"\ntype = "{kind}"\nbase_url = "{base}"\napi_key = "k"\n'
            parts.append(f"[[engines]]\n{engine}")
            upstream_model = 'upstream_model = "mock"\n' if way == "chat" else ""
            parts.append(f'[[models]]\nid = "{name}"\nengines = ["{name}"]\n{upstream_model}')
    return "\n".join(parts)


def litellm(folder: Path, upstream: str, pin: list[str]) -> Peer | None:
    """Return LiteLLM's proxy, None where it is not installed."""
    programs = _PLACE / "litellm" / "bin"
    program = programs / "litellm"
    if not program.exists():
        return None
    models: list[dict[str, object]] = []
    for way in WAYS:
        for form in FORMS:
            base = upstream + (f"/{form}" if form else "")
            target = "anthropic/claude-sonnet-4-5" if way == "relay" else "hosted_vllm/mock"
            # Its `openai/` provider would go to the Responses API for Messages requests.
            params = {"model": target, "api_base": base + ("/v1" if way == "chat" else "")}
            models.append(
                {"model_name": model_name(way, form), "litellm_params": {**params, "api_key": "k"}}
            )
    config = folder / "litellm.yaml"  # JSON is YAML
    config.write_text(
        json.dumps({"model_list": models, "general_settings": {"master_key": KEY}}), "utf-8"
    )
    port = free_port()
    command = [*pin, str(programs / "python"), str(program), "--port", str(port)]
    command += ["--config", str(config), "--num_workers", "1", "--telemetry", "False"]
    return Peer(
        name="LiteLLM",
        about=f"{_python_version('litellm')}, one worker, master key, no database, "
        "`LITELLM_LOG=ERROR`; converts through `hosted_vllm/`",
        launch=Launch(
            command=command,
            port=port,
            health="/health/liveliness",
            ready="/health/liveliness",
            environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
            folder=folder,
            log=folder / "litellm.log",
        ),
        asks=_by_model({"x-api-key": KEY, "anthropic-version": "2023-06-01"}),
    )


def portkey(folder: Path, upstream: str, pin: list[str]) -> Peer | None:
    """Return Portkey's gateway, None where it is not installed.

    It has no conversion from Messages to chat completions; what it converts is the other way
    round, a chat completion to an upstream that speaks the Messages API.
    """
    package = _PLACE / "portkey" / "node_modules" / "@portkey-ai" / "gateway"
    node = shutil.which("node")
    if node is None or not package.exists():
        return None
    port = free_port()
    program = package / "build" / "start-server.js"
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    asks: dict[tuple[Way, Form], Ask] = {}
    for way in WAYS:
        for form in FORMS:
            headers = {
                "x-portkey-provider": "anthropic",
                "x-portkey-custom-host": upstream + (f"/{form}" if form else "") + "/v1",
                "authorization": "Bearer k",
                "x-api-key": "k",
                "anthropic-version": "2023-06-01",
            }
            path = _MESSAGES if way == "relay" else "/v1/chat/completions"
            asks[way, form] = Ask(path=path, model="mock", headers=headers)
    return Peer(
        name="Portkey",
        about=f"{version} on Node.js, headless; it knows no keys of its own and does not log; "
        "converts the other way round: chat completion in, Messages upstream",
        launch=Launch(
            command=[*pin, node, str(program), "--headless", f"--port={port}"],
            port=port,
            health="/",
            ready="/",
            folder=folder,
            log=folder / "portkey.log",
        ),
        asks=asks,
    )


def nginx(folder: Path, upstream: str, pin: list[str]) -> Peer | None:
    """Return nginx as a reverse proxy, None where it is not installed."""
    program = shutil.which("nginx") or str(_PLACE / "nginx" / "usr" / "sbin" / "nginx")
    if not Path(program).exists():
        return None
    port = free_port()
    config = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder}/nginx-{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  {temporary}
  access_log {folder}/nginx-access.log; keepalive_requests 100000000;
  client_max_body_size 64m; client_body_buffer_size 16m;
  upstream mock {{ server {upstream.removeprefix("http://")}; keepalive 1024; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location = /healthz {{ return 200; }}
    location / {{
      if ($http_x_api_key != "{KEY}") {{ return 401; }}
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off;
    }}
  }}
}}
""",
        "utf-8",
    )
    command = [*pin, program, "-c", str(config), "-p", str(folder)]
    command += ["-e", str(folder / "nginx-error.log")]
    asks: dict[tuple[Way, Form], Ask] = {
        ("relay", form): Ask(
            path=(f"/{form}" if form else "") + _MESSAGES, model="mock", headers={"x-api-key": KEY}
        )
        for form in FORMS
    }
    return Peer(
        name="nginx",
        about=f"{_nginx_version(program)}, one worker, reverse proxy with kept connections, the "
        "key compared, access log on; the limit: it reads nothing of a body",
        launch=Launch(
            command=command,
            port=port,
            health="/healthz",
            ready="/healthz",
            folder=folder,
        ),
        asks=asks,
    )


def direct_asks() -> Mapping[tuple[Way, Form], Ask]:
    """Return how the upstream itself is asked."""
    paths: dict[Way, str] = {"relay": _MESSAGES, "chat": "/v1/chat/completions"}
    return {
        (way, form): Ask(
            path=(f"/{form}" if form else "") + paths[way], model="mock", headers={"x-api-key": KEY}
        )
        for way in WAYS
        for form in FORMS
    }


def _by_model(
    headers: Mapping[str, str], ways: Sequence[Way] = WAYS
) -> Mapping[tuple[Way, Form], Ask]:
    return {
        (way, form): Ask(path=_MESSAGES, model=model_name(way, form), headers=headers)
        for way in ways
        for form in FORMS
    }


def _python_version(package: str) -> str:
    found = sorted((_PLACE / package).glob(f"lib/*/site-packages/{package}-*.dist-info"))
    return found[0].name.removesuffix(".dist-info").partition("-")[2] if found else "?"


def _nginx_version(program: str) -> str:
    told = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    return told.strip().rpartition("/")[2]
