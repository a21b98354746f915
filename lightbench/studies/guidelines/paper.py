"""The guideline tables as printed: ShuffleNet V2 (Ma et al. 2018, arXiv 1807.11164), FasterNet.

Speeds of the paper's devices, only ever used as ratios within one column: another decade's seconds
say nothing, how much slower one structure is than another does.
"""

from __future__ import annotations

from typing import NamedTuple

Speeds = tuple[float, ...]  # at widths x1, x2, x4


class Paper(NamedTuple):
    """One table: device -> row -> speeds. The rows are named as our points are."""

    source: str
    speeds: dict[str, dict[str, Speeds]]


TABLES: dict[str, Paper] = {
    "g1_channel_ratio": Paper(
        "Table 1: GTX 1080 Ti, batches/s; Snapdragon 810, images/s",
        {
            "GPU": {
                "1:1": (1480, 723, 232),
                "1:2": (1296, 586, 206),
                "1:6": (876, 489, 189),
                "1:12": (748, 392, 163),
            },
            "ARM": {
                "1:1": (76.2, 21.7, 5.3),
                "1:2": (72.9, 20.5, 5.1),
                "1:6": (69.1, 17.9, 4.6),
                "1:12": (57.6, 15.1, 4.4),
            },
        },
    ),
    "g2_group_count": Paper(
        "Table 2: GTX 1080 Ti, batches/s; Snapdragon 810, images/s",
        {
            "GPU": {
                "g=1": (2451, 1289, 437),
                "g=2": (1725, 873, 341),
                "g=4": (1026, 644, 338),
                "g=8": (634, 445, 230),
            },
            "ARM": {
                "g=1": (40.0, 10.2, 2.3),
                "g=2": (35.0, 9.5, 2.2),
                "g=4": (32.9, 8.7, 2.1),
                "g=8": (27.8, 7.5, 1.8),
            },
        },
    ),
    "g3_fragmentation": Paper(
        "Table 3: GTX 1080 Ti, batches/s; Snapdragon 810, images/s",
        {
            "GPU": {
                "1 fragment": (2446, 1274, 434),
                "2 series": (1790, 909, 336),
                "4 series": (752, 745, 349),
                "2 parallel": (1537, 803, 320),
                "4 parallel": (691, 572, 292),
            },
            "ARM": {
                "1 fragment": (40.2, 10.1, 2.3),
                "2 series": (38.6, 10.1, 2.2),
                "4 series": (38.4, 10.1, 2.3),
                "2 parallel": (33.4, 9.1, 2.2),
                "4 parallel": (35.0, 8.4, 2.1),
            },
        },
    ),
    "g4_elementwise": Paper(
        "Table 4: GTX 1080 Ti, batches/s; Snapdragon 810, images/s",
        {
            "GPU": {
                "both": (2427, 2066, 1436),
                "ReLU": (2647, 2256, 1735),
                "shortcut": (2672, 2121, 1458),
                "neither": (2842, 2376, 1782),
            },
            "ARM": {
                "both": (56.7, 16.9, 5.0),
                "ReLU": (61.9, 18.8, 5.2),
                "shortcut": (57.3, 18.2, 5.1),
                "neither": (66.3, 20.2, 5.4),
            },
        },
    ),
    "units": Paper(
        "appendix, Table 1 (b) at 56x56: the paper's GPU, batches/s; its CPU, images/s",
        {
            "GPU": {
                "ShuffleNetV2": (216, 142, 81),
                "ShuffleNetV1": (127, 73, 45),
                "MobileNetV2": (89, 125, 69),
                "Xception": (185, 52, 68),
            },
            "CPU": {
                "ShuffleNetV2": (34.8, 12.3, 3.9),
                "ShuffleNetV1": (24.3, 9.4, 3.0),
                "MobileNetV2": (25.8, 10.0, 3.0),
                "Xception": (27.0, 9.7, 3.1),
            },
        },
    ),
    # Attained multiply-adds in G/s, an average over sizes: the same at every width.
    "operators": Paper(
        "FasterNet (arXiv 2303.03667), Table 1: RTX 2080 Ti, Core i9-9900X, Cortex-A72",
        {
            "GPU": {
                "dense 3x3": (10151,) * 3,
                "16 groups": (1833,) * 3,
                "depthwise": (313,) * 3,
                "partial 1/4": (3274,) * 3,
            },
            "CPU": {
                "dense 3x3": (71.89,) * 3,
                "16 groups": (25.93,) * 3,
                "depthwise": (6.42,) * 3,
                "partial 1/4": (39.91,) * 3,
            },
            "ARM": {
                "dense 3x3": (3.95,) * 3,
                "16 groups": (1.92,) * 3,
                "depthwise": (0.12,) * 3,
                "partial 1/4": (2.73,) * 3,
            },
        },
    ),
}

WIDTHS = (1, 2, 4)

# Sets of ours whose channels at x1 are the paper's at another width.
WIDER = {("g4_elementwise", "aligned"): 2}

# Rows of our own sets of channels -> the paper's nearest, where it has one.
NEAREST = {"g1_channel_ratio": {"1:2.25": "1:2", "1:4": "1:6", "1:9": "1:12"}}


def relative_speed(
    experiment: str, device: str, row: str, reference: str, width: int, channels: str = ""
) -> float | None:
    """The paper's speed of ``row`` over that of ``reference``, at a width of 1, 2 or 4 of its own
    channels or of our set ``channels``; None where it has none."""
    width *= WIDER.get((experiment, channels), 1)
    if experiment not in TABLES or width not in WIDTHS:
        return None
    speeds = TABLES[experiment].speeds.get(device, {})
    row = NEAREST.get(experiment, {}).get(row, row)
    if row not in speeds or reference not in speeds:
        return None
    i = WIDTHS.index(width)
    return speeds[row][i] / speeds[reference][i]


def devices(experiment: str) -> tuple[str, ...]:
    """The devices of the paper's table."""
    return tuple(TABLES[experiment].speeds) if experiment in TABLES else ()


def same_at_all_widths(experiment: str) -> bool:
    """Is the paper's number an average over widths?"""
    speeds = [row for rows in TABLES[experiment].speeds.values() for row in rows.values()]
    return all(len(set(row)) == 1 for row in speeds)
