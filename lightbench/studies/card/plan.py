"""What a card measures: one network for each kind of operator, then group counts and ratios."""

from __future__ import annotations

from lightbench.studies.card.card import CONV_LAUNCH, EXPERIMENT, LAUNCH, MOVES, STREAM
from lightbench.studies.sweep.axes import plan_axis
from lightbench.studies.sweep.plan import Point, Sweep

SECONDS = {EXPERIMENT: 20.0, "groups": 12.0, "ratio": 12.0}
MAP = (56, 56)

# Sizes of the middle of a light network; the stream's map has 51 MB, more than caches hold.
POINTS = (
    Point("pointwise", "grouped", {"c": 128}, MAP),
    Point("dense 3x3", "grouped", {"c": 64, "kernel": 3, "layers": 4}, MAP),
    Point("depthwise 3x3", "grouped", {"c": 128, "kernel": 3, "groups": 128}, MAP),
    Point("4 groups", "grouped", {"c": 128, "groups": 4}, MAP),
    Point("linear", "linear", {"c": 1024, "layers": 4}),
    Point(STREAM, "elementwise", {"c": 1024, "op": "relu", "layers": 2}, (112, 112)),
    *(Point(name, "elementwise", {"c": 128, "op": name}, MAP) for name in MOVES),
    Point(LAUNCH, "elementwise", {"c": 1, "layers": 100}, (1, 1)),
    Point(CONV_LAUNCH, "grouped", {"c": 16, "layers": 50}, (1, 1)),
)


def plan_card() -> list[Sweep]:
    """The sweeps of a card, at equal multiply-adds where channels vary."""
    return [
        Sweep(EXPERIMENT, POINTS, reference="pointwise", per_madd=True),
        plan_axis("groups", 64, "madds"),
        plan_axis("ratio", 128, "madds"),
    ]
