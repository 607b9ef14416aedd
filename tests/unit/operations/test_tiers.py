"""The presets, with the tiers of the configuration over them."""

import re
from pathlib import Path

import pytest

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import load_catalogue
from antechamber.catalogue.tiers import load_tiers
from antechamber.operations.allowance.tiers import Tiers, tiers_in_force
from antechamber.settings import ConfigurationError, load_settings

CATALOGUE = load_catalogue()


def tiers(folder: Path, toml: str) -> Tiers:
    config = folder / "antechamber.toml"
    config.write_text(toml, encoding="utf-8")
    settings = load_settings(config=config, data_dir=folder, environ={})
    return tiers_in_force(settings, load_tiers(), CATALOGUE)


def complaint(folder: Path, toml: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        tiers(folder, toml)
    return str(refused.value)


def test_a_tier_of_ones_own_stands_beside_the_presets_or_in_the_place_of_one(
    tmp_path: Path,
) -> None:
    found = tiers(
        tmp_path,
        """
        [[tiers]]
        name = "team"
        [[tiers.classes]]
        name = "claude-haiku-4-5"
        requests_per_minute = 7

        [[tiers]]
        name = "tier1"
        monthly_cap_usd = 5
        """,
    )

    haiku = found.by_name["team"].limits_of("claude-haiku-4-5-20251001")
    assert haiku is not None
    assert haiku.requests_per_minute == 7
    assert found.by_name["tier1"].classes == ()
    assert found.by_name["tier1"].monthly_cap_usd == 5
    assert "tier2" in found.by_name


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (
            '[limits]\ntier = "teir1"',
            'limits.tier: no tier is called "teir1" (did you mean "tier1"?)',
        ),
        (
            '[limits]\ntier = "gold"',
            'limits.tier: no tier is called "gold"; there are: '
            "start, build, scale, tier1, tier2, tier3, tier4",
        ),
        (
            '[limits]\npromotion = ["tier1", "biuld"]',
            'limits.promotion[1]: no tier is called "biuld" (did you mean "build"?)',
        ),
        (
            '[limits]\npromotion = ["start"]',
            'limits.promotion[0]: the tier "start" has no from_usd',
        ),
        (
            '[limits]\npromotion = ["tier2", "tier1", "tier3"]',
            'limits.promotion[1]: "tier1" is below the one before it: list the lowest first',
        ),
        (
            '[[tiers]]\nname = "t"\n[[tiers.classes]]\nname = "claude-haiku-4-6"',
            'tiers[0].classes[0].name: no model or class is called "claude-haiku-4-6" '
            '(did you mean "claude-haiku-4-5"?)',
        ),
        (
            '[[tiers]]\nname = "t"\nclasses = [{name = "claude-haiku-4-5"}, '
            '{name = "claude-haiku-4-5-20251001"}]',
            'tiers[0].classes[1].name: "claude-haiku-4-5-20251001" is already taken by classes[0]',
        ),
        (
            '[[tiers]]\nname = "t"\n[[tiers.classes]]\nname = "claude-opus-4-5"',
            "tiers[0].classes[0].name: claude-opus-4-5 is limited together with others: "
            'write "claude-opus-4.x"',
        ),
    ],
)
def test_a_name_that_nobody_has_is_a_complaint(toml: str, said: str, tmp_path: Path) -> None:
    assert complaint(tmp_path, toml) == said


def test_a_slip_in_a_key_of_a_class_is_a_complaint_that_knows_the_right_one(
    tmp_path: Path,
) -> None:
    toml = '[[tiers]]\nname = "t"\n[[tiers.classes]]\nname = "*"\nrequest_per_minute = 1'

    said = complaint(tmp_path, toml)

    assert said.endswith(
        "antechamber.toml: tiers[0].classes[0].request_per_minute: unknown key "
        '(did you mean "requests_per_minute"?)'
    )


@pytest.mark.parametrize(
    "name", ["*", "gpt-*", "claude-opus-4.x", "claude-3-5-haiku-latest", "own"]
)
def test_models_classes_and_beginnings_may_be_named(name: str, tmp_path: Path) -> None:
    serving = '[[models]]\nid = "own"\nengines = ["embedded"]\n'
    tier = f'[[tiers]]\nname = "t"\n[[tiers.classes]]\nname = "{name}"\nrequests_per_minute = 1\n'

    assert "t" in tiers(tmp_path, serving + tier).by_name


def test_ids_that_one_pattern_serves_are_limited_together(tmp_path: Path) -> None:
    """Whoever invents an id of the pattern gets no bucket with it."""
    serving = "".join(
        f'[[models]]\nid = "{name}"\nengines = ["embedded"]\n' for name in ("gpt-*", "gpt-5", "*")
    )
    found = tiers(tmp_path, serving)

    def class_of(name: str) -> str:
        return found.class_of(CATALOGUE.find(name) or ModelFacts.unlisted(name))

    assert class_of("gpt-5") == "gpt-5"
    assert class_of("gpt-invented-1") == class_of("gpt-invented-2") == "gpt-*"
    assert class_of("invented") == "*"
    assert class_of("claude-opus-4-7") == class_of("claude-opus-4-8") == "claude-opus-4.x"
    assert class_of("claude-opus-5") == "claude-opus-5"


GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "limits.md"


@pytest.mark.parametrize(
    "toml", re.findall(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
)
def test_the_examples_of_the_guide_name_what_there_is(toml: str, tmp_path: Path) -> None:
    found = tiers(tmp_path, toml)

    assert found.settings.limits.tier or found.settings.limits.promotion


def _written() -> dict[str, list[list[int]]]:
    """Return the figures of the guide, by tier: a row in each of its tables."""
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", GUIDE.read_text("utf-8"), re.MULTILINE)
    written: dict[str, list[list[int]]] = {}
    for name, cells in rows:
        figures = [cell.replace(",", "") for cell in cells.split(" | ")]
        written.setdefault(name, []).append([int(each) for each in figures if each.isdigit()])
    return written


def test_the_tables_of_the_guide_have_the_figures_of_the_presets() -> None:
    held: dict[str, list[list[int | None]]] = {}
    for tier in load_tiers().tiers.values():
        row = tier.limits_of("any")
        assert row is not None
        per_class = [
            row.requests_per_minute,
            row.input_tokens_per_minute,
            row.output_tokens_per_minute,
        ]
        beside = [
            tier.count_tokens_per_minute,
            tier.batches_per_minute,
            tier.enqueued_batch_requests,
            tier.files_per_minute,
        ]
        held[tier.name] = [per_class, beside] if any(beside) else [per_class]

    assert _written() == held
