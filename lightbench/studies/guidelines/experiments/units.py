"""Units of four networks at equal MAdds (appendix, Table 1b)."""

from __future__ import annotations

from collections.abc import Callable

from lightbench.studies.sweep.plan import Point, Sweep

CLAIM = "ShuffleNetV2's unit, built after the guidelines, is the fastest"
ROW = "unit"
CHANNELS = {"paper": 64}
STRONGEST = {"paper": "MobileNetV2"}
BY_DEFAULT = False  # whole units, not one guideline

# Multiply-adds of a unit of c channels at one position, and what c has to be a multiple of.
MADDS: dict[str, tuple[Callable[[int], float], int]] = {
    "shufflenet_v2": (lambda c: 2 * (c / 2) ** 2 + 9 * c / 2, 2),
    "shufflenet_v1": (lambda c: 2 * c * (c / 4) / 3 + 9 * c / 4, 12),
    "mobilenet_v2": (lambda c: 2 * c * 6 * c + 9 * 6 * c, 1),
    "xception": (lambda c: 2 * (9 * c + c * c), 1),
}
LABELS = {
    "ShuffleNetV2": "shufflenet_v2",
    "ShuffleNetV1": "shufflenet_v1",
    "MobileNetV2": "mobilenet_v2",
    "Xception": "xception",
}


def sweep(channels: str, width: int) -> Sweep:
    """ShuffleNetV2's unit of 64 channels times ``width``, and the others as near as they get."""
    target = MADDS["shufflenet_v2"][0](CHANNELS[channels] * width)
    points = tuple(
        Point(label, "unit", {"kind": kind, "c": nearest(kind, target)})
        for label, kind in LABELS.items()
    )
    return Sweep(
        "units",
        points,
        reference="ShuffleNetV2",
        channels=channels,
        width=width,
        equal_madds=0.07,
        launch=True,
    )


def nearest(kind: str, target: float) -> int:
    """The channels at which a unit comes nearest to ``target`` multiply-adds at one position."""
    madds, step = MADDS[kind]
    return min(range(step, 4096, step), key=lambda c: abs(madds(c) - target))
