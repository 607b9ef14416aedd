"""The routes of the Admin API, held against the support table."""

import re
from pathlib import Path
from typing import Any, cast

from antechamber.http.admin.routes import admin_routes

_SUPPORT = Path(__file__).parents[3] / "docs/reference/support.md"


class _Nothing:
    """Has whatever is asked of it: no endpoint is called."""

    def __getattr__(self, _name: str) -> "_Nothing":
        return self


def test_every_route_stands_behind_the_door_and_in_the_support_table() -> None:
    behind: list[object] = []

    def door(endpoint: Any) -> Any:
        behind.append(endpoint)
        return endpoint

    routes = admin_routes(cast("Any", _Nothing()), door)

    assert [route.endpoint for route in routes] == behind
    named = {
        path
        for line in _SUPPORT.read_text(encoding="utf-8").splitlines()
        if "| refused |" not in line
        for path in re.findall(r"(/v1/organizations/\S+)`", line)
    }
    assert {route.path for route in routes} == named
