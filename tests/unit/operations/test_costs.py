"""Whose prices hold for a request: the configuration's, the catalogue's, foreign models' own."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from antechamber.catalogue.reader import load_catalogue
from antechamber.operations.bookkeeping.costs import Costs
from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.settings import PriceSettings, Settings
from tests.records import turn_record

CATALOGUE = load_catalogue()
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
MILLION = 1_000_000
NANO = 1_000_000_000

RECORD = turn_record(
    request_id="req_1",
    started_at=NOON,
    first_event_s=None,
    total_s=1.0,
    workspace_id="default",
    key_id=None,
    model="claude-sonnet-5-5",
    engine="e",
    upstream_model="claude-sonnet-5-5",
    ending="ended",
    streams=True,
    service_tier="standard",
    input_tokens=MILLION,
)


def record(model: str, *, upstream_model: str | None = None, **counts: Any) -> TurnRecord:
    counts = {"input_tokens": 0, **counts}
    return turn_record(RECORD, model=model, upstream_model=upstream_model or model, **counts)


class Purse:
    """Prices, and what a record costs by them altogether."""

    def __init__(self, costs: Costs) -> None:
        self.by_kind = costs.cost_of

    def cost_of(self, used: TurnRecord) -> int | None:
        found = self.by_kind(used)
        return None if found is None else sum(found)


def costs(tmp_path: Path, *prices: PriceSettings) -> Purse:
    return Purse(Costs(Settings(data_dir=tmp_path, prices=prices), CATALOGUE))


def price(model: str, plain: float = 1.0, output: float = 2.0, **others: Any) -> PriceSettings:
    return PriceSettings(model=model, input=plain, output=output, **others)


def test_the_catalogue_prices_what_it_knows_whoever_answers(tmp_path: Path) -> None:
    asked = record("claude-sonnet-5-5", upstream_model="gpt-4o", output_tokens=MILLION)

    assert costs(tmp_path).cost_of(asked) == 10 * NANO


def test_each_kind_of_token_of_a_record_has_its_price(tmp_path: Path) -> None:
    """PITFALLS T34 and T35: what the record holds of the cache is paid for, at its own price."""
    used = record(
        "claude-sonnet-4-6",
        input_tokens=MILLION // 10,
        cache_write_5m_tokens=MILLION // 10,
        cache_write_1h_tokens=MILLION // 10,
        cache_read_tokens=MILLION // 10,
        output_tokens=MILLION,
        thinking_tokens=MILLION // 2,
        service_tier="batch",
        inference_geo="us",
    )

    # 0.3 + 0.375 + 0.6 + 0.03 + 15 USD, half of it, and a tenth more
    assert costs(tmp_path).by_kind(used) == (
        *(165_000_000, 206_250_000, 330_000_000, 16_500_000, 8_250_000_000),
        0,
    )
    assert costs(tmp_path).cost_of(used) == 8_967_750_000


def test_the_configuration_goes_before_the_catalogue(tmp_path: Path) -> None:
    ours = costs(tmp_path, price("claude-sonnet-5-5", 7.0))

    assert ours.cost_of(record("claude-sonnet-5-5", input_tokens=MILLION)) == 7 * NANO
    assert ours.cost_of(record("claude-sonnet-5", input_tokens=MILLION)) == 2 * NANO


def test_an_alias_prices_its_model(tmp_path: Path) -> None:
    ours = costs(tmp_path, price("claude-haiku-4-5", 7.0))

    assert ours.cost_of(record("claude-haiku-4-5-20251001", input_tokens=MILLION)) == 7 * NANO


def test_an_exact_price_goes_before_a_pattern_and_a_longer_pattern_before_a_shorter(
    tmp_path: Path,
) -> None:
    ours = costs(
        tmp_path,
        price("*", 1.0),
        price("claude-opus-*", 2.0),
        price("claude-opus-4-*", 3.0),
        price("claude-opus-4-8", 4.0),
    )

    paid = [
        ours.cost_of(record(model, input_tokens=MILLION))
        for model in ("claude-haiku-5-5", "claude-opus-5", "claude-opus-4-7", "claude-opus-4-8")
    ]

    assert paid == [1 * NANO, 2 * NANO, 3 * NANO, 4 * NANO]


def test_the_cache_has_its_usual_part_of_a_price_of_ones_own(tmp_path: Path) -> None:
    ours = costs(tmp_path, price("m", 0.3))

    assert ours.cost_of(record("m", cache_write_5m_tokens=MILLION)) == 375_000_000
    assert ours.cost_of(record("m", cache_write_1h_tokens=MILLION)) == 600_000_000
    assert ours.cost_of(record("m", cache_read_tokens=MILLION)) == 30_000_000
    assert ours.cost_of(record("m", input_tokens=1)) == 300, "0.3 is meant as it is written"


def test_the_cache_may_have_other_prices_nothing_too(tmp_path: Path) -> None:
    ours = costs(
        tmp_path, price("m", cache_write_5m=5.0, cache_write_1h=6.0, cache_read=0.0, output=0.0)
    )

    assert ours.cost_of(record("m", cache_write_5m_tokens=MILLION)) == 5 * NANO
    assert ours.cost_of(record("m", cache_write_1h_tokens=MILLION)) == 6 * NANO
    assert ours.cost_of(record("m", cache_read_tokens=MILLION, output_tokens=MILLION)) == 0


def test_a_price_of_ones_own_may_rise_with_the_prompt(tmp_path: Path) -> None:
    ours = costs(tmp_path, price("m", long_above_tokens=1_000, long_input=10.0, long_output=20.0))

    assert ours.cost_of(record("m", input_tokens=1_000)) == 1_000 * 1_000
    assert ours.cost_of(record("m", input_tokens=1_001, output_tokens=1)) == 10_030_000
    assert ours.cost_of(record("m", cache_read_tokens=1_001)) == 1_001 * 1_000
    assert ours.cost_of(record("m", cache_write_5m_tokens=1_001)) == 1_001 * 12_500
    assert ours.cost_of(record("m", cache_write_1h_tokens=1_001)) == 1_001 * 20_000


def test_modifiers_of_the_model_hold_for_a_price_of_ones_own(tmp_path: Path) -> None:
    ours = costs(tmp_path, price("claude-*", 1.0))
    in_the_us: dict[str, Any] = {
        "input_tokens": MILLION,
        "inference_geo": "us",
        "service_tier": "priority",
    }

    assert ours.cost_of(record("claude-opus-5", **in_the_us)) == 1_650_000_000
    assert ours.cost_of(record("claude-opus-4-5-20251101", **in_the_us)) == 1_500_000_000


def test_a_model_without_a_price_is_priced_as_what_answers(tmp_path: Path) -> None:
    ours = costs(tmp_path, price("own-upstream", 7.0))

    as_configured = record("my-model", upstream_model="own-upstream", input_tokens=MILLION)
    as_known = record("my-model", upstream_model="claude-opus-4-8", input_tokens=MILLION)

    assert ours.cost_of(as_configured) == 7 * NANO
    assert ours.cost_of(as_known) == 5 * NANO


@pytest.mark.parametrize(
    ("model", "counts", "usd_per_mtok"),
    [
        ("gpt-4o", {"input_tokens": MILLION}, 2.5),
        ("gpt-4o", {"cache_read_tokens": MILLION}, 1.25),
        ("gpt-4o", {"cache_write_5m_tokens": MILLION}, 2.5),
        ("gpt-4o", {"output_tokens": MILLION}, 10),
        ("gemini-2.5-pro", {"input_tokens": 200_000}, 0.25),
        ("gemini-2.5-pro", {"input_tokens": 400_000}, 1.0),
        ("gemini-2.5-pro", {"cache_read_tokens": MILLION}, 0.25),
        ("gemini-2.5-pro", {"output_tokens": MILLION}, 10),
    ],
)
def test_foreign_models_have_their_published_prices(
    tmp_path: Path, model: str, counts: dict[str, int], usd_per_mtok: float
) -> None:
    used = record("my-model", upstream_model=model, **counts)

    assert costs(tmp_path).cost_of(used) == usd_per_mtok * NANO


def test_a_foreign_model_may_cost_less_at_another_hour(tmp_path: Path) -> None:
    ours = costs(tmp_path)
    by_day = record("deepseek-reasoner", output_tokens=MILLION)
    by_night = msgspec.structs.replace(by_day, started_at=NOON + 6 * 3_600)

    day, night = ours.cost_of(by_day), ours.cost_of(by_night)

    assert day is not None
    assert night is not None
    assert night < day


@pytest.mark.parametrize("model", ["my-model", "Qwen2.5-0.5B", "text-embedding-3-small", ""])
def test_what_nobody_knows_has_no_price(tmp_path: Path, model: str) -> None:
    assert costs(tmp_path).cost_of(record(model, input_tokens=MILLION)) is None


def test_the_table_of_foreign_models_is_loaded_only_for_one(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from antechamber.catalogue.reader import load_catalogue
from antechamber.operations.bookkeeping.costs import Costs
from antechamber.settings import Settings
import tests.unit.operations.test_costs as scene
ours = Costs(Settings(data_dir=Path({str(tmp_path)!r})), load_catalogue())
ours.cost_of(scene.record("claude-opus-5", upstream_model="gpt-4o"))
print("genai_prices" in sys.modules)
ours.cost_of(scene.record("gpt-4o"))
print("genai_prices" in sys.modules)
"""

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )

    assert told.stdout.split() == ["False", "True"]
