"""What a value must satisfy: schemas that hold together, first as a draft, then as a demand."""

from dataclasses import dataclass, field

from antechamber.dialects.grammar.kinds import ALL_KINDS, Kinds
from antechamber.dialects.grammar.places import Place

Alternative = tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A keyword that the grammar does not express, and the pointer to its schema."""

    pointer: str
    keyword: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """A choice that is still to be made, and whose keyword asks for it."""

    gap: Gap
    """What is missing when the choice is left out."""
    made: bool
    """Whether no one wrote the choice; then any one alternative serves."""
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Schemas that must hold together, in the order in which they were met."""

    places: tuple[Place, ...]
    kinds: Kinds
    gaps: tuple[Gap, ...]
    outermost: frozenset[str]
    """Pointers of the schemas that all others were reached from: only their ``unevaluated…``
    keywords see everything that has been evaluated."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """A demand that is being put together."""

    kinds: Kinds = ALL_KINDS
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    forks: list[Fork] = field(default_factory=list[Fork])
    gaps: dict[Gap, None] = field(default_factory=dict[Gap, None])
    outermost: frozenset[str] = frozenset()

    def note(self, place: Place, keyword: str) -> None:
        """The keyword of this place will not be expressed."""
        self.gaps[Gap(pointer=place.shown, keyword=keyword)] = None

    def fork(self, place: Place, keyword: str, alternatives: list[Alternative]) -> None:
        """The keyword holds when all schemas of one of the alternatives do."""
        if not alternatives:
            return  # the keyword does not hold a list of schemas
        gap = Gap(pointer=place.shown, keyword=keyword)
        fork = Fork(gap=gap, made=place.made, alternatives=tuple(alternatives))
        self.forks.append(fork)

    def copy(self) -> "Draft":
        """A draft that can go its own way."""
        return Draft(
            kinds=self.kinds,
            places=dict(self.places),
            forks=list(self.forks),
            gaps=dict(self.gaps),
            outermost=self.outermost,
        )

    def demand(self) -> Demand:
        """The finished demand."""
        return Demand(
            places=tuple(self.places.values()),
            kinds=self.kinds,
            gaps=tuple(self.gaps),
            outermost=self.outermost,
        )
