"""What every test may count on: settings that hold on a busy machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.nodeid import coerce_node_id
from hypothesis import HealthCheck, settings

from tests.servers import RunningServer, running_server

# Whom this machine trusts is read by every new client, which takes longer than a request; and no
# test asks another machine. Here is no certificate.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)

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


@pytest.fixture(scope="session")
def embedded_auto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server without any configuration, as ``make serve`` starts it: on the embedded model.

    OpenVINO where that runs, else llama.cpp. Mark its tests for the group "embedded".
    """
    with running_server(tmp_path_factory.mktemp("embedded")) as server:
        yield server
        assert not server.bugs()
