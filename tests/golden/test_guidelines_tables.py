"""The guideline experiments against the ShuffleNet V2 paper: its tables, cell by cell.

The numbers are those of the paper's Tables 1 to 4 and its appendix, copied here row by row.
"""

from __future__ import annotations

import pytest
from guideline_points import G1, G2, G3, G4, WIDTHS, guideline

from lightbench.studies.guidelines import paper

# The tables as printed: row, then GPU at x1, x2, x4, then the other device at x1, x2, x4.

TABLE_1 = """
1:1    1480   723   232   76.2  21.7  5.3
1:2    1296   586   206   72.9  20.5  5.1
1:6     876   489   189   69.1  17.9  4.6
1:12    748   392   163   57.6  15.1  4.4
"""
TABLE_2 = """
g=1    2451  1289   437   40.0  10.2  2.3
g=2    1725   873   341   35.0   9.5  2.2
g=4    1026   644   338   32.9   8.7  2.1
g=8     634   445   230   27.8   7.5  1.8
"""
TABLE_3 = """
1 fragment   2446  1274   434   40.2  10.1  2.3
2 series     1790   909   336   38.6  10.1  2.2
4 series      752   745   349   38.4  10.1  2.3
2 parallel   1537   803   320   33.4   9.1  2.2
4 parallel    691   572   292   35.0   8.4  2.1
"""
# Here a row is named after the operators that are there.
TABLE_4 = """
both       2427  2066  1436   56.7  16.9  5.0
ReLU       2647  2256  1735   61.9  18.8  5.2
shortcut   2672  2121  1458   57.3  18.2  5.1
neither    2842  2376  1782   66.3  20.2  5.4
"""
APPENDIX_1B = """
ShuffleNetV2   216   142    81   34.8  12.3  3.9
ShuffleNetV1   127    73    45   24.3   9.4  3.0
MobileNetV2     89   125    69   25.8  10.0  3.0
Xception       185    52    68   27.0   9.7  3.1
"""
PRINTED = {
    G1: (TABLE_1, "ARM"),
    G2: (TABLE_2, "ARM"),
    G3: (TABLE_3, "ARM"),
    G4: (TABLE_4, "ARM"),
    "units": (APPENDIX_1B, "CPU"),
}


def read(table):
    """Row -> its six numbers."""
    lines = [line.rsplit(maxsplit=6) for line in table.strip().splitlines()]
    return {row: [float(number) for number in numbers] for row, *numbers in lines}


@pytest.mark.parametrize("name", PRINTED)
def test_every_cell_of_the_papers_table_is_the_papers(name):
    table, second = PRINTED[name]
    speeds = paper.TABLES[name].speeds
    assert list(speeds) == ["GPU", second]
    found = {row: [*speeds["GPU"][row], *speeds[second][row]] for row in speeds["GPU"]}
    assert found == read(table)
    assert list(found) == list(read(table))


def test_every_cell_of_fasternets_table_is_fasternets():
    """Table 1 of arXiv 2303.03667, GMAdds/s: RTX 2080 Ti, i9-9900X, Cortex-A72; one for all sizes."""
    printed = {
        "dense 3x3": (10151, 71.89, 3.95),
        "16 groups": (1833, 25.93, 1.92),
        "depthwise": (313, 6.42, 0.12),
        "partial 1/4": (3274, 39.91, 2.73),
    }
    speeds = paper.TABLES["operators"].speeds
    assert list(speeds) == ["GPU", "CPU", "ARM"]
    for row, numbers in printed.items():
        for device, number in zip(speeds, numbers, strict=True):
            assert set(speeds[device][row]) == {number}
    assert all(set(rows) == set(printed) for rows in speeds.values())


def test_no_table_is_left_out():
    assert set(paper.TABLES) == {*PRINTED, "operators"}


@pytest.mark.parametrize(
    ("name", "row", "gpu", "arm"),
    [
        (G1, "1:2", "1.14 1.23 1.13", "1.05 1.06 1.04"),
        (G1, "1:6", "1.69 1.48 1.23", "1.10 1.21 1.15"),
        (G1, "1:12", "1.98 1.84 1.42", "1.32 1.44 1.20"),
        (G2, "g=2", "1.42 1.48 1.28", "1.14 1.07 1.05"),
        (G2, "g=4", "2.39 2.00 1.29", "1.22 1.17 1.10"),
        (G2, "g=8", "3.87 2.90 1.90", "1.44 1.36 1.28"),
        (G3, "2 series", "1.37 1.40 1.29", "1.04 1.00 1.05"),
        (G3, "4 series", "3.25 1.71 1.24", "1.05 1.00 1.00"),
        (G3, "2 parallel", "1.59 1.59 1.36", "1.20 1.11 1.05"),
        (G3, "4 parallel", "3.54 2.23 1.49", "1.15 1.20 1.10"),
    ],
)
def test_the_papers_slow_downs_are_these(name, row, gpu, arm):
    """Speed of the row that follows the guideline over that of the other, to two decimals."""
    reference = guideline(name).sweep("aligned", 1).reference
    for device, printed in (("GPU", gpu), ("ARM", arm)):
        slow_downs = [
            1 / paper.relative_speed(name, device, row, reference, width) for width in WIDTHS
        ]
        assert " ".join(f"{slow:.2f}" for slow in slow_downs) == printed


@pytest.mark.parametrize(
    ("row", "gpu", "arm"),
    [
        ("ReLU", "1.091 1.092 1.208", "1.092 1.112 1.040"),
        ("shortcut", "1.101 1.027 1.015", "1.011 1.077 1.020"),
        ("neither", "1.171 1.150 1.241", "1.169 1.195 1.080"),
    ],
)
def test_the_papers_speed_ups_without_element_wise_operators_are_these(row, gpu, arm):
    for device, printed in (("GPU", gpu), ("ARM", arm)):
        ups = [paper.relative_speed(G4, device, row, "both", width) for width in WIDTHS]
        assert " ".join(f"{up:.3f}" for up in ups) == printed


@pytest.mark.parametrize(
    ("ours", "theirs"), [("1:2.25", "1:2"), ("1:4", "1:6"), ("1:9", "1:12"), ("1:1", "1:1")]
)
def test_our_own_ratios_stand_beside_the_papers_nearest(ours, theirs):
    for width in WIDTHS:
        found = paper.relative_speed(G1, "GPU", ours, "1:1", width)
        assert found == paper.relative_speed(G1, "GPU", theirs, "1:1", width)
        assert found is not None


@pytest.mark.parametrize(
    "asked",
    [
        (G1, "GPU", "1:1", "1:1", 3),  # the paper has x1, x2, x4
        (G1, "GPU", "1:3", "1:1", 1),
        (G1, "GPU", "1:2", "g=1", 1),
        (G1, "CPU", "1:2", "1:1", 1),
        (G2, "GPU", "g=16", "g=1", 1),
        ("g5_something", "GPU", "1:2", "1:1", 1),
    ],
)
def test_what_the_paper_has_not_is_unknown_not_guessed(asked):
    assert paper.relative_speed(*asked) is None


def test_only_fasternets_numbers_are_the_same_at_all_widths():
    assert [name for name in paper.TABLES if paper.same_at_all_widths(name)] == ["operators"]
