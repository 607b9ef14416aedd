"""``preset = "seed"`` through the door of a served process."""

import io
from pathlib import Path

import anthropic
import pytest
from PIL import Image

from tests.servers import running_server
from tests.unit.media.images import in_base64

CONFIG = (
    'preset = "seed"\n[[engines]]\nname = "replies"\ntype = "scripted"\nscript = "replies.toml"\n'
)
SCRIPT = '[[replies]]\ntext = "Hello."\n'


def png(side: int) -> bytes:
    written = io.BytesIO()
    Image.new("L", (side, side)).save(written, "PNG")
    return written.getvalue()


def ask(client: anthropic.Anthropic, model: str, max_tokens: int) -> str | None:
    message = client.messages.create(
        model=model,
        max_tokens=max_tokens,
        messages=[{"role": "user", "content": "Hello"}],
        timeout=60,  # without one the SDK refuses to wait for so much output
    )
    return message.stop_reason


def shown(client: anthropic.Anthropic, model: str, data: str) -> int:
    """Return how many input tokens of the minute are left after a request with an image."""
    answer = client.messages.with_raw_response.create(
        model=model,
        max_tokens=10,
        messages=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": data},
                    }
                ],
            }
        ],
    )
    return int(answer.headers["anthropic-ratelimit-input-tokens-remaining"])


def test_its_images_are_smaller_and_reckoned_by_their_area(tmp_path: Path) -> None:
    picture = in_base64(png(4_000) + bytes(30_000))
    with (
        running_server(tmp_path, config=CONFIG, files={"replies.toml": SCRIPT}) as server,
        anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as client,
    ):
        # 1568 by 1568 are 3,279 tokens; some 200 bytes beside the image are 50 more.
        left = shown(client, "claude-opus-5", picture)
        assert 50_000 - 3_279 - 100 < left < 50_000 - 3_279
        with pytest.raises(anthropic.BadRequestError, match="image exceeds 5 MB maximum: 5242884"):
            shown(client, "claude-opus-5", picture.ljust(5 * 1024 * 1024 + 4, "A"))
        assert not server.bugs()


def test_a_tier_of_ones_own_holds_beside_it(tmp_path: Path) -> None:
    config = f'{CONFIG}[limits]\ntier = "build"\n'
    with (
        running_server(tmp_path, config=config, files={"replies.toml": SCRIPT}) as server,
        anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as client,
    ):
        answer = client.messages.with_raw_response.create(
            model="claude-opus-5",
            max_tokens=10,
            messages=[{"role": "user", "content": "Hello"}],
        )

        assert answer.headers["anthropic-ratelimit-requests-limit"] == "5000"
        assert not server.bugs()


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
