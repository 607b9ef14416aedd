import re

from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.openai_front.call_ids import CallIds

FOREIGN = st.sampled_from(["call_1", "call_1_2", "functions.look:0", "", "ä"]) | st.text(max_size=5)
TURNS = st.lists(st.lists(FOREIGN, min_size=1, max_size=4), max_size=5)


def test_an_id_that_fits_stays() -> None:
    ids = CallIds()

    assert ids.call("call_abc-DEF_1") == "call_abc-DEF_1"
    assert ids.result("call_abc-DEF_1") == "call_abc-DEF_1"


def test_another_is_made_to_fit_the_same_way_every_time() -> None:
    first, second = CallIds(), CallIds()

    assert first.call("functions.look:0") == second.call("functions.look:0")
    assert CallIds().call("functions.look:0") != CallIds().call("functions_look:0")


@given(TURNS)
def test_every_call_has_an_id_of_its_own_and_its_result_finds_it(turns: list[list[str]]) -> None:
    ids = CallIds()
    issued: list[str] = []

    for turn in turns:
        ids.begin_turn()
        made = [ids.call(foreign) for foreign in turn]
        issued += made
        assert [ids.result(foreign) for foreign in turn] == made

    assert len(set(issued)) == len(issued)
    assert all(re.fullmatch("[a-zA-Z0-9_-]+", own) for own in issued)


@given(TURNS, TURNS)
def test_ids_of_a_history_do_not_change_when_it_goes_on(
    turns: list[list[str]], later: list[list[str]]
) -> None:
    def issued(conversation: list[list[str]]) -> list[str]:
        ids = CallIds()
        return [ids.call(foreign) for turn in conversation for foreign in turn]

    assert issued(turns + later)[: len(issued(turns))] == issued(turns)


def test_a_result_without_a_call_keeps_its_id_for_the_rules_to_refuse() -> None:
    assert CallIds().result("call_x") == "call_x"
