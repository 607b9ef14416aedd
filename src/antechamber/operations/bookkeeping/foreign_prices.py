"""Prices of models that are not Claude, from the table that ships with the package genai-prices.

A module of its own because that table takes 30 MB: it is imported when such a model is met.
"""

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from genai_prices import Usage, calc_price
from genai_prices.types import TieredPrices

from antechamber.catalogue.facts import LongPromptRates, Prices

_Price = Decimal | TieredPrices


class _Rates(TypedDict):
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cache_write_5m_usd_per_mtok: Decimal
    cache_write_1h_usd_per_mtok: Decimal
    cache_read_usd_per_mtok: Decimal


def foreign_prices(model: str, at: datetime) -> Prices | None:
    """Return the prices that held at ``at``; None for a model that the table does not have.

    Fetches nothing. What has no price for the cache costs there what input costs.
    """
    try:
        found = calc_price(Usage(), model, genai_request_timestamp=at).model_price
    except LookupError:
        return None
    plain, output = found.input_mtok, found.output_mtok
    if plain is None or output is None:
        return None  # it embeds, or is paid for by something else than tokens
    write = plain if found.cache_write_mtok is None else found.cache_write_mtok
    write_1h = write if found.cache_write_1h_mtok is None else found.cache_write_1h_mtok
    read = plain if found.cache_read_mtok is None else found.cache_read_mtok
    every = (plain, output, write, write_1h, read)
    long = None
    # Two thresholds are on models alone that are found by their provider only.
    if isinstance(plain, TieredPrices):
        above = plain.tiers[0].start
        long = LongPromptRates(above_input_tokens=above, **_rates(*map(_long, every)))
    return Prices(long_prompt=long, **_rates(*map(_ordinary, every)))


def _rates(
    plain: Decimal, output: Decimal, write_5m: Decimal, write_1h: Decimal, read: Decimal
) -> _Rates:
    return _Rates(
        input_usd_per_mtok=plain,
        output_usd_per_mtok=output,
        cache_write_5m_usd_per_mtok=write_5m,
        cache_write_1h_usd_per_mtok=write_1h,
        cache_read_usd_per_mtok=read,
    )


def _ordinary(price: _Price) -> Decimal:
    return price.base if isinstance(price, TieredPrices) else price


def _long(price: _Price) -> Decimal:
    return price.tiers[0].price if isinstance(price, TieredPrices) else price
