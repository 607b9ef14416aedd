"""docs/how-to/observability.md says of every metric what the code says."""

import re
from pathlib import Path
from typing import NamedTuple

from antechamber.operations.bookkeeping.telemetry import INSTRUMENTS

_PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "observability.md"


class _Row(NamedTuple):
    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


def _rows() -> list[_Row]:
    table = _PAGE.read_text(encoding="utf-8").split("| Name | Type | Labels | Meaning |\n", 1)[1]
    rows: list[_Row] = []
    for line in table.split("\n\n", 1)[0].splitlines()[1:]:
        name, kind, labels, meaning = (cell.strip() for cell in line.strip("|").split(" | "))
        rows.append(_Row(name.strip("`"), kind, tuple(re.findall(r"`(\w+)`", labels)), meaning))
    return rows


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    assert _rows() == [_Row(each.name, each.kind, each.labels, each.help) for each in INSTRUMENTS]


def test_every_metric_that_a_question_names_is_there() -> None:
    text = _PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:antechamber|process)_\w+[a-z]\b(?=\{|\[| >)", text))
    parts = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}

    known = {each.name + part for each in INSTRUMENTS for part in parts[each.kind]}

    assert named
    assert named <= known


def test_names_follow_the_conventions() -> None:
    """prometheus.io/docs/practices/naming: base units in the name, counters end in _total."""
    counters = {each.name for each in INSTRUMENTS if each.name.endswith("_total")}
    seconds = {each.name for each in INSTRUMENTS if each.name.endswith("_seconds")}

    assert counters == {each.name for each in INSTRUMENTS if each.kind == "counter"}
    assert {each.name for each in INSTRUMENTS if each.kind == "histogram"} <= seconds
