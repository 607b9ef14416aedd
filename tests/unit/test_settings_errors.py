"""What a person reads when the configuration is wrong: the place, the key, what would be right."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from antechamber.settings import ConfigurationError, load_settings
from antechamber.settings.draft import Draft


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return tmp_path


def complaint(
    toml: str = "",
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> str:
    Path("antechamber.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_settings(data_dir=Path("data"), environ=environ or {}, overrides=overrides)
    return str(error.value)


LOCAL = '[[engines]]\nname = "l"\ntype = "local"\n'
RELAY = '[[engines]]\nname = "r"\ntype = "messages_api"\n'
CHAT = '[[engines]]\nname = "c"\ntype = "openai_chat"\n'
GEMINI = '[[engines]]\nname = "g"\ntype = "gemini"\n'

IN_THE_FILE = {
    # unknown keys
    "server.prot = 1": 'server.prot: unknown key (did you mean "port"?)',
    "server.api-keys = []": 'server.api-keys: unknown key (did you mean "api_keys"?)',
    "port = 1": "port: unknown key (it belongs in [server] or [metrics])",
    "zzz = 1": (
        "zzz: unknown key; known here: fidelity, preset, database_url, "
        "redis_url, server, fetch, media, log, engines, routing, models, limits, tiers, cache, "
        "usage, files, batches, housekeeping, prices, metrics, tracing"
    ),
    LOCAL + "slot = 1": 'engines[0].slot: unknown key (did you mean "slots"?)',
    LOCAL + 'script = "x"': (
        'engines[0].script: unknown key (it belongs in [[engines]] of type "scripted")'
    ),
    'data_dir = "/x"': (
        "data_dir: cannot stand in the file; "
        "name the data directory with --data-dir or ANTECHAMBER_DATA_DIR"
    ),
    # types
    'server.port = "8787"': 'server.port: must be a whole number, not "8787"',
    "server.port = true": "server.port: must be a whole number, not true",
    "server.port = 1.5": "server.port: must be a whole number, not 1.5",
    "server.port = 1979-05-27": 'server.port: must be a whole number, not "1979-05-27"',
    'server.drain_s = "1"': 'server.drain_s: must be a number, not "1"',
    "server.drain_s = inf": "server.drain_s: must be a finite number, not Infinity",
    "server.host = 1": "server.host: must be text in quotes, not 1",
    'server.cors_origins = "*"': 'server.cors_origins: must be a list, not "*"',
    "media.max_image_bytes = 20_000_000": (
        "media.max_image_bytes: must be at most 10485760, not 20000000"
    ),
    'fetch.allow_private_addresses = "yes"': (
        'fetch.allow_private_addresses: must be true or false, not "yes"'
    ),
    "server = 5": "server: must be a table, written as [server]",
    "[[server]]": "server: must be a table, written as [server]",
    "[models]": "models: must be a table, written as [[models]]",
    "engines = [5]": "engines[0]: must be a table, written as [[engines]]",
    # choices and bounds
    'fidelity = "hostd"': 'fidelity: must be "lenient" or "hosted", not "hostd"',
    'log.level = "trace"': (
        'log.level: must be "debug", "info", "warning" or "error", not "trace"'
    ),
    "server.port = 65536": "server.port: must be at most 65535, not 65536",
    "server.port = -1": "server.port: must be at least 0, not -1",
    "server.workers = 0": "server.workers: must be at least 1, not 0",
    "server.ping_s = 0": "server.ping_s: must be more than 0, not 0",
    "server.ping_s = 10.5": "server.ping_s: must be at most 10, not 10.5",
    LOCAL + "slots = 65": "engines[0].slots: must be at most 64, not 65",
    # single values
    'server.host = "http://x"': (
        'server.host: must be an address or a host name alone, like "127.0.0.1" or "0.0.0.0", '
        'not "http://x"'
    ),
    'server.host = "127.0.0.1:80"': (
        'server.host: must be an address or a host name alone, like "127.0.0.1" or "0.0.0.0", '
        'not "127.0.0.1:80"'
    ),
    'server.public_url = "x.example"': (
        'server.public_url: must be a web address like "http://127.0.0.1:8080", not "x.example"'
    ),
    'server.public_url = "http://x:99999"': (
        'server.public_url: must be a web address like "http://127.0.0.1:8080", '
        'not "http://x:99999"'
    ),
    'server.public_url = "http://x/?a"': (
        'server.public_url: must end before any "?" or "#", not "http://x/?a"'
    ),
    'server.cors_origins = ["https://x/"]': (
        'server.cors_origins[0]: must be "*" or an origin like "https://app.example.com", '
        'without a path, not "https://x/"'
    ),
    'server.organization_id = "a b"': (
        'server.organization_id: must be 1 to 64 letters, digits, "_" or "-", not "a b"'
    ),
    'fetch.user_agent = "schön"': (
        'fetch.user_agent: must be ASCII characters that can be seen, not "schön"'
    ),
    # engines and models
    '[[engines]]\nname = "l"': (
        'engines[0].type: is required: "scripted", "local", "messages_api", "openai_chat" '
        'or "gemini"'
    ),
    '[[engines]]\nname = "l"\ntype = "locall"': (
        'engines[0].type: must be "scripted", "local", "messages_api", "openai_chat" or "gemini", '
        'not "locall"'
    ),
    '[[engines]]\ntype = "local"': "engines[0].name: is required",
    '[[engines]]\nname = "a/b"\ntype = "local"': (
        "engines[0].name: must begin with a letter or digit and hold only those and "
        '".", "_", "-" (at most 64), not "a/b"'
    ),
    '[[engines]]\nname = "s"\ntype = "scripted"': "engines[0].script: is required",
    '[[engines]]\nname = "s"\ntype = "scripted"\nscript = "~nobody-at-all/x"': (
        'engines[0].script: must be in a home directory that exists, not "~nobody-at-all/x"'
    ),
    LOCAL + LOCAL: 'engines[1].name: "l" is already taken by engines[0]',
    LOCAL + 'api_key = "k"': "engines[0]: a key is sent only to a base_url, and none is set",
    LOCAL + 'base_url = "http://h"\napi_key = "k"\napi_key_env = "K"': (
        "engines[0]: set api_key or api_key_env, not both"
    ),
    LOCAL + 'base_url = "http://h"\napi_key_env = "K"': (
        "engines[0].api_key_env: the environment variable K is not set"
    ),
    **{
        LOCAL + f'base_url = "http://h"\n{key} = {value}': (
            f"engines[0]: {key} has no effect: the server at base_url has its own"
        )
        for key, value in {
            "model": '"small"',
            "slots": 4,
            "context_tokens": 512,
            "threads": 1,
        }.items()
    },
    # a cloud's keys without the cloud
    **{
        RELAY + f"api_key = 'k'\n{key} = {value}": (
            f"engines[0].{key}: has no effect with the host hosted: "
            f"set {clouds} beside it, or remove it"
        )
        for key, value, clouds in (
            ("region", '"us-east-1"', 'host = "bedrock" or host = "vertex"'),
            ("project", '"p"', 'host = "vertex"'),
            ("resource", '"r"', 'host = "foundry"'),
            ("aws_profile", '"work"', 'host = "bedrock"'),
            (
                "accepts_betas",
                '["a-2026-01-01"]',
                'host = "bedrock" or host = "vertex" or host = "foundry"',
            ),
        )
    },
    RELAY + 'project = "p"': (
        "engines[0].project: has no effect with the host hosted: "
        'set host = "vertex" beside it, or remove it'
    ),
    RELAY + 'host = "bedrock"\nregion = "us-east-1"\nproject = "p"': (
        "engines[0].project: has no effect with the host bedrock: "
        'set host = "vertex" beside it, or remove it'
    ),
    RELAY + 'host = "vertex"\nproject = "p"': "engines[0]: region is needed for the host vertex",
    # nobody answers there without a key
    **{
        engine: (
            f"engines[0]: api_key_env is needed: {host} answers nobody without a key, "
            "and the keys of clients are not passed on"
        )
        for engine, host in {
            RELAY: "api.anthropic.com",
            RELAY + 'base_url = "https://api.anthropic.com/v1"': "api.anthropic.com",
            CHAT: "api.openai.com",
            GEMINI: "generativelanguage.googleapis.com",
        }.items()
    },
    # the same twice
    CHAT + 'replicas = ["http://h:1/v1", "http://h:2/v1", "http://h:1/v1/"]': (
        'engines[0].replicas: must name each once, and "http://h:1/v1" comes twice'
    ),
    CHAT + 'replicas = ["http://h/v1", "http://H:80"]': (
        'engines[0].replicas: must name each once, and "http://H:80" comes twice'
    ),
    LOCAL + '[[models]]\nid = "m"\nengines = ["l", "l"]': (
        'models[0].engines: must name each once, and "l" comes twice'
    ),
    LOCAL + 'model = ""': "engines[0].model: must not be empty",
    '[[models]]\nid = "m"\nengines = []': "models[0].engines: must not be empty",
    '[[models]]\nid = "m*m"\nengines = ["embedded"]': (
        'models[0].id: must be a model id, or the beginning of one with "*" at its end, not "m*m"'
    ),
    '[[models]]\nid = "m"\nengines = ["x"]': (
        'models[0].engines: no engine is called "x"; without [[engines]] there is one, "embedded"'
    ),
    LOCAL + '[[models]]\nid = "m"\nengines = ["embedded"]': (
        'models[0].engines: no engine is called "embedded"; there are: l'
    ),
    '[[engines]]\nname = "small"\ntype = "local"\n[[models]]\nid = "m"\nengines = ["smal"]': (
        'models[0].engines: no engine is called "smal" (did you mean "small"?)'
    ),
    '[[models]]\nid = "m"\nengines = ["embedded"]\n' * 2: (
        'models[1].id: "m" is already taken by models[0]'
    ),
    # not TOML
    "server.port =": "is not valid TOML: Invalid value (at end of document)",
}


@pytest.mark.parametrize(("toml", "words"), IN_THE_FILE.items())
def test_a_complaint_names_the_file_the_key_and_what_would_be_right(toml: str, words: str) -> None:
    assert complaint(toml) == f"antechamber.toml: {words}"


IN_THE_ENVIRONMENT = {
    ("ANTECHAMBER_SERVER_PORT", "x"): 'must be a whole number, not "x"',
    ("ANTECHAMBER_SERVER_PORT", "70000"): "must be at most 65535, not 70000",
    ("ANTECHAMBER_SERVER_DRAIN_S", "soon"): 'must be a number, not "soon"',
    ("ANTECHAMBER_SERVER_DRAIN_S", "nan"): "must be a finite number, not NaN",
    ("ANTECHAMBER_FETCH_ALLOW_PRIVATE_ADDRESSES", "maybe"): 'must be true or false, not "maybe"',
    ("ANTECHAMBER_FIDELITY", "strict"): 'must be "lenient" or "hosted", not "strict"',
    ("ANTECHAMBER_FIDELTY", "x"): "unknown variable (did you mean ANTECHAMBER_FIDELITY?)",
    ("ANTECHAMBER_PORT", "1"): "unknown variable (did you mean ANTECHAMBER_SERVER_PORT?)",
    ("ANTECHAMBER_SERVER_API_KEYS", "k"): ("unknown variable (did you mean ANTECHAMBER_API_KEYS?)"),
    ("ANTECHAMBER_WHATEVER", "x"): "unknown variable",
    ("ANTECHAMBER_ENGINES_0_NAME", "x"): (
        "unknown variable; engines, models, tiers and prices are set in the configuration file"
    ),
}


@pytest.mark.parametrize(("variable", "words"), IN_THE_ENVIRONMENT.items())
def test_a_complaint_about_a_variable_names_it(variable: tuple[str, str], words: str) -> None:
    name, value = variable

    assert complaint(environ={name: value}) == f"{name}: {words}"


def test_a_complaint_about_an_option_says_so() -> None:
    assert complaint(overrides={"server.port": 70000}) == (
        "command line: server.port: must be at most 65535, not 70000"
    )


def test_every_problem_is_named_at_once_each_with_its_source() -> None:
    said = complaint(
        "[server]\nhots = 1\nworkers = 0",
        environ={"ANTECHAMBER_SERVER_PORT": "x"},
        overrides={"log.level": "loud"},
    )

    assert said.splitlines() == [
        'ANTECHAMBER_SERVER_PORT: must be a whole number, not "x"',
        "antechamber.toml: server.workers: must be at least 1, not 0",
        'antechamber.toml: server.hots: unknown key (did you mean "host"?)',
        'command line: log.level: must be "debug", "info", "warning" or "error", not "loud"',
    ]


@pytest.mark.parametrize(
    "toml",
    [
        'server.api_keys = ["hush hush"]',
        'server.api_keys = "hush"',
        LOCAL + 'api_key_env = "hush-hush"\nbase_url = "http://h"',
        LOCAL + 'base_url = "http://me:hush@h"',
        LOCAL + 'base_url = "me:hush@h"',
    ],
)
def test_a_complaint_never_shows_a_secret(toml: str) -> None:
    assert "hush" not in complaint(toml)


def test_a_key_from_the_environment_that_no_header_can_carry_is_refused_unseen() -> None:
    said = complaint(LOCAL + 'base_url = "http://h"\napi_key_env = "K"', environ={"K": "hush hush"})

    assert said == (
        "antechamber.toml: engines[0].api_key_env: the environment variable K "
        "must be one or more visible ASCII characters, without spaces"
    )


def test_a_named_file_that_is_not_there_is_an_error(desk: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read: No such file"):
        load_settings(config=Path("none.toml"), environ={})
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        load_settings(environ={"ANTECHAMBER_CONFIG": str(desk)})


def test_a_file_that_is_not_text_is_an_error() -> None:
    Path("antechamber.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigurationError, match=r"antechamber\.toml: is not text in UTF-8"):
        load_settings(environ={})


KEYS = st.sampled_from(
    ["server", "engines", "models", "log", "name", "type", "port", "id", "script", "model", "zzz"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["local", "scripted", "", "~x/y", "http://[", "*", "a@b"])
    | st.text(max_size=5)
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@trials(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_a_file_holds_it_is_settings_or_a_complaint(
    tables: dict[str, object], desk: Path
) -> None:
    draft = Draft(label="antechamber.toml", tables=tables)

    try:
        draft.validated(data_dir=desk, source=None)
    except ConfigurationError as error:
        assert all(line.startswith("antechamber.toml: ") for line in error.problems)
