"""What a request costs here: whose prices hold for its model, and the sum."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from antechamber.catalogue.facts import LongPromptRates, Prices
from antechamber.catalogue.pricing import Cost, Tariff
from antechamber.catalogue.reader import Catalogue
from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.settings import PriceSettings, Settings, find_price

# The usual parts of the input price (platform.claude.com/docs/en/build-with-claude/prompt-caching).
_WRITE_5M, _WRITE_1H, _READ = Decimal("1.25"), Decimal(2), Decimal("0.1")
_REMEMBERED_MODELS = 4096
_PERIOD_S = 1_800
"""Some foreign models cost less at night; no price changes within such a half hour."""


class Costs:
    """The configuration's ``[[prices]]`` over the catalogue's, and what is known of foreign models.

    The model that was asked for is priced, or what the engine calls it where that has no price.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue
        # Ids come from requests, so what is remembered of them has a bound.
        self._tariff = lru_cache(_REMEMBERED_MODELS)(self._find_tariff)

    def cost_of(self, record: TurnRecord) -> Cost | None:
        """Return what a request costs; None for a model whose prices nobody knows.

        The first foreign model blocks for a tenth of a second, while the prices of such models are
        loaded; nothing is fetched.
        """
        period = int(record.started_at // _PERIOD_S)
        tariff = self._tariff(record.asked_model, record.model, record.upstream_model, period)
        return None if tariff is None else tariff.cost(record.counts)

    def _find_tariff(
        self, asked_model: str | None, model: str, upstream_model: str, period: int
    ) -> Tariff | None:
        if (own := self._of_variant(asked_model)) is not None:
            return Tariff(_prices(own), self._catalogue.find(model))
        for name in (model, upstream_model):
            facts = self._catalogue.find(name)
            own = find_price(self._settings, (facts.id, *facts.aliases) if facts else (name,))
            if own is not None:
                return Tariff(_prices(own), facts)
            if facts is not None and facts.prices is not None:
                return Tariff(facts.prices, facts)
        from antechamber.operations.bookkeeping.foreign_prices import foreign_prices  # noqa: PLC0415 - 30 MB

        at = datetime.fromtimestamp(period * _PERIOD_S, UTC)
        foreign = foreign_prices(upstream_model, at)
        return None if foreign is None else Tariff(foreign)

    def _of_variant(self, asked_model: str | None) -> PriceSettings | None:
        """Return the price of a name such as ``claude-opus-4-7[1m]``: the same model, otherwise."""
        if asked_model is None or not asked_model.endswith("]"):
            return None
        return next((each for each in self._settings.prices if each.model == asked_model), None)


def _prices(own: PriceSettings) -> Prices:
    plain = _exact(own.input)
    return Prices(
        input_usd_per_mtok=plain,
        output_usd_per_mtok=_exact(own.output),
        cache_write_5m_usd_per_mtok=_exact(own.cache_write_5m, _WRITE_5M * plain),
        cache_write_1h_usd_per_mtok=_exact(own.cache_write_1h, _WRITE_1H * plain),
        cache_read_usd_per_mtok=_exact(own.cache_read, _READ * plain),
        long_prompt=_long_rates(own),
    )


def _long_rates(own: PriceSettings) -> LongPromptRates | None:
    if own.long_above_tokens is None:
        return None
    plain = _exact(own.long_input)
    return LongPromptRates(
        above_input_tokens=own.long_above_tokens,
        input_usd_per_mtok=plain,
        output_usd_per_mtok=_exact(own.long_output),
        cache_write_5m_usd_per_mtok=_WRITE_5M * plain,
        cache_write_1h_usd_per_mtok=_WRITE_1H * plain,
        cache_read_usd_per_mtok=_READ * plain,
    )


def _exact(price: float | None, otherwise: Decimal = Decimal(0)) -> Decimal:
    # As it is written in the file: the number itself is the nearest binary one.
    return otherwise if price is None else Decimal(repr(price))
