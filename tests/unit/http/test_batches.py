import asyncio
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from antechamber.files_state import open_files
from antechamber.http.batches import BatchEndpoint
from antechamber.operations.answering.call import Call
from antechamber.operations.callers.caller import Caller
from antechamber.parts import build_services
from antechamber.runtime.clock import SystemClock
from antechamber.settings import ServerSettings, Settings
from antechamber.state import open_state
from antechamber.store.batches import BatchRow, add_batch
from antechamber.store.upgrading import upgrade
from tests.unit.http.exchange import Client, scope

_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_BATCH = BatchRow(
    id="msgbatch_1",
    workspace_id="default",
    key_id=None,
    surroundings=b"{}",
    status="ended",
    item_count=0,
    created_at=_NOW,
    expires_at=_NOW,
    ended_at=_NOW,
)
_PATH = "/v1/messages/batches/msgbatch_1"


@pytest.mark.parametrize(
    ("public_url", "headers", "address"),
    [
        (None, [(b"host", b"claude.lan:8787")], "http://claude.lan:8787"),
        (
            None,
            [(b"host", b"claude.lan"), (b"x-forwarded-proto", b"https")],
            "https://claude.lan",
        ),
        (
            None,
            [(b"host", b"claude.lan"), (b"x-forwarded-proto", b"HTTPS, http")],
            "https://claude.lan",
        ),
        (None, [], "http://127.0.0.1:8787"),
        (
            "https://claude.example.org/api",
            [(b"host", b"10.0.0.1")],
            "https://claude.example.org/api",
        ),
    ],
)
async def test_the_address_of_the_results_leads_back_to_where_the_client_asked(
    tmp_path: Path, public_url: str | None, headers: list[tuple[bytes, bytes]], address: str
) -> None:
    settings = Settings(data_dir=tmp_path, server=ServerSettings(public_url=public_url))
    state = open_state(settings, SystemClock())
    upgrade(state.database)
    state.database.write_now(partial(add_batch, batch=_BATCH, items=[]))
    files = open_files(settings, state.database, SystemClock(), lambda prefix: prefix)
    endpoint = BatchEndpoint(build_services(state, files.shelf, {}, {}), asyncio.Lock())
    call = Call(
        request_id="req_1",
        caller=Caller(organization_id="org"),
        version="2023-06-01",
        betas=frozenset(),
        started_at=0,
    )
    asked = {
        **scope(_PATH),
        "method": "GET",
        "scheme": "http",
        "headers": headers,
        "path_params": {"batch_id": "msgbatch_1"},
        "state": {"call": call},
    }
    client = Client(b"")

    await endpoint(asked, client.receive, client.send)

    await state.aclose()
    assert json.loads(client.body)["results_url"] == f"{address}{_PATH}/results"
