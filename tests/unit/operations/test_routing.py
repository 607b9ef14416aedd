"""Who may serve a model, in which order, and by which name."""

from pathlib import Path
from typing import Any

import pytest

from antechamber.catalogue.reader import load_catalogue
from antechamber.operations.answering.routing import EngineEntry, Replica, Routing
from antechamber.settings import ModelSettings, ScriptedEngineSettings, Settings
from antechamber.wire.errors import NotFound
from tests.unit.operations.stage import NamedEngine

NAMES = ("a", "b", "many")


def routing(*models: ModelSettings, **settings: Any) -> Routing:
    """Return the routes over two engines, and one with three replicas."""
    script = Path("/nowhere.toml")
    made = Settings(
        data_dir=Path("/nowhere"),
        engines=tuple(ScriptedEngineSettings(name=name, script=script) for name in NAMES),
        models=models,
        **settings,
    )
    replicas = tuple(Replica(engine=NamedEngine(f"many@{number}")) for number in range(3))
    entries = {
        "a": EngineEntry(replicas=(Replica(engine=NamedEngine("a")),), retries=2),
        "b": EngineEntry(replicas=(Replica(engine=NamedEngine("b")),), passes_unknown_fields=True),
        "many": EngineEntry(replicas=replicas, max_concurrency=4),
    }
    return Routing(made, load_catalogue(), entries)


def served(model_id: str, *engines: str, **fields: Any) -> ModelSettings:
    return ModelSettings(id=model_id, engines=engines, **fields)


def names(routes: Routing, model: str, conversation: str = "") -> list[str]:
    found = routes.candidates(model, lambda: conversation)
    return [candidate.engine.name for candidate in found]


def test_engines_come_in_the_order_of_the_model() -> None:
    routes = routing(served("claude-*", "b", "a"))

    assert names(routes, "claude-opus-5-5") == ["b", "a"]


def test_the_conversation_is_looked_at_where_there_is_a_choice() -> None:
    asked: list[str] = []

    def conversation() -> str:
        asked.append("asked")
        return "one"

    routing(served("m", "a", "b")).candidates("m", conversation)
    assert asked == []
    routing(served("m", "many")).candidates("m", conversation)
    routing(served("m", "a", "b", weights=(1.0, 3.0))).candidates("m", conversation)
    assert asked == ["asked"] * 2


def test_a_model_that_is_configured_and_not_served_is_not_shown() -> None:
    retired = "claude-3-haiku-20240307"
    shown = routing(served(retired, "a"), served("m", "a"), fidelity="hosted").served()

    assert [candidate.facts.id for candidate in shown] == ["m"]


def test_each_brings_how_it_is_treated() -> None:
    first, second = routing(served("m", "a", "b")).candidates("m")

    assert (first.retries, first.passes_unknown_fields) == (2, False)
    assert (second.retries, second.passes_unknown_fields) == (0, True)


def test_the_name_upstream_brings_its_own_facts() -> None:
    (found,) = routing(served("house", "a", upstream_model="claude-opus-5-5")).candidates("house")

    assert (found.facts.id, found.upstream_model) == ("house", "claude-opus-5-5")
    assert found.upstream_facts.id == "claude-opus-5-5"
    assert found.upstream_facts.refuses.sampling
    assert found.served_by == "a/claude-opus-5-5"


def test_a_name_that_nobody_knows_upstream_has_the_facts_of_the_model() -> None:
    routes = routing(served("claude-opus-5-5", "a", upstream_model="prod-7"))

    assert routes.candidates("claude-opus-5-5")[0].upstream_facts.id == "claude-opus-5-5"


def test_an_alias_is_its_model() -> None:
    (found,) = routing(served("claude-sonnet-4-5", "a")).candidates("claude-sonnet-4-5")

    assert found.facts.id == found.upstream_model == "claude-sonnet-4-5-20250929"


def test_all_replicas_come_and_a_conversation_has_its_order() -> None:
    routes = routing(served("m", "many", "a"))
    orders = {tuple(names(routes, "m", f"conversation-{number}")) for number in range(60)}

    assert len(orders) == 6
    assert all(order[-1] == "a" for order in orders)
    assert all(set(order[:-1]) == {"many@0", "many@1", "many@2"} for order in orders)
    assert names(routes, "m", "one") == names(routes, "m", "one")


def test_weights_choose_who_is_first_and_leave_the_others_as_a_net() -> None:
    routes = routing(served("m", "a", "b", weights=(1.0, 3.0)))
    orders = [names(routes, "m", f"conversation-{number}") for number in range(400)]

    assert {tuple(sorted(order)) for order in orders} == {("a", "b")}
    share = sum(order[0] == "b" for order in orders) / len(orders)
    assert share == pytest.approx(0.75, abs=0.08)


@pytest.mark.parametrize("model", ["nobody", "claude-3-haiku-20240307", "claude-opus-5-5[1m]"])
def test_what_is_not_served_under_hosted_fidelity_is_not_found(model: str) -> None:
    with pytest.raises(NotFound, match="model: "):
        routing(served("claude-*", "a"), fidelity="hosted").candidates(model)


@pytest.mark.parametrize("model", ["team-\0x", "team-x\n", "team-" + "x" * 300])
def test_a_name_that_nobody_would_give_a_model_is_not_found(model: str) -> None:
    routes = routing(served("team-*", "a"))

    assert names(routes, "team-x") == ["a"]
    with pytest.raises(NotFound):
        routes.candidates(model)
