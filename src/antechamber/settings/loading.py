"""Read the configuration once: options over environment over file over preset over defaults."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_data_path

from antechamber.settings.draft import Draft
from antechamber.settings.environment import (
    CONFIG,
    DATA_DIR,
    read_variables,
    refuse_unknown_variables,
)
from antechamber.settings.keys import NOT_IN_FILE
from antechamber.settings.presets import Table
from antechamber.settings.problems import ConfigurationError
from antechamber.settings.schema import (
    EngineSettings,
    LocalEngineSettings,
    Settings,
    UpstreamEngineSettings,
)
from antechamber.settings.secret import Secret
from antechamber.settings.values import resolved

FILE_NAME = "antechamber.toml"
_KEYED = (LocalEngineSettings, UpstreamEngineSettings)


def load_settings(
    *,
    config: Path | None = None,
    data_dir: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Find and read the configuration; without any, every field has its default.

    ``overrides`` are command-line options by dotted name (``"server.port"``), None where an
    option was not given; paths in them are relative to the configuration file, as in the file.
    Writes nothing. Raises ``ConfigurationError``, which names everything that is wrong.
    """
    environ = os.environ if environ is None else environ
    home = _data_dir(data_dir, environ)
    source = _configuration_file(config, home, environ)
    label = str(source or "configuration")
    draft = Draft(label=label, tables=_read_file(source) if source else {})
    for name, location, value in read_variables(environ):
        draft.place(location, value, origin=name)
    for name, value in (overrides or {}).items():
        if value is not None:
            draft.place(tuple(name.split(".")), value, origin=f"command line: {name}")
    settings = draft.validated(data_dir=home, source=source.absolute() if source else None)
    refuse_unknown_variables(environ, also_known=_named_variables(settings))
    return _with_named_keys(settings, environ, label=label)


def _data_dir(option: Path | None, environ: Mapping[str, str]) -> Path:
    given = option or _path_in(environ, DATA_DIR)
    if given is None:
        return _usual_data_dir()
    try:
        return resolved(given, beside=None)
    except ValueError as error:
        raise ConfigurationError(f"data directory: {given}: {error}") from error


def _usual_data_dir() -> Path:
    try:
        # appauthor would nest a second folder of the same name on Windows.
        return user_data_path("antechamber", appauthor=False)
    except RuntimeError as error:  # an account without a home directory, as in a container
        raise ConfigurationError(
            "data directory: this account has no home directory; "
            f"name a directory with --data-dir or {DATA_DIR}"
        ) from error


def _configuration_file(option: Path | None, home: Path, environ: Mapping[str, str]) -> Path | None:
    if option is not None:
        return option
    if (named := _path_in(environ, CONFIG)) is not None:
        return named
    for candidate in (Path(FILE_NAME), home / FILE_NAME):
        try:
            if candidate.is_file():
                return candidate
        except OSError as error:
            raise ConfigurationError(_unreadable(candidate, error)) from error
    return None


def _path_in(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name, "").strip()
    return Path(value) if value else None


def _read_file(path: Path) -> Table:
    try:
        # Editors on Windows begin a file with a byte order mark.
        tables: Table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(_unreadable(path, error)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not text in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: is not valid TOML: {error}") from error
    if misplaced := sorted(NOT_IN_FILE & tables.keys()):
        raise ConfigurationError(
            f"{path}: {misplaced[0]}: cannot stand in the file; "
            f"name the data directory with --data-dir or {DATA_DIR}"
        )
    return tables


def _unreadable(path: Path, error: OSError) -> str:
    return f"{path}: cannot be read: {error.strerror}"


def _named_variables(settings: Settings) -> list[str]:
    return [
        engine.api_key_env
        for engine in settings.engines
        if isinstance(engine, _KEYED) and engine.api_key_env
    ]


def _with_named_keys(settings: Settings, environ: Mapping[str, str], *, label: str) -> Settings:
    """Put the keys that ``api_key_env`` names where the engines look for them."""
    engines: list[EngineSettings] = []
    for index, engine in enumerate(settings.engines):
        if isinstance(engine, _KEYED) and engine.api_key_env:
            key = _named_key(engine.api_key_env, environ, f"{label}: engines[{index}].api_key_env")
            engines.append(engine.model_copy(update={"api_key": key}))
        else:
            engines.append(engine)
    return settings.model_copy(update={"engines": tuple(engines)})


def _named_key(name: str, environ: Mapping[str, str], place: str) -> Secret:
    text = environ.get(name, "").strip()
    if not text:
        raise ConfigurationError(f"{place}: the environment variable {name} is not set")
    try:
        return Secret.from_text(text)
    except ValueError as error:
        raise ConfigurationError(f"{place}: the environment variable {name} {error}") from error
