"""docs/reference/configuration.md says of every field what the code says."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from antechamber.settings import (
    BatchesSettings,
    CacheSettings,
    FetchSettings,
    FilesSettings,
    GeminiEngineSettings,
    HousekeepingSettings,
    LimitsSettings,
    LocalEngineSettings,
    LogSettings,
    MediaSettings,
    MessagesApiEngineSettings,
    MetricsSettings,
    ModelSettings,
    OpenAIChatEngineSettings,
    PriceSettings,
    RoutingSettings,
    ScriptedEngineSettings,
    ServerSettings,
    Settings,
    TierSettings,
    TracingSettings,
    UsageSettings,
    default_engines,
    find_model,
    load_settings,
)
from antechamber.settings.environment import variable_names
from antechamber.settings.keys import NOT_IN_FILE, tables_in
from antechamber.settings.platform import TierClassSettings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"
HEADINGS: dict[str, type[BaseModel]] = {
    "## Top level": Settings,
    "## `[server]`": ServerSettings,
    "## `[fetch]`": FetchSettings,
    "## `[media]`": MediaSettings,
    "## `[log]`": LogSettings,
    '### `type = "local"`': LocalEngineSettings,
    '### `type = "scripted"`': ScriptedEngineSettings,
    '### `type = "messages_api"`': MessagesApiEngineSettings,
    '### `type = "openai_chat"`': OpenAIChatEngineSettings,
    '### `type = "gemini"`': GeminiEngineSettings,
    "## `[routing]`": RoutingSettings,
    "## `[[models]]`": ModelSettings,
    "## `[limits]`": LimitsSettings,
    "## `[[tiers]]`": TierSettings,
    "### `[[tiers.classes]]`": TierClassSettings,
    "## `[[prices]]`": PriceSettings,
    "## `[cache]`": CacheSettings,
    "## `[usage]`": UsageSettings,
    "## `[files]`": FilesSettings,
    "## `[batches]`": BatchesSettings,
    "## `[housekeeping]`": HousekeepingSettings,
    "## `[metrics]`": MetricsSettings,
    "## `[tracing]`": TracingSettings,
}


class Row(NamedTuple):
    key: str
    kind: str
    default: str
    variable: str
    meaning: str


def rows_under(heading: str) -> dict[str, Row]:
    section = REFERENCE.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1]
    section = re.split(r"\n##", section, maxsplit=1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    rows = [Row(*(cell.strip() for cell in line.strip("| ").split(" | "))) for line in lines]
    return {row.key.strip("`"): row for row in rows}


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    outside = {*NOT_IN_FILE, *tables_in(model)}
    return {name: field for name, field in model.model_fields.items() if name not in outside}


def default_of(name: str, field: FieldInfo) -> str:
    if field.is_required() or name == "type":
        return "required"
    default: object = field.get_default(call_default_factory=False)
    return "none" if default is None else f"`{to_json(default).decode()}`"


def test_every_table_of_the_file_has_its_section() -> None:
    models = {Settings, *(model for found in tables_in(Settings).values() for model in found)}
    inside = {each for model in models for found in tables_in(model).values() for each in found}

    assert models | inside == set(HEADINGS.values())


@pytest.mark.parametrize(("heading", "model"), HEADINGS.items())
def test_every_field_is_described_and_nothing_else(heading: str, model: type[BaseModel]) -> None:
    assert list(rows_under(heading)) == list(fields_of(model))


@pytest.mark.parametrize(("heading", "model"), HEADINGS.items())
def test_every_default_is_the_one_of_the_code(heading: str, model: type[BaseModel]) -> None:
    written = {key: row.default for key, row in rows_under(heading).items()}

    assert written == {name: default_of(name, field) for name, field in fields_of(model).items()}


def test_every_variable_is_the_one_of_the_code() -> None:
    written = {
        row.variable.strip("`")
        for heading in HEADINGS
        for row in rows_under(heading).values()
        if row.variable != "-"
    }

    assert written == set(variable_names().values())


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    config = tmp_path / "antechamber.toml"
    config.write_text(example, encoding="utf-8")

    settings = load_settings(config=config, environ={"WORKSTATION_KEY": "k"})

    assert [engine.name for engine in default_engines(settings)] == [
        "small",
        "workstation",
        "replies",
    ]
    opus = find_model(settings, "claude-opus-4-5")
    assert opus is not None
    assert opus.engines == ("workstation", "small")
