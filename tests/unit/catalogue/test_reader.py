"""The reader refuses a catalogue that says something nobody would read."""

import pytest

from antechamber.catalogue.reader import CatalogueFault, parse_catalogue

SOUND = """
[prices.cheap]
input_usd_per_mtok = 0.10
output_usd_per_mtok = 0.50
cache_write_5m_usd_per_mtok = 0.125
cache_write_1h_usd_per_mtok = 0.20
cache_read_usd_per_mtok = 0.01

[image_tiers.small]
long_edge_px = 100
max_tokens = 200
formula = "patches"

[families.elder]
window_tokens = 1_000
max_output_tokens = 100
cache_minimum_tokens = 10
image_tier = "small"
prices = "cheap"
thinking.types = ["adaptive", "disabled"]
thinking.when_absent = "off"
thinking.default_display = "summarized"
thinking.keeps_earlier_turns = true
thinking.interleaved_by_beta = false
effort = { levels = ["low", "high"], default = "high" }

[families.younger]
extends = "elder"
window_tokens = 2_000
thinking.when_absent = "adaptive"

[[models]]
id = "first"
aliases = ["one"]
family = "elder"
display_name = "First"
line = "opus"
created_at = 2026-01-01T00:00:00Z

[[models]]
id = "second"
family = "younger"
display_name = "Second"
line = "haiku"
created_at = 2026-02-01T00:00:00Z
max_output_tokens = 300
"""


def broken(before: str, after: str) -> str:
    assert before in SOUND
    return SOUND.replace(before, after, 1)


def test_a_model_takes_from_its_families_what_it_does_not_say_itself() -> None:
    second = parse_catalogue(SOUND).find("second")

    assert second is not None
    assert second.max_output_tokens == 300  # its own
    assert second.window_tokens == 2_000  # its family's
    assert second.cache_minimum_tokens == 10  # the family's family's
    assert second.thinking.when_absent == "adaptive"  # one key of a table
    assert second.thinking.types == ("adaptive", "disabled")  # the others of that table
    assert second.image_tier.long_edge_px == 100
    assert second.prices is not None
    assert str(second.prices.cache_write_5m_usd_per_mtok) == "0.125"  # exact, never a float


def test_the_order_is_newest_first_whatever_the_files_order() -> None:
    assert [facts.id for facts in parse_catalogue(SOUND).models] == ["second", "first"]


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ('display_name = "First"', 'display_nome = "First"', "first.display_name"),
        ('line = "opus"', 'line = "opus"\ncolour = 1', "first.colour: Unexpected keyword"),
        ('line = "opus"', 'line = "opus"\nthinking.tpyes = []', "first.thinking.tpyes: Unexpected"),
        ('line = "opus"', 'line = "lyric"', "first.line: Input should be"),
        (
            "long_edge_px = 100",
            "long_edge_px = 100\nwide = 1",
            "image_tiers.small.wide: Unexpected",
        ),
        ('formula = "patches"', 'formula = "tiles"', "image_tiers.small.formula: Input should be"),
        ('formula = "patches"', "", "image_tiers.small.formula: Field required"),
        ("[prices.cheap]", "[costs.cheap]", "prices: Field required"),
        ("output_usd_per_mtok = 0.50", "", "prices.cheap.output_usd_per_mtok: Field required"),
        ('prices = "cheap"', 'prices = "dear"', "first.prices: 'dear' is not defined"),
        ('image_tier = "small"', "", "first.image_tier: None is not defined"),
        ('family = "elder"', 'family = "eldest"', "first: family: 'eldest' is not defined"),
        ("[families.elder]", '[families.elder]\nextends = "younger"', "extends itself"),
        ('id = "second"', 'id = "first"', "first has the name first already"),
        ('id = "second"', 'id = "second"\naliases = ["one"]', "first has the name one already"),
        ('id = "second"', 'id = "second"\naliases = ["second"]', "has the name second already"),
        ("window_tokens = 1_000", 'window_tokens = "wide"', "first.window_tokens: Input should be"),
        ('default = "high"', 'default = "max"', "default has to be one of levels"),
        ('["adaptive", "disabled"]', '["disabled"]', "when_absent is adaptive"),
        ('line = "opus"', 'line = "opus"\nlifecycle.state = "retired"', "has retires_at"),
        (
            'line = "opus"',
            'line = "opus"\nlifecycle.retires_at = 2026-01-02T00:00:00Z',
            "an active model has neither",
        ),
        ("[prices.cheap]", "[prices.cheap", "not TOML"),
    ],
)
def test_a_fault_is_named_with_its_place(before: str, after: str, complaint: str) -> None:
    with pytest.raises(CatalogueFault) as caught:
        parse_catalogue(broken(before, after))

    assert complaint in str(caught.value)
