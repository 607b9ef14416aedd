import json
import shlex
from pathlib import Path
from typing import Any

from antechamber.cli.announcement import key_words, model_lines, sample_request, what_is_on
from antechamber.operations.administration.database_state import DatabaseState
from antechamber.settings import Settings, load_settings
from antechamber.store.schema import SchemaStatus

TWO_ENGINES = """
[[engines]]
name = "small"
type = "local"

[[engines]]
name = "far"
type = "local"
base_url = "http://192.0.2.1:8080"
"""


def _settings(folder: Path, config: str = "") -> Settings:
    (folder / "antechamber.toml").write_text(config)
    return load_settings(config=folder / "antechamber.toml", data_dir=folder, environ={})


def _model_of(command: str) -> str:
    words = shlex.split(command)
    return json.loads(words[words.index("-d") + 1])["model"]


def test_without_configuration_every_id_leads_to_the_embedded_model(tmp_path: Path) -> None:
    files = {"embedded": Path("SmolLM2-135M-Instruct.Q4_1.gguf")}

    lines = model_lines(_settings(tmp_path), files)

    assert lines == [
        "every model id of the catalogue → embedded (SmolLM2-135M-Instruct)",
    ]


def test_each_configured_model_names_its_engines_in_order(tmp_path: Path) -> None:
    models = """
[[models]]
id = "claude-opus-*"
engines = ["far", "small"]
"""

    lines = model_lines(_settings(tmp_path, TWO_ENGINES + models), {"small": Path("tiny.F16.gguf")})

    assert lines == [
        "claude-opus-* → far (llama-server at http://192.0.2.1:8080), then small (tiny)"
    ]


def test_many_models_are_cut_short(tmp_path: Path) -> None:
    models = "".join(
        f'[[models]]\nid = "model-{number}"\nengines = ["far"]\n' for number in range(20)
    )

    lines = model_lines(_settings(tmp_path, TWO_ENGINES + models), {})

    assert len(lines) == 8
    assert lines[-1] == "and 13 more (GET /v1/models)"


def test_the_sample_asks_for_a_model_that_is_served(tmp_path: Path) -> None:
    def sample(models: str) -> str:
        settings = _settings(tmp_path, TWO_ENGINES + models)
        return _model_of(sample_request(settings, "http://x", needs_key=False))

    def served(model_id: str) -> str:
        return f'[[models]]\nid = "{model_id}"\nengines = ["far"]\n'

    assert sample("") == "claude-sonnet-5-5"
    assert sample(served("claude-haiku-4-5*")) == "claude-haiku-4-5-20251001"
    assert sample(served("my-model")) == "my-model"
    assert sample(served("llama-*")) == "llama-1"


def test_the_sample_has_a_key_where_one_is_asked_for(tmp_path: Path) -> None:
    open_to_all = sample_request(_settings(tmp_path), "http://x", needs_key=False)
    with_keys = sample_request(_settings(tmp_path), "http://x", needs_key=True)

    assert "x-api-key" not in open_to_all
    assert "x-api-key: YOUR_KEY" in shlex.split(with_keys)


def _state(**found: Any) -> DatabaseState:
    return DatabaseState(address="postgresql://db/x", schema=SchemaStatus(current="0001"), **found)


def test_it_says_which_keys_let_somebody_in(tmp_path: Path) -> None:
    open_to_all, configured = (
        _settings(tmp_path, TWO_ENGINES),
        _settings(tmp_path, f'[server]\napi_keys = ["k"]\n{TWO_ENGINES}'),
    )

    assert "any or no credential" in key_words(open_to_all, _state())
    assert "one that was created" in key_words(open_to_all, _state(has_keys=True, model_keys=1))
    only_admin = key_words(open_to_all, _state(has_keys=True, admin_keys=1))
    assert only_admin.startswith("only an administration key: create one for models")
    revoked = key_words(open_to_all, _state(has_keys=True))
    assert revoked.startswith("none that is good any more: create one")
    both = key_words(configured, _state(has_keys=True, model_keys=1))
    assert both.startswith("one of those configured or one that was created")
    assert "only" not in key_words(configured, _state(has_keys=True, admin_keys=1))


def test_promotion_is_told_before_the_tier_that_it_begins_with(tmp_path: Path) -> None:
    limits = '[limits]\ntier = "build"\npromotion = ["tier1", "tier2"]\n'

    told = dict(what_is_on(_settings(tmp_path, limits), _state()))

    assert told["limits"] == "by the month's spend: tier1, tier2"


def test_it_says_where_prompt_caching_is_off_for_want_of_a_shared_place(tmp_path: Path) -> None:
    def told(config: str) -> str | None:
        return dict(what_is_on(_settings(tmp_path, config), _state())).get("cache")

    several = "[server]\nworkers = 2\n"
    relay = '[[engines]]\nname = "far"\ntype = "messages_api"\nbase_url = "http://192.0.2.1"\n'

    assert told(several) == "off: several workers need redis_url"
    assert told("[server]\nworkers = 1\n") is None
    assert told(f'redis_url = "redis://127.0.0.1"\n{several}') is None
    assert told(f"{several}[cache]\nenabled = false\n") is None
    assert told(several + relay) is None  # which has an account of its own


def test_it_names_what_is_on_and_no_password(tmp_path: Path) -> None:
    config = """
preset = "seed"
database_url = "postgresql://me:secret@db/x"
redis_url = "redis://:secret@127.0.0.1:6379/0"

[limits]
tier = "tier1"

[metrics]
port = 9100

[tracing]
endpoint = "http://127.0.0.1:4318"
"""
    nothing = dict(what_is_on(_settings(tmp_path), _state()))
    told = dict(what_is_on(_settings(tmp_path, config), _state()))

    assert nothing == {}
    assert told == {
        "preset": "seed",
        "db": "postgresql://db/x",
        "limits": "tier tier1",
        "shared": "redis://127.0.0.1:6379/0",
        "metrics": "http://127.0.0.1:9100/metrics",
        "traces": "to http://127.0.0.1:4318",
    }
