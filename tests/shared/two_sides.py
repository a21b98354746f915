"""What two processes are asked to compare: networks so small that one call takes no time."""

from __future__ import annotations

from lightbench.records import Case, InputSpec
from lightbench.studies.compare.worker import Request, Version

SMALL = "stack:ratio(c1=16, c2=16, blocks=2)"


def request(a=SMALL, b=SMALL, *, seconds=1.0, comparisons=1, **settings):
    both = [
        Version(Case(model=model, inputs=(InputSpec(shape=(16, 8, 8)),), **settings), label=label)
        for model, label in ((a, "old"), (b, "new"))
    ]
    return Request(
        a=both[0],
        b=both[1],
        tolerance=0.02,
        seconds=seconds,
        comparisons=comparisons,
        seed=3,
        trusted=True,
    )
