"""A sweep of two small networks, and the setup in which it takes no time."""

from __future__ import annotations

from lightbench.runner.setup import Setup
from lightbench.studies.sweep.plan import Point, Sweep

NULL = Setup(device="null")
QUICK = {"seconds": 0.05}

SMALL = Sweep(
    "small",
    (
        Point("one", "grouped", {"c": 8, "layers": 1}),
        Point("two", "grouped", {"c": 8, "layers": 2}, note="twice the work"),
    ),
    reference="one",
    channels="few",
    width=3,
    launch=True,
)
