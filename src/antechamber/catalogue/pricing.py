"""What one request costs, from the counts of its tokens and the prices of its model.

Where prices come from is ``operations.bookkeeping.costs``.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

from antechamber.catalogue.facts import ModelFacts, Prices, Rates


class Usage(Protocol):
    """What is paid for; counts of tokens, each of them in one count alone."""

    @property
    def input_tokens(self) -> int:
        """Those that were neither read from the cache nor written to it."""
        ...

    @property
    def cache_write_5m_tokens(self) -> int:
        """Kept for five minutes."""
        ...

    @property
    def cache_write_1h_tokens(self) -> int:
        """Kept for an hour."""
        ...

    @property
    def cache_read_tokens(self) -> int:
        """Found in the cache."""
        ...

    @property
    def output_tokens(self) -> int:
        """Thinking is among them, and costs the same."""
        ...

    @property
    def web_searches(self) -> int:
        """Requests to the search of the hosted API."""
        ...

    @property
    def service_tier(self) -> Literal["standard", "priority", "batch"]:
        """Which one was used, not which one was asked for."""
        ...

    @property
    def inference_geo(self) -> str | None:
        """Where it was computed."""
        ...

    @property
    def speed(self) -> str | None:
        """``fast`` where it was."""
        ...


class Cost(NamedTuple):
    """What one request costs: whole nano-dollars (10⁻⁹ USD) by kind, of which it is the sum."""

    input: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    output: int
    web_search: int


# Modifiers are multiplied with each other (platform.claude.com/docs/en/about-claude/pricing).
_TIER_TENTHS = {"standard": 10, "batch": 5, "priority": 15}
"""Priority is half as much again; on the hosted API its price is a matter of contract."""
_GEO_TENTHS = {"us": 11}
_SPEED_FACTORS = {"fast": 2}
_UNIT = 100 * 1_000
"""Tenths of tenths of pico-dollars in a nano-dollar."""
_SEARCH_NANO_USD = 10_000_000
"""10 USD for a thousand searches, whatever the model (the same page)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _TokenRates:
    """Prices of single tokens, in whole pico-dollars (10⁻¹² USD)."""

    input: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int
    output: int


class Tariff:
    """What a model's requests cost; made once for each model, since rates are prepared."""

    __slots__ = ("_above_tokens", "_has_fast_rate", "_has_geo_rate", "_long", "_ordinary")

    def __init__(self, prices: Prices, facts: ModelFacts | None = None) -> None:
        """``facts`` say which modifiers the hosted API has for the model; None is neither."""
        long = prices.long_prompt
        self._ordinary = _token_rates(prices)
        self._long = self._ordinary if long is None else _token_rates(long)
        self._above_tokens = 0 if long is None else long.above_input_tokens
        # Where the parameter is refused there is no other price for it either: before 4.6.
        self._has_geo_rate = facts is not None and not facts.refuses.inference_geo
        self._has_fast_rate = facts is not None and facts.fast_mode == "supported"

    def cost(self, usage: Usage) -> Cost:
        """Return what ``usage`` costs, rounded half to even, once for the whole request.

        A prompt above the threshold costs the long prompt's rates for everything, output too.
        """
        plain, write_5m = usage.input_tokens, usage.cache_write_5m_tokens
        write_1h, read = usage.cache_write_1h_tokens, usage.cache_read_tokens
        cached = write_5m + write_1h + read
        rates = self._long if plain + cached > self._above_tokens else self._ordinary
        factor = _TIER_TENTHS[usage.service_tier]
        factor *= _GEO_TENTHS.get(usage.inference_geo or "", 10) if self._has_geo_rate else 10
        if self._has_fast_rate:
            factor *= _SPEED_FACTORS.get(usage.speed or "", 1)
        # Each kind is what the rounded sum grows by with it, so that nothing is lost or added.
        exact = plain * rates.input * factor
        to_input = to_write_5m = to_write_1h = to_read = _rounded(exact)
        if cached:
            exact += write_5m * rates.cache_write_5m * factor
            to_write_5m = _rounded(exact)
            exact += write_1h * rates.cache_write_1h * factor
            to_write_1h = _rounded(exact)
            exact += read * rates.cache_read * factor
            to_read = _rounded(exact)
        exact += usage.output_tokens * rates.output * factor
        return Cost(
            to_input,
            to_write_5m - to_input,
            to_write_1h - to_write_5m,
            to_read - to_write_1h,
            _rounded(exact) - to_read,
            usage.web_searches * _SEARCH_NANO_USD,
        )


def _token_rates(rates: Rates) -> _TokenRates:
    return _TokenRates(
        input=_pico_usd(rates.input_usd_per_mtok),
        cache_write_5m=_pico_usd(rates.cache_write_5m_usd_per_mtok),
        cache_write_1h=_pico_usd(rates.cache_write_1h_usd_per_mtok),
        cache_read=_pico_usd(rates.cache_read_usd_per_mtok),
        output=_pico_usd(rates.output_usd_per_mtok),
    )


def _pico_usd(usd_per_mtok: Decimal) -> int:
    # A dollar for a million tokens is a million pico-dollars for one: six decimals are exact.
    return round(usd_per_mtok * 1_000_000)


def _rounded(tokens: int) -> int:
    """Return nano-dollars for pico-dollars that were multiplied with tenths twice."""
    whole, rest = divmod(tokens, _UNIT)
    is_up = 2 * rest > _UNIT or (2 * rest == _UNIT and whole % 2 == 1)
    return whole + is_up
