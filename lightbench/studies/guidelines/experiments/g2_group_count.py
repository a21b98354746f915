"""G2, group count: 1x1 convolutions in 1 to 16 groups (Table 2)."""

from __future__ import annotations

from lightbench.studies.sweep.plan import Point, Sweep

CLAIM = "Fewer groups are faster"
ROW = "groups"

# Row -> (groups, channels, what was rounded) at width x1. Aligned: multiples of 16 in every group,
# which at exactly equal multiply-adds leaves powers of 4.
CHANNELS = {
    "aligned": {"g=1": (1, 64, ""), "g=4": (4, 128, ""), "g=16": (16, 256, "")},
    "paper-gpu": {
        "g=1": (1, 128, ""),
        "g=2": (2, 180, ""),
        "g=4": (4, 256, ""),
        "g=8": (8, 360, ""),
    },
    "paper-arm": {
        "g=1": (1, 64, ""),
        "g=2": (2, 90, ""),
        "g=4": (4, 128, ""),
        # the paper prints 180, which 8 does not divide
        "g=8": (8, 180, "the paper prints 180 channels, which 8 groups do not divide: 184 here"),
    },
}
EQUAL_MADDS = {"aligned": 0.0, "paper-gpu": 0.012, "paper-arm": 0.034}
STRONGEST = {"aligned": "g=16", "paper-gpu": "g=8", "paper-arm": "g=8"}


def sweep(channels: str, width: int) -> Sweep:
    """The group counts of one set of channels, each multiplied by ``width``."""
    points = []
    for label, (groups, c, note) in CHANNELS[channels].items():
        wide = c * width
        rounded = -(-wide // groups) * groups
        settings = {"c": rounded, "groups": groups}
        points.append(Point(label, "grouped", settings, note=note if rounded != wide else ""))
    return Sweep(
        "g2_group_count",
        tuple(points),
        reference="g=1",
        channels=channels,
        width=width,
        equal_madds=EQUAL_MADDS[channels],
        launch=True,
    )
