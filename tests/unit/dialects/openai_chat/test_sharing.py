import pytest

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.sharing import sharing_fields
from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.wire.responses import ServiceTier
from tests.unit.dialects.openai_chat.scenes import GENERIC, OPENAI, VLLM


@pytest.mark.parametrize(("rank", "priority"), [("priority", -1), ("batch", 1)])
def test_a_rank_is_told_where_lower_numbers_go_first(rank: ServiceTier, priority: int) -> None:
    assert sharing_fields(VLLM, rank, "default") == {"priority": priority}


def test_of_the_usual_nothing_is_said() -> None:
    """So that nothing is refused by a vLLM that nobody told of priorities, or an old one."""
    assert sharing_fields(VLLM, "standard", "default") == {}


@pytest.mark.parametrize("quirks", [VLLM, HOSTS["sglang"]], ids=lambda quirks: quirks.host)
def test_each_workspace_has_a_cache_of_its_own_where_a_host_has_some(quirks: Quirks) -> None:
    first = sharing_fields(quirks, "standard", "wrkspc_1")
    second = sharing_fields(quirks, "standard", "wrkspc_2")

    assert first == sharing_fields(quirks, "standard", "wrkspc_1")
    assert first.keys() == second.keys() == {"cache_salt"}
    assert first != second
    assert "wrkspc_1" not in str(first)


@pytest.mark.parametrize("quirks", [GENERIC, OPENAI], ids=lambda quirks: quirks.host)
def test_other_hosts_are_told_nothing(quirks: Quirks) -> None:
    assert sharing_fields(quirks, "priority", "wrkspc_1") == {}
