import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import get_args

import httpx2
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text
from sqlalchemy import Connection

from antechamber.http.asgi import App
from antechamber.http.metrics import (
    MetricsEndpoint,
    guarded_metrics,
    listen_for_metrics,
    serve_metrics,
)
from antechamber.operations.administration.keys import NewKey, create_key
from antechamber.operations.callers.caller import Doorkeeper, caller_directory
from antechamber.runtime.background import Background
from antechamber.runtime.clock import SystemClock
from antechamber.runtime.metrics import Instrument, Meter, observe
from antechamber.runtime.shared_metrics import SharedMetrics
from antechamber.settings import ConfigurationError, MetricsSettings, Secret, ServerSettings
from antechamber.store.database import Database, database_url
from antechamber.store.keys import KeyKind
from antechamber.store.upgrading import upgrade
from antechamber.wire.errors import PermissionRefused, Unauthenticated
from antechamber.wire.ids import new_id
from tests.unit.http.exchange import Client, scope

CUPS = Instrument(name="cups_total", kind="counter", help='Cups "of\ntea".', labels=("tea",))
STEEPING = Instrument(name="steeping_seconds", kind="histogram", help="Wait.", bounds=(0.1, 2.0))
GUESTS = Instrument(name="guests", kind="gauge", help="Guests.")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - a port for others is what is tested
BEYOND = ServerSettings(host=EVERYWHERE)


def endpoint() -> MetricsEndpoint:
    meter = Meter()
    meter.cell(CUPS, 'green\n"')[0] += 2
    for value in (0.05, 1.0, 1.5, 3.0):
        observe(meter.cell(STEEPING), STEEPING.bounds, value)
    meter.read(lambda: {"guests": {(): 4}})
    return MetricsEndpoint(SharedMetrics(meter, (CUPS, STEEPING, GUESTS), None))


async def scraped(**headers: str) -> tuple[str, str]:
    client = Client()

    await endpoint()(scope("/metrics", **headers), client.receive, client.send)

    return client.body.decode(), dict(client.got[0]["headers"])[b"content-type"].decode()


def samples(families: object) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families  # type: ignore[attr-defined]
        for sample in family.samples
    }


SAMPLES = {
    ("cups_total", 'green\n"'): 2,
    ("steeping_seconds_bucket", "0.1"): 1,
    ("steeping_seconds_bucket", "2.0"): 3,
    ("steeping_seconds_bucket", "+Inf"): 4,
    ("steeping_seconds_count",): 4,
    ("steeping_seconds_sum",): 5.55,
    ("guests",): 4,
}


async def test_a_scrape_is_text_that_prometheus_reads() -> None:
    body, kind = await scraped()

    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert samples(read_text(body)) == SAMPLES
    assert {family.type for family in read_text(body)} == {"counter", "histogram", "gauge"}


async def test_a_scrape_is_openmetrics_where_that_is_accepted() -> None:
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"

    body, kind = await scraped(accept=accept)

    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert samples(read_openmetrics(body)) == SAMPLES


async def test_a_version_that_is_none_does_no_harm() -> None:
    body, kind = await scraped(accept="application/openmetrics-text;version=x")

    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith("# EOF\n")


@asynccontextmanager
async def guarded(
    folder: Path, server: ServerSettings = BEYOND
) -> AsyncGenerator[tuple[App, dict[KeyKind, str]], None]:
    """Give the metrics of a server, and a key of each kind."""
    clock, background = SystemClock(), Background()
    database = Database(database_url(None, folder))
    upgrade(database)

    def made(connection: Connection) -> dict[KeyKind, str]:
        return {
            kind: create_key(
                connection, NewKey(name=kind, kind=kind), now=clock.now(), new_id=new_id
            )[1]
            for kind in get_args(KeyKind)
        }

    keys = await database.write(made)
    directory = caller_directory(database, clock, background, organization_id="organization")
    static = [Secret("a-static-key")]
    doorkeeper = Doorkeeper(static, directory, is_local=False)
    yield guarded_metrics(endpoint(), server, doorkeeper), keys
    await background.aclose()
    database.close()


