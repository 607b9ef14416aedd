import pytest

from antechamber.rules.service_tier import rank_of
from antechamber.wire.config import ServiceTier


@pytest.mark.parametrize("has_priority", [True, False])
@pytest.mark.parametrize(
    ("asked", "tier"), [("priority", "priority"), ("standard_only", "standard")]
)
def test_a_tier_that_is_named_is_given(asked: ServiceTier, tier: str, has_priority: bool) -> None:
    """``priority`` by name is this server's own; hosted fidelity refuses it before."""
    assert rank_of(asked, has_priority=has_priority) == tier


@pytest.mark.parametrize("asked", ["auto", None])
def test_what_is_left_to_the_server_is_decided_by_the_key(asked: ServiceTier | None) -> None:
    assert rank_of(asked, has_priority=True) == "priority"
    assert rank_of(asked, has_priority=False) == "standard"
