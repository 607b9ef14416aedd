"""What every test may count on: hypothesis settings that hold on a busy machine."""

import pytest
from _pytest.nodeid import coerce_node_id
from hypothesis import HealthCheck, settings

# No deadline: on a shared core the time of one example says nothing about the code.
settings.register_profile(
    "antechamber", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("antechamber")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Let groups of tests stay in one process.

    pytest-xdist 3.8 writes the group into ``_nodeid``, and pytest 9.2 reads the id elsewhere.
    """
    for item in session.items:
        grouped = vars(item).get("_nodeid")
        if grouped is not None:
            item._id = coerce_node_id(grouped)  # pyright: ignore[reportAttributeAccessIssue]
