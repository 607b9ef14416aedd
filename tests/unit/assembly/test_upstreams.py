"""Every kind of upstream that the configuration knows is built, with each of its replicas."""

from pathlib import Path

import pytest

from antechamber.parts import build_entry, check_engine
from antechamber.runtime.clock import SystemClock
from antechamber.settings import ConfigurationError, load_settings

_ENGINES = {
    "hosted": 'type = "messages_api"\napi_key = "k"',
    "gateway": 'type = "messages_api"\nbase_url = "http://127.0.0.1:8000"',
    "bedrock-key": 'type = "messages_api"\nhost = "bedrock"\nregion = "us-east-1"\napi_key = "k"',
    "bedrock": 'type = "messages_api"\nhost = "bedrock"\nregion = "us-east-1"',
    "vertex-key": 'type="messages_api"\nhost="vertex"\nregion="global"\nproject="p"\napi_key="k"',
    "foundry": 'type = "messages_api"\nhost = "foundry"\nresource = "r"\napi_key = "k"',
    "openai": 'type = "openai_chat"\napi_key = "k"',
    "vllm": 'type = "openai_chat"\nhost = "vllm"\nbase_url = "http://127.0.0.1:8000/v1"',
    "gemini": 'type = "gemini"\napi_key = "k"',
}


def _settings(folder: Path, engine: str):
    config = folder / "antechamber.toml"
    config.write_text(f'[[engines]]\nname = "up"\n{engine}\n')
    return load_settings(config=config, environ={}, data_dir=folder)


@pytest.mark.parametrize("engine", _ENGINES.values(), ids=_ENGINES)
async def test_an_upstream_is_built_as_configured(tmp_path: Path, engine: str) -> None:
    settings = _settings(tmp_path, engine)
    check_engine(settings.engines[0], settings)

    entry = build_entry(settings.engines[0], None, SystemClock())

    (replica,) = entry.replicas
    assert replica.engine.name == "up"
    assert (replica.relay is not None) == ("messages_api" in engine)
    assert entry.retries == 2
    await replica.engine.aclose()


async def test_each_replica_is_an_engine_of_its_own_name(tmp_path: Path) -> None:
    two = 'replicas = ["http://10.0.0.1:8000/v1", "http://10.0.0.2:8000/v1"]'
    settings = _settings(tmp_path, f'type = "openai_chat"\nhost = "vllm"\n{two}')

    entry = build_entry(settings.engines[0], None, SystemClock())

    names = [replica.engine.name for replica in entry.replicas]
    assert names == ["up@10.0.0.1:8000", "up@10.0.0.2:8000"]
    for replica in entry.replicas:
        await replica.engine.aclose()


def test_a_host_that_is_not_known_is_refused_before_anything_starts(tmp_path: Path) -> None:
    settings = _settings(tmp_path, 'type = "openai_chat"\nhost = "nobody"\napi_key = "k"')

    with pytest.raises(ConfigurationError, match="nobody"):
        check_engine(settings.engines[0], settings)
