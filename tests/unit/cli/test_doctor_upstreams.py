"""What the doctor finds out by asking an upstream, and what it says to do about it."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from antechamber.cli.doctor import upstreams
from antechamber.cli.doctor.finding import Finding
from antechamber.cli.doctor.upstreams import check_upstream
from antechamber.settings import UpstreamEngineSettings, load_settings
from tests.engines.messages_api.upstream import PlayedUpstream, hangs, played_upstream, raw, whole

CHAT, RELAY, GEMINI = 'type = "openai_chat"', 'type = "messages_api"', 'type = "gemini"'
KEY = "api_key_env = 'KEY'"
LIST = {"object": "list", "data": [{"id": "m"}]}


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


def found(folder: Path, *lines: str) -> Finding:
    config = folder / "antechamber.toml"
    config.write_text("\n".join(['[[engines]]\nname = "up"', *lines]))
    settings = load_settings(config=config, environ={"KEY": "sk-1"}, data_dir=folder)
    engine = settings.engines[0]
    assert isinstance(engine, UpstreamEngineSettings)
    return asyncio.run(check_upstream(engine))


def at(address: str) -> str:
    return f'base_url = "{address}"'


def test_an_upstream_that_lists_its_models_is_well(upstream: PlayedUpstream, tmp_path) -> None:
    asked = {
        CHAT: ("/v1/models", "authorization", "Bearer sk-1"),
        RELAY: ("/v1/models?limit=1", "x-api-key", "sk-1"),
        GEMINI: ("/models?pageSize=1", "x-goog-api-key", "sk-1"),
    }
    for engine, (path, header, value) in asked.items():
        upstream.plays(whole(body=LIST))

        finding = found(tmp_path, engine, KEY, at(upstream.url))

        assert (finding.status, finding.words) == ("well", f"{upstream.url} answers")
        assert upstream.last.path == path
        assert upstream.last.header(header) == value
        assert len(upstream.asked) == 1


@pytest.mark.parametrize("engine", [CHAT, RELAY, GEMINI])
@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_named_by_its_variable(
    upstream: PlayedUpstream, tmp_path, engine: str, status: int
) -> None:
    upstream.plays(whole(status, {"error": {"message": "No."}}))

    finding = found(tmp_path, engine, KEY, at(upstream.url))

    assert finding.status == "broken"
    assert finding.words == f"{upstream.url} refuses the key (status {status})"
    assert finding.remedy == "correct the key in KEY"


def test_geminis_words_for_a_wrong_key_are_understood(upstream: PlayedUpstream, tmp_path) -> None:
    upstream.plays(whole(400, {"error": {"code": 400, "status": "INVALID_ARGUMENT"}}))

    finding = found(tmp_path, GEMINI, KEY, at(upstream.url))

    assert finding.words == f"{upstream.url} refuses the key (status 400)"


def test_a_missing_key_is_told_from_a_wrong_one(upstream: PlayedUpstream, tmp_path) -> None:
    upstream.plays(whole(401, {"error": {"message": "No."}}))

    assert found(tmp_path, CHAT, at(upstream.url)).remedy == "set api_key_env to where its key is"
    assert found(tmp_path, CHAT, "api_key = 'x'", at(upstream.url)).remedy == "correct api_key"


@pytest.mark.parametrize(
    ("engine", "path", "nowhere", "remedy"),
    [
        (
            CHAT,
            "/v1/chat/completions",
            "/v1/chat/completions/chat/completions",
            "correct base_url: it is what stands before /chat/completions, "
            "in most cases with /v1 at its end",
        ),
        (
            RELAY,
            "/v1/messages",
            "/v1/messages/v1/messages",
            "correct base_url: it is what stands before /v1/messages",
        ),
        (
            GEMINI,
            "/v1beta/models",
            "/v1beta/models/models",
            "correct base_url: it is what stands before /models, "
            "with the version at its end, like /v1beta",
        ),
    ],
)
def test_a_path_that_leads_nowhere_is_a_fault(
    upstream: PlayedUpstream, tmp_path, engine: str, path: str, nowhere: str, remedy: str
) -> None:
    page = whole(200, b"<!doctype html>", {"content-type": "text/html"})
    for answer in (whole(404, {"detail": "Not Found"}), page):
        upstream.plays(answer)

        finding = found(tmp_path, engine, KEY, at(upstream.url + path))

        assert finding.status == "broken"
        assert finding.words == f"{upstream.url}{path} has nothing at {nowhere}"
        assert finding.remedy == remedy


@pytest.mark.parametrize(
    ("engine", "turn"), [(CHAT, "/v1/chat/completions"), (RELAY, "/v1/messages")]
)
@pytest.mark.parametrize("listing", [403, 404, 405])
def test_an_upstream_that_lists_no_models_is_sent_an_empty_request(
    upstream: PlayedUpstream, tmp_path, engine: str, turn: str, listing: int
) -> None:
    upstream.plays(whole(listing, {}), whole(400, {"error": {"message": "model: Field required"}}))

    finding = found(tmp_path, engine, KEY, at(upstream.url))

    assert finding.status == "well"
    assert finding.words == f"{upstream.url} answers; it lists no models"
    assert upstream.last.path == turn
    assert json.loads(upstream.last.body) == {}


def test_an_upstream_that_answers_whatever_it_is_asked_is_well(
    upstream: PlayedUpstream, tmp_path
) -> None:
    upstream.plays(whole(body={"status": "ok"}))

    assert found(tmp_path, CHAT, at(upstream.url)).status == "well"
    assert found(tmp_path, GEMINI, KEY, at(upstream.url)).status == "broken"


def test_an_upstream_in_trouble_is_looked_at(upstream: PlayedUpstream, tmp_path) -> None:
    upstream.plays(whole(503, {}))

    finding = found(tmp_path, CHAT, at(upstream.url))

    assert finding.status == "doubtful"
    assert finding.words == f"{upstream.url} answered with status 503"


def test_nobody_and_somebody_else_are_faults(upstream: PlayedUpstream, tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    away = found(tmp_path, CHAT, at(nobody))
    assert (away.status, away.words) == ("broken", f"{nobody} cannot be reached.")

    upstream.plays(raw(b"220 mail.example ESMTP\r\n"))
    assert found(tmp_path, CHAT, at(upstream.url)).status == "broken"


def test_upstreams_that_do_not_answer_are_all_waited_for_at_once(
    upstream: PlayedUpstream, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstreams, "PATIENCE_S", 0.3)
    upstream.plays(hangs())
    addresses = ", ".join(f'"{upstream.url}/{number}"' for number in range(20))

    began = time.monotonic()
    finding = found(tmp_path, CHAT, f"replicas = [{addresses}]")

    assert time.monotonic() - began < 3
    assert finding.status == "broken"
    assert f"{upstream.url}/7 did not answer in time." in finding.words.splitlines()


def test_one_replica_that_is_wrong_is_named_alone(upstream: PlayedUpstream, tmp_path) -> None:
    upstream.plays(whole(body=LIST))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"

    finding = found(tmp_path, CHAT, f'replicas = ["{upstream.url}", "{nobody}"]')

    assert (finding.status, finding.words) == ("broken", f"{nobody} cannot be reached.")


def test_a_cloud_is_not_asked_and_what_stands_before_it_only_whether_it_is_there(
    upstream: PlayedUpstream, tmp_path
) -> None:
    cloud = (RELAY, 'host = "bedrock"', 'region = "us-east-1"')
    upstream.plays(whole(404, {}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"

    assert found(tmp_path, *cloud).words == "its cloud is not asked: a request finds out"
    there = found(tmp_path, *cloud, at(upstream.url))
    assert there.words == f"{upstream.url} is there; a request finds out the rest"
    assert found(tmp_path, *cloud, at(nobody)).status == "broken"
