"""The peaks of a device, by name: networks of one large operator, or of one again and again."""

from __future__ import annotations

from collections.abc import Sequence

from lightbench.studies.sweep.plan import Point

EXPERIMENT = "roofline"
EAGER = "eager"

# Multiply-adds per second, of several shapes each: which of them is the fastest differs from device to device,
# and on a busy machine only a short call is ever left in peace.
PRODUCTS = (
    Point("product 512", "linear", {"c": 512, "layers": 1}, batch=512),
    Point("product 1024", "linear", {"c": 1024, "layers": 1}, batch=1024),
    Point("product 2048", "linear", {"c": 2048, "layers": 1}, batch=2048),
    Point("1x1 256x56x56", "grouped", {"c": 256, "layers": 1}, (56, 56)),
    Point("1x1 512x28x28", "grouped", {"c": 512, "layers": 1}, (28, 28)),
)
# Apart, since they may be computed with fewer multiplications than are counted (Winograd's algorithm).
SPATIAL = tuple(
    Point(f"3x3 {c}x{side}x{side}", "grouped", {"c": c, "kernel": 3, "layers": 1}, (side, side))
    for c, side in ((64, 56), (128, 28), (256, 28), (256, 56))
)
# Bytes per second by the size of the map that is read and written: 0.26 to 268 MB in float32. The small ones
# again and again, as starting them takes as long as they do.
STREAMS = tuple(
    Point(
        f"map {c}x{side}x{side}", "elementwise", {"c": c, "op": "relu", "layers": n}, (side, side)
    )
    for c, side, n in (
        (16, 64, 10),
        (64, 64, 10),
        (256, 64, 4),
        (1024, 64, 2),
        (1024, 128, 1),
        (1024, 256, 1),
    )
)
# Seconds that starting an operator takes: operators with next to nothing to do.
START, CONV_START = "start", "conv start"
STARTS = (
    Point(START, "elementwise", {"c": 1, "layers": 100}, (1, 1)),
    Point(CONV_START, "grouped", {"c": 16, "layers": 50}, (1, 1)),
)
# What every stored run times as well (`runner.anchors`), as it does the start of an operator: by these two later runs
# are held against the peaks at the speed that the machine has then.
ANCHOR = Point("anchor", "linear", {"c": 1024, "layers": 4})
POINTS = {point.label: point for point in (*PRODUCTS, *SPATIAL, *STREAMS, *STARTS, ANCHOR)}


def labels(points: Sequence[Point]) -> list[str]:
    """The names of points."""
    return [point.label for point in points]
