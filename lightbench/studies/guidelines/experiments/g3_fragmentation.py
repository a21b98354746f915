"""G3, fragmentation: one 1x1 convolution or several (Table 3)."""

from __future__ import annotations

import math

from lightbench.studies.sweep.plan import Point, Sweep

CLAIM = "One operator is faster than several that do the same work"
ROW = "structure"

# Width of one fragment where there are 1, 2 or 4: c, c / sqrt(2), c / 2 (the appendix draws them so;
# the paper prints no numbers). Aligned: multiples of 16.
CHANNELS: dict[str, dict[int, float]] = {
    "aligned": {1: 160, 2: 112, 4: 80},
    "paper-gpu": {1: 128, 2: 128 / math.sqrt(2), 4: 64},
    "paper-arm": {1: 64, 2: 64 / math.sqrt(2), 4: 32},
}
EQUAL_MADDS = {"aligned": 0.021, "paper-gpu": 0.012, "paper-arm": 0.012}
STRUCTURES = {
    "1 fragment": (1, False),
    "2 series": (2, False),
    "4 series": (4, False),
    "2 parallel": (2, True),
    "4 parallel": (4, True),
}
STRONGEST = dict.fromkeys(CHANNELS, "4 parallel")


def sweep(channels: str, width: int) -> Sweep:
    """The five structures of one set of channels, each multiplied by ``width``."""
    points = tuple(
        Point(
            label,
            "fragments",
            {"c": round(CHANNELS[channels][n] * width), "n": n, "parallel": parallel},
        )
        for label, (n, parallel) in STRUCTURES.items()
    )
    return Sweep(
        "g3_fragmentation",
        points,
        reference="1 fragment",
        channels=channels,
        width=width,
        equal_madds=EQUAL_MADDS[channels],
        launch=True,
    )
