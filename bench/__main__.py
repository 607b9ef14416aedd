"""``python -m bench [proxy | embedded | batches]``: measure, and write the performance page."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import batches, chart, embedded, proxy, tables
from bench.report import Section, write_part

_PAGE = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
_PARTS = ("all", "proxy", "embedded", "batches")
_PLOT = _PAGE.with_name("performance-gateways.svg")


def main() -> int:
    """Run the measurements that were asked for; all when none is named."""
    options = _options()
    if options.what in {"proxy", "all"}:
        _proxy(options)
    if options.what in {"embedded", "all"}:
        _say("embedded", embedded.measure(pairs=options.pairs), options)
    if options.what in {"batches", "all"}:
        _say("batches", batches.measure(pairs=options.requests), options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=_PARTS, default="all")
    parser.add_argument("--pairs", type=int, default=20, help="embedded: requests to each side")
    parser.add_argument("--requests", type=int, default=200, help="batches: of each kind")
    parser.add_argument("--quick", action="store_true", help="proxy: one short round")
    parser.add_argument("--only", choices=proxy.CASE_NAMES, help="proxy: one case; writes nothing")
    parser.add_argument("--no-write", action="store_true", help="leave the page as it is")
    return parser.parse_args()


def _proxy(options: argparse.Namespace) -> None:
    sections = proxy.measure(quick=options.quick, only=options.only)
    for section in sections:
        section.show()
    # One case alone would leave a page that says too little.
    if options.no_write or options.only:
        return
    table = tables.chart_rows(sections)
    plot = None
    if table is not None:
        chart.draw(table, _PLOT)
        plot = f"![Answers and events a second, gateway by gateway]({_PLOT.name})"
    write_part(_PAGE, "proxy", sections, after_first=plot)
    _say_written()


def _say(part: str, sections: Sequence[Section], options: argparse.Namespace) -> None:
    for section in sections:
        section.show()
    if not options.no_write:
        write_part(_PAGE, part, sections)
        _say_written()


def _say_written() -> None:
    print(f"written: {_PAGE.name}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
