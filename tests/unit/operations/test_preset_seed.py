"""Each value of ``preset = "seed"`` at work."""

from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import pytest

from antechamber.catalogue.tiers import load_tiers
from antechamber.files_state import open_files
from antechamber.http.asgi import headers_of
from antechamber.limits.local import LocalKeeper
from antechamber.media.image_fit import image_tokens
from antechamber.media.image_head import PixelSize
from antechamber.operations.allowance.rate_limits import RateLimits
from antechamber.operations.allowance.tiers import tiers_in_force
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.prompt_cache import PromptCache
from antechamber.operations.callers.caller import Bounds, Caller
from antechamber.operations.files import NewFile
from antechamber.rules.cache_plan import CachePlan, PlannedBreakpoint
from antechamber.rules.check import check_message
from antechamber.settings import Settings
from antechamber.store.cache_entries import OwnCacheEntries
from antechamber.store.database import Database, database_url
from antechamber.store.upgrading import upgrade
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.ids import new_id
from tests.unit.operations.seeded import CATALOGUE, checked, cost, loaded, routing
from tests.unit.operations.stage import StillClock
from tests.unit.rules.requests import Asked, Fields, context_of, parse, user


@pytest.mark.parametrize(
    ("model", "cap"),
    [
        ("claude-opus-4-7", 8_192),
        ("claude-opus-4-7[1m]", 8_192),
        ("claude-sonnet-4-6", 8_192),
        ("claude-haiku-4-5", 4_096),
        ("claude-haiku-4-5-20251001", 4_096),
    ],
)
def test_output_is_capped(tmp_path: Path, model: str, cap: int) -> None:
    settings = loaded(tmp_path)

    checked(settings, model, cap)
    with pytest.raises(InvalidRequest, match=f"max_tokens: {cap + 1} > {cap}, which is the max"):
        checked(settings, model, cap + 1)


def test_other_models_keep_their_output(tmp_path: Path) -> None:
    checked(loaded(tmp_path), "claude-opus-5", 128_000)


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        ("claude-opus-5", (1_000, 1_000), 1_334),
        ("claude-opus-4-7[1m]", (3_840, 2_160), 1_844),  # 1568 by 882
        ("claude-sonnet-4-6", (200, 200), 54),
        ("claude-haiku-4-5", (1_092, 1_092), 1_590),
    ],
)
def test_an_image_costs_its_area_by_750_on_every_model(
    tmp_path: Path, model: str, size: tuple[int, int], tokens: int
) -> None:
    facts = routing(loaded(tmp_path)).candidates(model)[0].facts

    assert facts.image_tier.long_edge_px == 1_568
    assert image_tokens(PixelSize(*size), facts.image_tier) == tokens


def shown(settings: Settings, block: Fields) -> None:
    """Check a request that shows something, under the limits of the settings."""
    request = parse(model="claude-opus-5", messages=[user(block)])
    context = context_of(
        request.model,
        Asked(
            max_image_bytes=settings.media.max_image_bytes,
            max_pdf_bytes=settings.media.max_pdf_bytes,
        ),
    )
    check_message(request, context)


@pytest.mark.parametrize(
    ("kind", "media_type", "begin", "most_mb"),
    [
        ("image", "image/png", b"\x89PNG\r\n\x1a\n.", 5),
        ("document", "application/pdf", b"%PDF-1.7\n", 32),
    ],
)
def test_images_and_pdfs_have_lower_limits(
    tmp_path: Path, kind: str, media_type: str, begin: bytes, most_mb: int
) -> None:
    settings, most = loaded(tmp_path), most_mb * 1024 * 1024

    def media(characters: int) -> Fields:
        data = b64encode(begin).decode().ljust(characters, "A")
        return {
            "type": kind,
            "source": {"type": "base64", "media_type": media_type, "data": data},
        }

    shown(settings, media(most))
    with pytest.raises(InvalidRequest, match=f"exceeds {most_mb} MB maximum: {most + 4} bytes"):
        shown(settings, media(most + 4))


