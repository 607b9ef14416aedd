"""``preset = "seed"`` through the door of a served process."""

from pathlib import Path

import anthropic
import pytest

from tests.servers import running_server

CONFIG = (
    'preset = "seed"\n[[engines]]\nname = "replies"\ntype = "scripted"\nscript = "replies.toml"\n'
)
SCRIPT = '[[replies]]\ntext = "Hello."\n'


def ask(client: anthropic.Anthropic, model: str, max_tokens: int) -> str | None:
    message = client.messages.create(
        model=model,
        max_tokens=max_tokens,
        messages=[{"role": "user", "content": "Hello"}],
        timeout=60,  # without one the SDK refuses to wait for so much output
    )
    return message.stop_reason


def test_a_client_meets_its_caps_and_every_other_model_is_served(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, config=CONFIG, files={"replies.toml": SCRIPT}) as server,
        anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as client,
    ):
        assert ask(client, "claude-opus-4-7", 8_192) == "end_turn"
        assert ask(client, "claude-opus-5", 100_000) == "end_turn"
        for model, cap in (("claude-opus-4-7[1m]", 8_192), ("claude-haiku-4-5", 4_096)):
            with pytest.raises(anthropic.BadRequestError, match=f"{cap + 1} > {cap}, which is"):
                ask(client, model, cap + 1)
        assert not server.bugs()
