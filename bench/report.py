"""lightbench beside its peers, as one Markdown file: python bench/report.py [--rounds N] -o FILE.md

The same measurements as `make bench`, without pytest; they take minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import counting
import history
import overhead
import scaling
import startup
from measure import ROUNDS, interleaved, quiet

from lightbench import units
from lightbench.environment import capture
from lightbench.formats import markdown
from lightbench.records import Environment
from lightbench.views.table import Column, Table, View

TOPICS = (counting, scaling, startup, history, overhead)
PACKAGES = ("torchvision", "thop", "fvcore", "ptflops", "torchinfo")


def main() -> None:
    """Measure every topic and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the Markdown file")
    options = parser.parse_args()
    machine = capture.capture(threads=1)  # first: afterwards the load is our own
    tables = [*measured(options.rounds), machine_table(machine)]
    text = "\n".join(markdown.render(View(table, None)) for table in tables)
    options.output.write_text(f"# lightbench beside its peers\n\n{text}", encoding="utf-8")


def measured(rounds: int) -> Iterator[Table]:
    """The table of every topic, each made from ``rounds`` interleaved rounds."""
    for topic in TOPICS:
        results = {}
        for case in topic.CASES:
            print(f"{topic.TITLE}: {case}", file=sys.stderr)
            with quiet():
                results[case] = interleaved(topic.readers(case), rounds)
        yield topic.table(results)


def machine_table(machine: Environment) -> Table:
    """The machine, the versions, and what about the machine spoils timings."""
    columns = (
        Column("fact", "fact", "{}".format, align="left"),
        Column("value", "value", _fact, align="left"),
    )
    packages = {name: version(name) for name in PACKAGES}
    facts = {**machine.comparable, **packages, **machine.noted}
    return Table("Machine", columns, tuple(facts.items()), capture.warnings(machine))


def _fact(value: str | float) -> str:
    return value if isinstance(value, str) else units.count(value)


if __name__ == "__main__":
    main()