async def test_files_are_kept_for_30_days_unless_they_say_otherwise(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    database = Database(database_url(None, tmp_path))
    upgrade(database)
    state = open_files(settings, database, StillClock(), new_id)

    async with state.files.receive() as incoming:
        wanted = NewFile(workspace_id="w", filename=None, mime_type=None, expires_in_s=None)
        file = await state.files.keep(incoming, wanted)
    database.close()

    assert file.expires_at == file.created_at + timedelta(days=30)


@pytest.mark.parametrize("model", ["claude-opus-5", "claude-opus-4-6"])
@pytest.mark.parametrize(("tokens", "is_kept"), [(1_023, False), (1_024, True)])
async def test_the_cache_keeps_prefixes_from_1024_tokens_on_whatever_the_model(
    tmp_path: Path, model: str, tokens: int, is_kept: bool
) -> None:
    settings, clock = loaded(tmp_path), StillClock()
    account = PromptCache(OwnCacheEntries(clock, most=10), settings.cache, clock)
    facts = routing(settings).candidates(model)[0].facts
    plan = CachePlan(
        model=model,
        minimum_tokens=facts.cache_minimum_tokens,
        digests=[b"prefix"],
        weights=[tokens],
        whole_weight=tokens,
        breakpoints=[PlannedBreakpoint(0, 300)],
    )
    call = Call(
        request_id="req_1",
        caller=Caller(organization_id="o"),
        version="2023-06-01",
        betas=frozenset(),
        started_at=clock.at,
    )

    visit = await account.look_up(plan, call, engine="one", input_tokens=tokens)

    assert (visit is not None) == is_kept


def limits(settings: Settings) -> RateLimits:
    clock = StillClock()
    tiers = tiers_in_force(settings, load_tiers(), CATALOGUE)
    return RateLimits(settings, tiers, LocalKeeper(clock), clock)


@pytest.mark.parametrize(
    ("spent_usd", "tier", "per_minute"),
    [
        (0, "tier1", [50, 50_000, 10_000]),
        (39.99, "tier1", [50, 50_000, 10_000]),
        (40, "tier2", [1_000, 100_000, 20_000]),
        (200, "tier3", [2_000, 200_000, 40_000]),
        (400, "tier4", [4_000, 400_000, 80_000]),
        (5_000, "tier4", [4_000, 400_000, 80_000]),
    ],
)
def test_workspaces_rise_through_the_tiers_by_what_they_spend(
    tmp_path: Path, spent_usd: float, tier: str, per_minute: list[int]
) -> None:
    bounds = Bounds(workspace_spent=round(spent_usd * 1_000_000_000))

    reached = limits(loaded(tmp_path)).tier_of(Caller(organization_id="o", bounds=bounds))

    assert reached is not None
    row = reached.limits_of("claude-opus-4-7")
    assert row is not None
    assert reached.name == tier
    assert [
        row.requests_per_minute,
        row.input_tokens_per_minute,
        row.output_tokens_per_minute,
    ] == per_minute


async def test_headers_are_exact(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    facts = routing(settings).candidates("claude-opus-4-7")[0].facts

    leave = await limits(settings).admit(
        Caller(organization_id="o"), facts, estimated_input_tokens=500
    )

    told = dict(headers_of(leave.lines()))
    assert told[b"anthropic-ratelimit-requests-remaining"] == b"49"
    assert told[b"anthropic-ratelimit-input-tokens-remaining"] == b"49500"


# Nano-dollars for one token of: input, write for 5 minutes, read, output
LIST = [
    ("claude-opus-4-7", [15_000, 18_750, 1_500, 75_000]),
    ("claude-opus-4-7[1m]", [30_000, 37_500, 3_000, 150_000]),
    ("claude-sonnet-4-6", [3_000, 3_750, 300, 15_000]),
    ("claude-haiku-4-5", [800, 1_000, 80, 4_000]),
]


@pytest.mark.parametrize(("model", "golden"), LIST, ids=lambda value: str(value)[:20])
def test_its_price_list_holds(tmp_path: Path, model: str, golden: list[int]) -> None:
    settings = loaded(tmp_path)
    kinds = ("input_tokens", "cache_write_5m_tokens", "cache_read_tokens", "output_tokens")

    paid = [cost(settings, model, **{kind: 1}) for kind in kinds]

    assert paid == golden


def test_a_cache_read_is_a_tenth_of_input_on_every_model_but_one(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    reads = {
        facts.id: (
            cost(settings, facts.id, cache_read_tokens=1_000),
            cost(settings, facts.id, input_tokens=1_000),
        )
        for facts in CATALOGUE.models
    }

    others = [name for name, (read, plain) in reads.items() if 10 * (read or 0) != plain]

    assert others == ["claude-3-haiku-20240307"], "0.03 of 0.25 is as it was published"


def test_prices_that_it_repeats_are_the_catalogues(tmp_path: Path) -> None:
    settings, plain = loaded(tmp_path), Settings(data_dir=tmp_path)
    changed = {"claude-opus-4-7", "claude-haiku-4-5-20251001"}

    for facts in CATALOGUE.models:
        for kind in ("input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"):
            same = cost(settings, facts.id, **{kind: 9}) == cost(plain, facts.id, **{kind: 9})
            assert same == (facts.id not in changed), (facts.id, kind)
