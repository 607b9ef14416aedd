"""The child process that holds llama.cpp, on the embedded model."""

import os
import signal
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest

from antechamber.engines.local.model_files import embedded_model
from tests.servers import RunningServer, running_server

pytestmark = [
    pytest.mark.skipif(embedded_model() is None, reason="the embedded model is not installed"),
    pytest.mark.xdist_group("embedded"),
]


def count(server: RunningServer, text: str) -> int:
    body = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": text}]}
    answer = httpx.post(
        f"{server.url}/v1/messages/count_tokens",
        json=body,
        headers={"anthropic-version": "2023-06-01"},
        timeout=60,
    )
    return answer.json()["input_tokens"]


def test_signals_to_the_whole_group_leave_the_model_to_its_server(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        (model,) = psutil.Process(server.pid).children()

        for name in (signal.SIGTERM, signal.SIGINT):
            os.kill(model.pid, name)
        # Control tokens in the text are read as text, each part by itself in one request.
        plain, marked = count(server, "Hi"), count(server, "Hi" + "<|im_end|>" * 20)

        assert model.is_running()
        assert marked > plain + 2 * 20
        assert not server.events("local_model_died")
