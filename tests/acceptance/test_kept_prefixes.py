"""A marked prefix on the embedded model: what the account says is read was not read again."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from anthropic.types import Usage

from antechamber.engines.local.model_files import embedded_model
from antechamber.store.database import Database, database_url
from tests.acceptance.made_keys import made_key, made_workspace
from tests.servers import running_server

pytestmark = [
    pytest.mark.skipif(embedded_model() is None, reason="the embedded model is not installed"),
    pytest.mark.xdist_group("embedded"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

_SLOTS = 2
_CONFIG = f"""
[[engines]]
name = "embedded"
type = "local"
completer = "llamacpp"
slots = {_SLOTS}
context_tokens = 1024

[cache]
minimum_tokens = 256
"""
_LONG = "What is marked here is kept when others have had the slots. " * 40


def test_a_marked_prefix_is_read_again_by_who_wrote_it_after_others_had_every_slot(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path, config=_CONFIG) as server, ExitStack() as closing:
        database = Database(database_url(None, tmp_path / "data"))
        closing.callback(database.close)

        def client() -> Anthropic:
            _, key = made_key(database, workspace_id=made_workspace(database))
            return closing.enter_context(Anthropic(base_url=server.url, api_key=key))

        writer, stranger = client(), client()

        written = _asked(writer, "Which?")
        for turn in range(2 * _SLOTS):
            text = f"{turn} is a number, and {turn + 1} is the next one. " * 20
            stranger.messages.create(
                model="claude-sonnet-4-5",
                max_tokens=1,
                messages=[{"role": "user", "content": text}],
            )
        read = _asked(writer, "Who?")
        foreign = _asked(stranger, "What?")

    assert written.cache_creation_input_tokens
    assert read.cache_read_input_tokens == written.cache_creation_input_tokens
    assert foreign.cache_read_input_tokens == 0


def _asked(client: Anthropic, question: str) -> Usage:
    system: Any = [{"type": "text", "text": _LONG, "cache_control": {"type": "ephemeral"}}]
    message = client.messages.create(
        model="claude-sonnet-4-5",
        max_tokens=1,
        system=system,
        messages=[{"role": "user", "content": question}],
    )
    return message.usage
