"""Entries of ``[[models]]`` and ``[[prices]]``: which one an id meets, and what is no entry."""

from pathlib import Path

import pytest

from antechamber.settings import (
    ConfigurationError,
    ModelSettings,
    PriceSettings,
    Settings,
    default_models,
    find_model,
    find_price,
    load_settings,
)
from antechamber.settings.models import SAID_OF_MODELS


def saying(tmp_path: Path, *models: ModelSettings) -> Settings:
    return Settings(data_dir=tmp_path, models=models)


def serving(model_id: str, **said: int) -> ModelSettings:
    return ModelSettings(id=model_id, engines=("embedded",), max_output_tokens=said.get("cap"))


def test_an_entry_without_engines_leaves_every_id_served(tmp_path: Path) -> None:
    settings = saying(tmp_path, ModelSettings(id="claude-opus-*", max_output_tokens=10))

    opus, haiku = (find_model(settings, name) for name in ("claude-opus-5", "claude-haiku-5-5"))

    assert [model.id for model in default_models(settings)] == ["*"]
    assert opus is not None
    assert haiku is not None
    assert (opus.engines, opus.max_output_tokens) == (("embedded",), 10)
    assert (haiku.engines, haiku.max_output_tokens) == (("embedded",), None)


def test_what_several_entries_say_is_laid_one_over_the_other(tmp_path: Path) -> None:
    settings = saying(
        tmp_path,
        ModelSettings(id="claude-opus-*", max_output_tokens=2, image_tokens="area"),
        ModelSettings(id="claude-opus-5", display_name="Ours"),
        ModelSettings(id="claude-*", max_output_tokens=1, image_long_edge_px=1_000),
        ModelSettings(id="*", engines=("embedded",), image_long_edge_px=500, window_tokens=300),
        ModelSettings(id="claude-haiku-*", window_tokens=400),
    )

    found = find_model(settings, "claude-opus-5")

    assert found is not None
    assert found.model_dump(include=SAID_OF_MODELS, exclude_none=True) == {
        "display_name": "Ours",
        "max_output_tokens": 2,
        "image_tokens": "area",
        "image_long_edge_px": 1_000,
        "window_tokens": 300,
    }


def test_of_entries_with_engines_the_nearest_alone_speaks(tmp_path: Path) -> None:
    settings = saying(tmp_path, serving("claude-*", cap=3), serving("claude-opus-5"))

    found = find_model(settings, "claude-opus-5")

    assert found is not None
    assert found.max_output_tokens is None


def test_an_entry_without_engines_serves_nothing(tmp_path: Path) -> None:
    settings = saying(tmp_path, ModelSettings(id="a", window_tokens=1_000), serving("b"))

    assert find_model(settings, "a") is None


@pytest.mark.parametrize(
    ("model_id", "cap"), [("claude-opus-5", 1), ("claude-opus-4-8", 2), ("claude-haiku-5-5", 3)]
)
def test_what_is_said_nearer_to_the_id_holds(tmp_path: Path, model_id: str, cap: int) -> None:
    settings = saying(
        tmp_path,
        serving("claude-opus-5", cap=1),
        ModelSettings(id="claude-opus-*", max_output_tokens=2),
        serving("claude-*", cap=3),
    )

    found = find_model(settings, model_id)

    assert found is not None
    assert found.max_output_tokens == cap


def test_what_the_nearer_entry_is_silent_about_comes_from_the_other(tmp_path: Path) -> None:
    settings = saying(
        tmp_path,
        serving("claude-opus-5"),
        ModelSettings(id="claude-*", max_output_tokens=2, display_name="A model"),
    )

    found = find_model(settings, "claude-opus-5")

    assert found is not None
    assert (found.max_output_tokens, found.display_name) == (2, "A model")


def test_a_price_is_found_by_any_name_of_a_model_the_first_one_before_others(
    tmp_path: Path,
) -> None:
    prices = tuple(
        PriceSettings(model=model, input=1.0, output=1.0) for model in ("one", "one-more", "o*")
    )
    settings = Settings(data_dir=tmp_path, prices=prices)

    found = [find_price(settings, names) for names in (("one-more", "one"), ("x", "other"), ("x",))]

    assert [price and price.model for price in found] == ["one", "o*", None]


LONG = "long_above_tokens, long_input and long_output are set together"


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ('[[models]]\nid = "m"', "models[0]: engines is needed where nothing else is said of it"),
        ('[[prices]]\nmodel = "m"\ninput = 1', "prices[0].output: is required"),
        ('[[prices]]\nmodel = "m"\ninput = -1\noutput = 1', "input: must be at least 0, not -1"),
        (
            '[[prices]]\nmodel = "m"\ninput = 1000001\noutput = 1',
            "prices[0].input: must be at most 1000000, not 1000001",
        ),
        ('[[prices]]\nmodel = "m"\ninput = 1\noutput = 1\nlong_input = 1', f"prices[0]: {LONG}"),
        (
            2 * '[[prices]]\nmodel = "m"\ninput = 1\noutput = 1\n',
            '"m" is already taken by prices[0]',
        ),
        (
            '[[prices]]\nmodel = "m"\ninput = 1\noutput = 1\ncache_reed = 1',
            'prices[0].cache_reed: unknown key (did you mean "cache_read"?)',
        ),
    ],
)
def test_what_is_no_entry_is_told(tmp_path: Path, toml: str, complaint: str) -> None:
    config = tmp_path / "antechamber.toml"
    config.write_text(toml, encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        load_settings(config=config, data_dir=tmp_path, environ={})

    assert complaint in str(caught.value)
