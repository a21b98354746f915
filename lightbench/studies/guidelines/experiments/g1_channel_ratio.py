"""G1, channel ratio: 1x1 convolutions c1 -> c2 -> c1 (Table 1)."""

from __future__ import annotations

import math

from lightbench.studies.sweep.plan import Point, Settings, Sweep

CLAIM = "Equal channel width is fastest"
ROW = "c1:c2"
BLOCKS = 10

# Row -> (c1, c2) at width x1. Aligned: multiples of 16 whose product is exactly equal.
CHANNELS = {
    "aligned": {"1:1": (96, 96), "1:2.25": (64, 144), "1:4": (48, 192), "1:9": (32, 288)},
    "paper-gpu": {"1:1": (128, 128), "1:2": (90, 180), "1:6": (52, 312), "1:12": (36, 432)},
    "paper-arm": {"1:1": (32, 32), "1:2": (22, 44), "1:6": (13, 78), "1:12": (9, 108)},
}
EQUAL_MADDS = {"aligned": 0.0, "paper-gpu": 0.052, "paper-arm": 0.056}
STRONGEST = {"aligned": "1:9", "paper-gpu": "1:12", "paper-arm": "1:12"}


def sweep(channels: str, width: int) -> Sweep:
    """The four ratios of one set of channels, each multiplied by ``width``."""
    points = tuple(
        Point(label, "ratio", {"c1": c1 * width, "c2": c2 * width, "blocks": BLOCKS})
        for label, (c1, c2) in CHANNELS[channels].items()
    )
    return Sweep(
        "g1_channel_ratio",
        points,
        reference="1:1",
        channels=channels,
        width=width,
        equal_madds=EQUAL_MADDS[channels],
        launch=True,
    )


def bound(settings: Settings, positions: int) -> float:
    """Least memory access of these multiply-adds, in elements: 2 sqrt(hw B) + B / hw for each
    convolution, with B = hw c1 c2 (section 2, G1); ``positions`` is hw times the batch."""
    c1, c2 = int(settings["c1"]), int(settings["c2"])
    b = positions * c1 * c2
    return 2 * int(settings["blocks"]) * (2 * math.sqrt(positions * b) + b / positions)
