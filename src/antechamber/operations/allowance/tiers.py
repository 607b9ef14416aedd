"""The tiers that hold here: the presets, with those of the configuration over them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import Catalogue
from antechamber.catalogue.tiers import Tier, TierBook, TierClass
from antechamber.settings import ConfigurationError, Settings, default_models, find_model
from antechamber.settings.platform import TierSettings
from antechamber.settings.problems import closest


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """Every tier by its name, and what models have in common."""

    by_name: Mapping[str, Tier]
    book: TierBook
    settings: Settings

    def class_of(self, facts: ModelFacts) -> str:
        """Return the name under which a model is limited.

        Ids that the catalogue lacks are limited together where one entry of the configuration
        serves them all: else whoever invents an id would get a bucket with it.
        """
        if facts.line is not None:
            return self.book.class_of.get(facts.id, facts.id)
        entry = find_model(self.settings, facts.id)
        return facts.id if entry is None else entry.id


def tiers_in_force(settings: Settings, book: TierBook, catalogue: Catalogue) -> Tiers:
    """Return the tiers; raises ``ConfigurationError`` for names that nobody has."""
    own = {tier.name: _own_tier(tier, catalogue) for tier in settings.tiers}
    tiers = Tiers(by_name={**book.tiers, **own}, book=book, settings=settings)
    problems = [*_faults_of_limits(tiers), *_faults_of_classes(tiers, catalogue)]
    if problems:
        raise ConfigurationError(*problems)
    return tiers


def _own_tier(tier: TierSettings, catalogue: Catalogue) -> Tier:
    return Tier(
        name=tier.name,
        from_usd=tier.from_usd,
        monthly_cap_usd=tier.monthly_cap_usd,
        count_tokens_per_minute=tier.count_tokens_per_minute,
        batches_per_minute=tier.batches_per_minute,
        enqueued_batch_requests=tier.enqueued_batch_requests,
        files_per_minute=tier.files_per_minute,
        classes=tuple(
            TierClass(
                name=catalogue.canonical(row.name),
                requests_per_minute=row.requests_per_minute,
                input_tokens_per_minute=row.input_tokens_per_minute,
                output_tokens_per_minute=row.output_tokens_per_minute,
            )
            for row in tier.classes
        ),
    )


def _faults_of_limits(tiers: Tiers) -> Iterator[str]:
    limits = tiers.settings.limits
    if limits.tier is not None and limits.tier not in tiers.by_name:
        yield f"limits.tier: {_no_such_tier(limits.tier, tiers)}"
    reached = None
    for index, name in enumerate(limits.promotion):
        tier = tiers.by_name.get(name)
        if tier is None:
            yield f"limits.promotion[{index}]: {_no_such_tier(name, tiers)}"
        elif tier.from_usd is None:
            yield f'limits.promotion[{index}]: the tier "{name}" has no from_usd'
        elif reached is not None and tier.from_usd < reached:
            # Of a list in another order the last tier would hold for everybody.
            key = f"limits.promotion[{index}]"
            yield f'{key}: "{name}" is below the one before it: list the lowest first'
        else:
            reached = tier.from_usd


def _no_such_tier(name: str, tiers: Tiers) -> str:
    return f'no tier is called "{name}"{_alternatives(name, tiers.by_name)}'


def _faults_of_classes(tiers: Tiers, catalogue: Catalogue) -> Iterator[str]:
    shared = tiers.book.class_of
    known = {*shared.values(), *(model.id for model in default_models(tiers.settings))}
    known |= {name for name, facts in catalogue.by_name.items() if facts.id not in shared}
    for index, tier in enumerate(tiers.settings.tiers):
        places: dict[str, int] = {}
        for place, row in enumerate(tier.classes):
            first = places.setdefault(catalogue.canonical(row.name), place)
            key = f"tiers[{index}].classes[{place}].name"
            together = shared.get(catalogue.canonical(row.name))
            if together is not None:
                yield f'{key}: {row.name} is limited together with others: write "{together}"'
            elif first < place:
                yield f'{key}: "{row.name}" is already taken by classes[{first}]'
            elif row.name not in known and not row.name.endswith("*"):
                yield f'{key}: no model or class is called "{row.name}"{_meant(row.name, known)}'


def _alternatives(name: str, known: Mapping[str, object]) -> str:
    return _meant(name, set(known)) or "; there are: " + ", ".join(known)


def _meant(name: str, known: set[str]) -> str:
    meant = closest(name, sorted(known))
    return "" if meant is None else f' (did you mean "{meant}"?)'
