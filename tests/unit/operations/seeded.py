"""A configuration over ``preset = "seed"``, and what becomes of its values."""

from pathlib import Path

from antechamber.catalogue.reader import load_catalogue
from antechamber.operations.answering.routing import EngineEntry, Replica, Routing
from antechamber.operations.bookkeeping.costs import Costs
from antechamber.rules.check import check_message
from antechamber.rules.context import RuleContext
from antechamber.settings import Settings, default_engines, load_settings
from antechamber.wire.parse import parse_message_request
from antechamber.wire.signatures import Verdict
from tests.records import turn_record
from tests.unit.operations.stage import NamedEngine

CATALOGUE = load_catalogue()


def loaded(tmp_path: Path, toml: str = "", **environ: str) -> Settings:
    config = tmp_path / "antechamber.toml"
    config.write_text(f'preset = "seed"\n{toml}', encoding="utf-8")
    return load_settings(config=config, data_dir=tmp_path / "data", environ=environ)


def routing(settings: Settings) -> Routing:
    entries = {
        engine.name: EngineEntry(replicas=(Replica(engine=NamedEngine(engine.name)),))
        for engine in default_engines(settings)
    }
    return Routing(settings, CATALOGUE, entries)


def cost(settings: Settings, model: str, **counts: int) -> int | None:
    record = turn_record(
        asked_model=model, model=CATALOGUE.canonical(model), upstream_model=model, **counts
    )
    found = Costs(settings, CATALOGUE).cost_of(record)
    return None if found is None else sum(found)


def checked(settings: Settings, model: str, max_tokens: int) -> None:
    body = (
        f'{{"model": "{model}", "max_tokens": {max_tokens},'
        '"messages": [{"role": "user", "content": "Hello"}]}'
    )
    context = RuleContext(
        facts=routing(settings).candidates(model)[0].facts,
        fidelity=settings.fidelity,
        version="2023-06-01",
        betas=frozenset(),
        asked_model=model,
        verify=lambda *_: Verdict.OURS,
    )
    check_message(parse_message_request(body.encode()), context)
