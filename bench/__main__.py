"""``python -m bench``: measure, print tables, and write them to the performance page."""

import argparse
import sys
from pathlib import Path

from bench import embedded
from bench.report import Section, write_page

_PAGE = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"


def main() -> int:
    """Run the measurements that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=20, help="requests to each side")
    parser.add_argument("--no-write", action="store_true", help="leave the page as it is")
    options = parser.parse_args()
    sections: list[Section] = embedded.measure(pairs=options.pairs)
    for section in sections:
        section.show()
    if not options.no_write:
        write_page(_PAGE, sections)
        print(f"written: {_PAGE.relative_to(Path.cwd())}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