@pytest.mark.parametrize("name", ["x_api_key", "authorization"])
async def test_beyond_loopback_an_admin_key_opens_the_metrics(name: str, tmp_path: Path) -> None:
    async with guarded(tmp_path) as (metrics, keys):
        client, scheme = Client(), "Bearer " if name == "authorization" else ""

        head = scope("/metrics", **{name: scheme + keys["admin"]})
        await metrics(head, client.receive, client.send)

    assert samples(read_text(client.body.decode())) == SAMPLES


@pytest.mark.parametrize("key", [None, "api", "made up", "a-static-key"])
async def test_beyond_loopback_no_other_key_opens_the_metrics(
    key: str | None, tmp_path: Path
) -> None:
    async with guarded(tmp_path) as (metrics, keys):
        client = Client()
        sent = {} if key is None else {"x_api_key": keys["api"] if key == "api" else key}

        with pytest.raises(Unauthenticated):
            await metrics(scope("/metrics", **sent), client.receive, client.send)

    assert client.got == []


@pytest.mark.parametrize(
    ("public_url", "is_shown"),
    [(None, True), ("http://localhost:8787", True), ("https://models.example", False)],
)
async def test_what_a_proxy_makes_public_wants_an_admin_key_too(
    public_url: str | None, is_shown: bool, tmp_path: Path
) -> None:
    async with guarded(tmp_path, ServerSettings(public_url=public_url)) as (metrics, _):
        client = Client()

        with nullcontext() if is_shown else pytest.raises(Unauthenticated):
            await metrics(scope("/metrics", host="127.0.0.1"), client.receive, client.send)

    assert (client.status == 200) is is_shown


async def test_metrics_that_want_no_key_are_for_names_of_this_machine(tmp_path: Path) -> None:
    async with guarded(tmp_path, ServerSettings()) as (metrics, _):
        client = Client()

        with pytest.raises(PermissionRefused):
            await metrics(scope("/metrics", host="evil.example"), client.receive, client.send)

    assert client.got == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@asynccontextmanager
async def served(settings: MetricsSettings) -> AsyncGenerator[str, None]:
    listening = listen_for_metrics(settings)
    assert listening is not None
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(serve_metrics(endpoint(), listening))
        yield f"http://127.0.0.1:{settings.port}"
        serving.cancel()


async def test_a_port_of_its_own_serves_the_metrics_and_nothing_else() -> None:
    async with served(MetricsSettings(port=free_port())) as url, httpx2.AsyncClient() as client:
        metrics = await client.get(f"{url}/metrics")
        head = await client.head(f"{url}/metrics")
        other = [await client.get(f"{url}/v1/models"), await client.post(f"{url}/metrics")]

    assert metrics.status_code == 200
    assert samples(read_text(metrics.text)) == SAMPLES
    assert (head.status_code, head.content) == (200, b"")
    assert [answer.status_code for answer in other] == [404, 404]


async def test_on_a_port_of_this_machine_alone_no_foreign_name_reads_them() -> None:
    foreign = {"host": "evil.example"}
    async with httpx2.AsyncClient() as client:
        async with served(MetricsSettings(port=free_port())) as url:
            alone = await client.get(f"{url}/metrics", headers=foreign)
        async with served(MetricsSettings(host=EVERYWHERE, port=free_port())) as url:
            for_others = await client.get(f"{url}/metrics", headers=foreign)

    assert (alone.status_code, for_others.status_code) == (403, 200)


def test_a_port_that_is_taken_is_told_by_the_name_of_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigurationError) as raised:
            listen_for_metrics(MetricsSettings(port=port))

    assert f"metrics.port: 127.0.0.1:{port} cannot be served: " in str(raised.value)


@pytest.mark.parametrize(
    "settings", [MetricsSettings(), MetricsSettings(enabled=False, port=free_port())]
)
def test_without_a_port_or_metrics_nothing_listens(settings: MetricsSettings) -> None:
    assert listen_for_metrics(settings) is None
