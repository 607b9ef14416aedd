"""What the rules see of a converted request."""

from antechamber.catalogue.facts import ModelFacts
from antechamber.dialects.openai_front.request import Conversion
from antechamber.rules.context import RuleContext
from antechamber.rules.reading import Reading, read
from antechamber.wire.signatures import Verdict
from tests.unit.dialects.openai_front.requests import reread


def context(facts: ModelFacts | None = None) -> RuleContext:
    facts = facts or ModelFacts.unlisted("claude-opus-5-5")
    return RuleContext(
        facts=facts,
        fidelity="lenient",
        version="2023-06-01",
        betas=frozenset(),
        asked_model=facts.id,
        verify=lambda *_: Verdict.FOREIGN,
    )


def reading_of(conversion: Conversion) -> Reading:
    return read(reread(conversion), context())
