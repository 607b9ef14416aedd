"""What goes before a preset: options, the environment and the file, key by key."""

from pathlib import Path
from typing import Any

import pytest

from antechamber.settings import (
    ConfigurationError,
    Settings,
    find_model,
    find_price,
    load_settings,
)
from antechamber.wire.errors import InvalidRequest
from tests.unit.operations.seeded import checked, cost, loaded, routing

ENGINES = '[[engines]]\nname = "one"\ntype = "local"\n[[engines]]\nname = "two"\ntype = "local"\n'


def test_the_file_goes_before_it_key_by_key(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[limits]\nexact_headers = false\n[cache]\nenabled = false\n")

    assert not settings.limits.exact_headers
    assert settings.limits.promotion == ("tier1", "tier2", "tier3", "tier4")
    assert (settings.cache.enabled, settings.cache.minimum_tokens) == (False, 1_024)


def test_a_tier_of_ones_own_goes_before_its_promotion(tmp_path: Path) -> None:
    own = '[limits]\ntier = "build"\n'

    of_the_file = loaded(tmp_path, own).limits
    of_a_variable = loaded(tmp_path, ANTECHAMBER_LIMITS_TIER="build").limits
    with_promotion = loaded(tmp_path, f'{own}promotion = ["tier3"]\n').limits

    assert (of_the_file.tier, of_the_file.promotion) == ("build", ())
    assert (of_a_variable.tier, of_a_variable.promotion) == ("build", ())
    assert with_promotion.promotion == ("tier3",)
    assert of_the_file.exact_headers


def test_variables_and_options_go_before_it(tmp_path: Path) -> None:
    environ = {"ANTECHAMBER_PRESET": "seed", "ANTECHAMBER_LIMITS_EXACT_HEADERS": "false"}

    settings = load_settings(
        data_dir=tmp_path, environ=environ, overrides={"cache.minimum_tokens": 7}
    )

    assert settings.preset == "seed"
    assert settings.cache.minimum_tokens == 7
    assert not settings.limits.exact_headers
    assert settings.prices


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-opus-*", "*"])
def test_a_price_of_the_file_goes_before_it_pattern_or_not(tmp_path: Path, model: str) -> None:
    own = f'[[prices]]\nmodel = "{model}"\ninput = 1.0\noutput = 2.0\n'

    found = find_price(loaded(tmp_path, own), ("claude-opus-4-7",))

    assert found is not None
    assert (found.model, found.input) == (model, 1.0)


def test_other_prices_of_the_file_leave_it_alone(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[[prices]]\nmodel = "m*"\ninput = 1.0\noutput = 2.0\n')

    assert cost(settings, "claude-opus-4-7", input_tokens=1) == 15_000
    assert cost(settings, "m", input_tokens=1) == 1_000


def test_a_price_by_the_full_id_goes_before_its_price_by_the_alias(tmp_path: Path) -> None:
    own = '[[prices]]\nmodel = "claude-haiku-4-5-20251001"\ninput = 1.0\noutput = 2.0\n'

    assert cost(loaded(tmp_path, own), "claude-haiku-4-5", input_tokens=1) == 1_000


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-*"])
def test_a_cap_of_the_file_goes_before_its_cap(tmp_path: Path, model: str) -> None:
    settings = loaded(tmp_path, f'[[models]]\nid = "{model}"\nmax_output_tokens = 100\n')

    checked(settings, "claude-opus-4-7", 100)
    with pytest.raises(InvalidRequest, match="101 > 100"):
        checked(settings, "claude-opus-4-7", 101)


def said(settings: Settings, model: str) -> tuple[int | None, int | None, str | None]:
    found = find_model(settings, model)
    assert found is not None
    return found.max_output_tokens, found.image_long_edge_px, found.image_tokens


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-opus-4-7*", "claude*", "*"])
def test_an_entry_of_the_file_goes_before_it_key_by_key(tmp_path: Path, model: str) -> None:
    settings = loaded(tmp_path, f'[[models]]\nid = "{model}"\nimage_tokens = "patches"\n')

    assert said(settings, "claude-opus-4-7") == (8_192, 1_568, "patches")


@pytest.mark.parametrize("model", ["claude-opus-4-7*", "claude*"])
def test_an_entry_that_names_engines_may_have_the_very_id_of_one_of_its(
    tmp_path: Path, model: str
) -> None:
    models = f'[[models]]\nid = "{model}"\nengines = ["two"]\n'

    settings = loaded(tmp_path, ENGINES + models)

    (served,) = routing(settings).candidates("claude-opus-4-7")
    assert served.engine.name == "two"
    assert said(settings, "claude-opus-4-7") == (8_192, 1_568, "area")


def test_an_entry_of_the_file_about_another_model_leaves_it_alone(tmp_path: Path) -> None:
    settings = loaded(tmp_path, '[[models]]\nid = "claude-haiku-*"\nmax_output_tokens = 9\n')

    assert said(settings, "claude-haiku-4-5") == (9, 1_568, "area")
    assert said(settings, "claude-opus-4-7") == (8_192, 1_568, "area")


def test_who_serves_a_model_is_not_its_affair(tmp_path: Path) -> None:
    models = (
        '[[models]]\nid = "claude-opus-*"\nengines = ["two"]\nupstream_model = "big"\n'
        '[[models]]\nid = "claude-haiku-4-5"\nengines = ["one"]\n'
    )
    served = routing(loaded(tmp_path, ENGINES + models))

    (opus,), (haiku,) = (
        served.candidates("claude-opus-4-7[1m]"),
        served.candidates("claude-haiku-4-5-20251001"),
    )

    assert (opus.served_by, opus.facts.max_output_tokens) == ("two/big", 8_192)
    assert haiku.engine.name == "one"
    assert find_model(loaded(tmp_path, ENGINES + models), "claude-sonnet-4-6") is None


def test_without_entries_that_name_engines_every_id_is_still_served(tmp_path: Path) -> None:
    settings = loaded(tmp_path, ENGINES)

    (first, second) = routing(settings).candidates("claude-sonnet-4-6")

    assert (first.engine.name, second.engine.name) == ("one", "two")
    assert first.facts.max_output_tokens == 8_192
    assert routing(settings).candidates("claude-opus-5")


def test_a_word_that_is_no_preset_is_an_error(tmp_path: Path) -> None:
    config = tmp_path / "antechamber.toml"
    config.write_text('preset = "sed"', encoding="utf-8")

    with pytest.raises(ConfigurationError, match='preset: must be "seed", not "sed"'):
        load_settings(config=config, data_dir=tmp_path, environ={})


@pytest.mark.parametrize(
    "toml",
    [
        "limits = 5",
        "prices = 5",
        "[[prices]]\nmodel = 5",
        '[[prices]]\nmodel = "claude-opus-4-8"',
        "models = [5]",
        "[[models]]\nid = []",
    ],
)
def test_a_faulty_file_is_told_in_its_own_words(tmp_path: Path, toml: str) -> None:
    def complaint(**preset: Any) -> str:
        config = tmp_path / "antechamber.toml"
        config.write_text(toml, encoding="utf-8")
        with pytest.raises(ConfigurationError) as caught:
            load_settings(config=config, data_dir=tmp_path, environ={}, overrides=preset)
        return str(caught.value)

    assert complaint(preset="seed") == complaint()
