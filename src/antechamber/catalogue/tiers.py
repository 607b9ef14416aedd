"""Tiers of rate limits as data, and the reader of those that ship with the package."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from pydantic import ConfigDict, TypeAdapter

_NANOS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TierClass:
    """What a tier allows in a minute on the models of one class; None is no limit."""

    name: str
    """A class, or the beginning of one with ``*`` at its end."""
    requests_per_minute: int | None = None
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None

    def fits(self, model_class: str) -> bool:
        """Tell whether this is about ``model_class``."""
        if self.name.endswith("*"):
            return model_class.startswith(self.name[:-1])
        return model_class == self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """What whoever is in it may ask for."""

    name: str
    from_usd: float | None = None
    """The month's spend from which on one is promoted to it."""
    monthly_cap_usd: float | None = None
    count_tokens_per_minute: int | None = None
    """Requests to count_tokens, of all models together."""
    batches_per_minute: int | None = None
    """Requests to the endpoints of batches, not those in a batch."""
    enqueued_batch_requests: int | None = None
    """Requests in batches that have no result yet."""
    files_per_minute: int | None = None
    """Requests to the endpoints of files."""
    classes: tuple[TierClass, ...] = ()

    def limits_of(self, model_class: str) -> TierClass | None:
        """Return the row that a class meets: its own, else the longest beginning that it has."""
        fitting = [row for row in self.classes if row.fits(model_class)]
        return max(fitting, key=lambda row: (row.name == model_class, len(row.name)), default=None)

    @property
    def from_nano_usd(self) -> int | None:
        """``from_usd`` as amounts of money are counted."""
        return None if self.from_usd is None else round(self.from_usd * _NANOS)

    @property
    def cap_nano_usd(self) -> int | None:
        """``monthly_cap_usd`` as amounts of money are counted."""
        return None if self.monthly_cap_usd is None else round(self.monthly_cap_usd * _NANOS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierBook:
    """The presets, and which models share their limits."""

    tiers: Mapping[str, Tier]
    class_of: Mapping[str, str]
    """By canonical model id; a model that is not in it is a class by itself."""
    counts_cache_reads: frozenset[str]
    """Canonical ids of the models on which tokens read from the cache count as input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _CacheReads:
    count_on: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    classes: dict[str, list[str]]
    cache_reads: _CacheReads
    tiers: list[Tier]


def load_tiers() -> TierBook:
    """Read the tiers of this package. Reads a file; meant to be called once."""
    path = resources.files("antechamber.catalogue") / "tiers.toml"
    # A list stands around the dataclass, as in reader.py: else unknown keys would pass.
    adapter = TypeAdapter(list[_Source], config=ConfigDict(extra="forbid"))
    source = adapter.validate_python([tomllib.loads(path.read_text(encoding="utf-8"))])[0]
    class_of = {model: name for name, models in source.classes.items() for model in models}
    return TierBook(
        tiers=MappingProxyType({tier.name: tier for tier in source.tiers}),
        class_of=MappingProxyType(class_of),
        counts_cache_reads=source.cache_reads.count_on,
    )
