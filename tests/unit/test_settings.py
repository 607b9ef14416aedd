"""Where the configuration comes from, which source wins, and what silence means."""

import os
import pickle
from pathlib import Path

import pytest

from antechamber.settings import (
    ConfigurationError,
    LocalEngineSettings,
    ModelSettings,
    ScriptedEngineSettings,
    Secret,
    ServerSettings,
    Settings,
    default_engines,
    default_models,
    find_model,
    load_settings,
    require_keys_beyond_loopback,
)

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens here


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, with a data directory beside it."""
    for name in [name for name in os.environ if name.startswith("ANTECHAMBER_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "data").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def load(data_dir: Path, **environ: str) -> Settings:
    return load_settings(data_dir=data_dir, environ=environ)


def settings_of(toml: str, desk: Path, **environ: str) -> Settings:
    (desk / "antechamber.toml").write_text(toml, encoding="utf-8")
    return load_settings(data_dir=desk.parent / "data", environ=environ)


# ---- where it is found ------------------------------------------------------


def test_no_configuration_is_the_normal_first_run(tmp_path: Path) -> None:
    settings = load(tmp_path / "new")

    assert settings.source is None
    assert settings.fidelity == "lenient"
    assert settings.public_address() == "http://127.0.0.1:8787"
    assert not (tmp_path / "new").exists(), "reading the configuration wrote something"


def test_the_file_is_looked_for_in_the_working_directory_then_in_the_data_directory(
    desk: Path, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"

    (data_dir / "antechamber.toml").write_text("server.port = 1")
    from_data_dir = load(data_dir)
    (desk / "antechamber.toml").write_text("server.port = 2")
    from_working_directory = load(data_dir)

    assert (from_data_dir.server.port, from_working_directory.server.port) == (1, 2)
    assert from_data_dir.source == data_dir / "antechamber.toml"
    assert from_working_directory.source == desk / "antechamber.toml"


def test_a_named_file_goes_before_the_found_ones_and_the_option_before_the_variable(
    desk: Path, tmp_path: Path
) -> None:
    (desk / "antechamber.toml").write_text("server.port = 1")
    by_variable, by_option = tmp_path / "variable.toml", tmp_path / "option.toml"
    by_variable.write_text("server.port = 2")
    by_option.write_text("server.port = 3")
    environ = {"ANTECHAMBER_CONFIG": str(by_variable)}

    assert load_settings(environ=environ).server.port == 2
    assert load_settings(config=by_option, environ=environ).server.port == 3


def test_the_data_directory_is_the_option_then_the_variable_then_the_usual_place(
    tmp_path: Path,
) -> None:
    environ = {"ANTECHAMBER_DATA_DIR": str(tmp_path / "by-variable")}

    by_option = load_settings(data_dir=tmp_path / "by-option", environ=environ)

    assert by_option.data_dir == tmp_path / "by-option"
    assert load_settings(environ=environ).data_dir == tmp_path / "by-variable"
    assert load_settings(environ={}).data_dir.name == "antechamber"


def test_a_data_directory_in_a_home_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="data directory: ~nobody-at-all/x: must be in a"):
        load_settings(data_dir=Path("~nobody-at-all/x"), environ={})


def test_a_relative_data_directory_becomes_absolute(desk: Path) -> None:
    assert load_settings(data_dir=Path("here"), environ={}).data_dir == desk / "here"


def test_a_file_that_begins_with_a_byte_order_mark_is_read(desk: Path) -> None:
    assert settings_of("\ufeffserver.port = 5", desk).server.port == 5


def test_the_real_environment_is_read_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTECHAMBER_LOG_LEVEL", "debug")

    assert load_settings().log.level == "debug"


# ---- which source wins ------------------------------------------------------


def test_an_option_goes_before_the_environment_and_that_before_the_file(desk: Path) -> None:
    (desk / "antechamber.toml").write_text("[server]\nport = 1\nworkers = 1\ndrain_s = 1")

    settings = load_settings(
        overrides={"server.port": 3, "server.host": None},
        environ={"ANTECHAMBER_SERVER_PORT": "2", "ANTECHAMBER_SERVER_WORKERS": "2"},
    )

    assert (settings.server.port, settings.server.workers, settings.server.drain_s) == (3, 2, 1.0)
    assert settings.server.host == "127.0.0.1", "an option that was not given counts for nothing"


def test_variables_are_read_as_the_type_of_their_field(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        ANTECHAMBER_FIDELITY="hosted",
        ANTECHAMBER_API_KEYS="one, two,",
        ANTECHAMBER_SERVER_PORT="0",
        ANTECHAMBER_SERVER_PING_S="2.5",
        ANTECHAMBER_SERVER_PUBLIC_URL="https://models.example.com/",
        ANTECHAMBER_SERVER_CORS_ORIGINS="https://a.example, https://b.example",
        ANTECHAMBER_FETCH_ALLOW_PRIVATE_ADDRESSES="Yes",
    )

    assert settings.fidelity == "hosted"
    assert [key.reveal() for key in settings.server.api_keys] == ["one", "two"]
    assert (settings.server.port, settings.server.ping_s) == (0, 2.5)
    assert settings.server.public_url == "https://models.example.com"
    assert settings.server.cors_origins == ("https://a.example", "https://b.example")
    assert settings.fetch.allow_private_addresses


def test_an_empty_variable_counts_as_not_set(desk: Path) -> None:
    settings = settings_of('server.api_keys = ["k"]', desk, ANTECHAMBER_API_KEYS="")

    assert settings.server.api_keys == (Secret("k"),)


def test_variables_that_kubernetes_makes_for_a_service_are_passed_over(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        ANTECHAMBER_SERVICE_HOST="10.0.0.1",
        ANTECHAMBER_SERVICE_PORT_HTTP="8787",
        ANTECHAMBER_PORT="tcp://10.0.0.1:8787",
        ANTECHAMBER_PORT_8787_TCP_ADDR="10.0.0.1",
        ANTECHAMBER_SERVER_PORT="tcp://10.0.0.1:8787",
    )

    assert settings.server.port == 8787


# ---- engines, models, keys --------------------------------------------------


def test_paths_in_the_file_are_relative_to_the_file(tmp_path: Path) -> None:
    config = tmp_path / "data" / "antechamber.toml"
    config.write_text(
        '[[engines]]\nname = "s"\ntype = "scripted"\nscript = "replies.toml"\n'
        '[[engines]]\nname = "l"\ntype = "local"\nmodel = "models/small.gguf"\n'
    )

    scripted, local = load_settings(config=config, environ={}).engines

    assert isinstance(scripted, ScriptedEngineSettings)
    assert isinstance(local, LocalEngineSettings)
    assert scripted.script == tmp_path / "data" / "replies.toml"
    assert local.model == str(tmp_path / "data" / "models" / "small.gguf")


@pytest.mark.parametrize("name", ["qwen-small", "hf:owner/repo/file.gguf", "owner/repo"])
def test_a_model_that_is_no_path_keeps_its_name(name: str, desk: Path) -> None:
    (engine,) = settings_of(
        f'[[engines]]\nname = "l"\ntype = "local"\nmodel = "{name}"', desk
    ).engines

    assert isinstance(engine, LocalEngineSettings)
    assert engine.model == name


def test_a_key_named_by_its_variable_is_there_once_loaded(desk: Path) -> None:
    toml = (
        '[[engines]]\nname = "l"\ntype = "local"\nbase_url = "http://h:1/"\n'
        'api_key_env = "ANTECHAMBER_OTHER_KEY"'
    )

    (engine,) = settings_of(toml, desk, ANTECHAMBER_OTHER_KEY="hush").engines

    assert isinstance(engine, LocalEngineSettings)
    assert engine.api_key == Secret("hush")
    assert engine.base_url == "http://h:1"


def test_without_engines_the_embedded_model_serves_every_id() -> None:
    settings = Settings(data_dir=Path("/data"))

    assert default_engines(settings) == (LocalEngineSettings(name="embedded"),)
    assert default_models(settings) == (ModelSettings(id="*", engines=("embedded",)),)
    assert find_model(settings, "claude-opus-4-5") == default_models(settings)[0]


def test_without_models_every_engine_serves_every_id_in_the_order_of_the_file() -> None:
    engines = (LocalEngineSettings(name="b"), LocalEngineSettings(name="a"))

    (model,) = default_models(Settings(data_dir=Path("/data"), engines=engines))

    assert model.engines == ("b", "a")


@pytest.mark.parametrize(
    ("model_id", "entry"),
    [
        ("claude-opus-4-5", "claude-opus-4-5"),
        ("claude-opus-4-6", "claude-opus-*"),
        ("claude-haiku-4-5", "claude-*"),
        ("other", None),
    ],
)
def test_a_model_id_meets_its_own_entry_then_the_longest_pattern(
    model_id: str, entry: str | None
) -> None:
    ids = ("claude-*", "claude-opus-4-5", "claude-opus-*")
    models = tuple(ModelSettings(id=each, engines=("embedded",)) for each in ids)

    found = find_model(Settings(data_dir=Path("/data"), models=models), model_id)

    assert (found and found.id) == entry


def test_secrets_show_themselves_nowhere() -> None:
    settings = Settings(
        data_dir=Path("/data"),
        server=ServerSettings(api_keys=(Secret("hush"),)),
        engines=(LocalEngineSettings(name="l", base_url="http://h", api_key=Secret("hush")),),
    )

    shown = f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"

    assert "hush" not in shown
    assert "***" in shown


def test_settings_travel_to_a_worker_process_whole() -> None:
    settings = Settings(data_dir=Path("/data"), server=ServerSettings(api_keys=(Secret("hush"),)))

    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 - our own bytes


@pytest.mark.parametrize("other", ["", "hus", "hushh", "h\u00fcsh", "\ud800"])
def test_a_secret_matches_itself_alone(other: str) -> None:
    assert Secret("hush").matches("hush")
    assert not Secret("hush").matches(other)


# ---- addresses --------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8787"),
        ("localhost", "http://localhost:8787"),
        ("::1", "http://[::1]:8787"),
        ("[::1]", "http://[::1]:8787"),
        (EVERYWHERE, "http://127.0.0.1:8787"),
        ("::", "http://127.0.0.1:8787"),
        ("192.168.1.20", "http://192.168.1.20:8787"),
    ],
)
def test_the_public_address_is_one_that_can_be_typed(host: str, address: str) -> None:
    settings = Settings(data_dir=Path("/data"), server=ServerSettings(host=host))

    assert settings.public_address() == address


def test_the_public_address_has_the_port_that_the_system_chose() -> None:
    settings = Settings(data_dir=Path("/data"), server=ServerSettings(port=0))

    assert settings.public_address(bound_port=40000) == "http://127.0.0.1:40000"


def test_the_public_address_is_public_url_where_it_is_set() -> None:
    server = ServerSettings(public_url="https://models.example.com")

    settings = Settings(data_dir=Path("/data"), server=server)

    assert settings.public_address(bound_port=1) == "https://models.example.com"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LocalHost"])
def test_loopback_is_served_without_keys(host: str) -> None:
    settings = Settings(data_dir=Path("/data"), server=ServerSettings(host=host))

    require_keys_beyond_loopback(settings, are_created=False)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.168.1.20", "models.example.com"])
def test_every_other_host_needs_a_key_and_the_message_says_how_to_make_one(host: str) -> None:
    bare = Settings(data_dir=Path("/data"), server=ServerSettings(host=host))
    keyed = Settings(
        data_dir=Path("/data"), server=ServerSettings(host=host, api_keys=(Secret("k"),))
    )

    require_keys_beyond_loopback(keyed, are_created=False)
    require_keys_beyond_loopback(bare, are_created=True)
    with pytest.raises(ConfigurationError) as refusal:
        require_keys_beyond_loopback(bare, are_created=False)

    assert str(refusal.value).startswith(f"server.host: {host} can be reached")
    assert "antechamber keys create" in str(refusal.value)
    assert "export ANTECHAMBER_API_KEYS=" in str(refusal.value)
