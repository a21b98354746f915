"""The guideline experiments against the ShuffleNet V2 paper: its tables, its formulas, its arithmetic.

The numbers are those of the paper's Tables 1 to 4 and its appendix, copied here row by row.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightbench import guidelines as run_guidelines
from lightbench import registry
from lightbench.costs.count import count_costs
from lightbench.errors import UsageError
from lightbench.models import sources
from lightbench.models.stacks import STACKS
from lightbench.studies.guidelines import paper
from lightbench.studies.sweep.equal import check_equal_madds

G1, G2, G3, G4 = "g1_channel_ratio", "g2_group_count", "g3_fragmentation", "g4_elementwise"
WIDTHS = (1, 2, 4)
HW = 56 * 56


@cache
def guideline(name):
    return registry.load("guideline", name)


SETS = [(n, s) for n in registry.names("guideline") for s in guideline(n).CHANNELS]
SWEEPS = [(name, set_, width) for name, set_ in SETS for width in WIDTHS]


@cache
def costs(model, batch=1, size=None):
    """What `count` says of a stack: never what the guideline says of itself."""
    source = sources.find(model)
    shape = (batch, source.inputs[0].shape[0], *(size or source.inputs[0].shape[1:]))
    with torch.device("meta"):
        network = source.build()
    return count_costs(network, lambda device: ((torch.empty(shape, device=device),), {}))


def counted(point):
    return costs(point.model, size=point.size)


def points(name, set_="aligned", width=1, **options):
    """Row -> point of one sweep."""
    return {p.label: p for p in guideline(name).sweep(set_, width, **options).points}


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


# The networks: channels as the paper prints them.


@pytest.mark.parametrize(
    ("name", "set_", "rows"),
    [
        (G1, "paper-gpu", {"1:1": (128, 128), "1:2": (90, 180), "1:6": (52, 312), "1:12": (36, 432)}),
        (G1, "paper-arm", {"1:1": (32, 32), "1:2": (22, 44), "1:6": (13, 78), "1:12": (9, 108)}),
        (G2, "paper-gpu", {"g=1": (128, 1), "g=2": (180, 2), "g=4": (256, 4), "g=8": (360, 8)}),
        (G2, "paper-arm", {"g=1": (64, 1), "g=2": (90, 2), "g=4": (128, 4), "g=8": (184, 8)}),
        (G4, "paper-gpu", {"both": (32,), "ReLU": (32,), "shortcut": (32,), "neither": (32,)}),
        (G4, "paper-arm", {"both": (32,), "ReLU": (32,), "shortcut": (32,), "neither": (32,)}),
    ],
)  # fmt: skip
def test_the_channels_are_the_papers(name, set_, rows):
    found = {
        row: tuple(p.settings[k] for k in ("c1", "c2", "c", "groups") if k in p.settings)
        for row, p in points(name, set_).items()
    }
    assert found == rows


@pytest.mark.parametrize(("set_", "c"), [("paper-gpu", 128), ("paper-arm", 64)])
@pytest.mark.parametrize("width", WIDTHS)
def test_fragments_are_as_wide_as_equal_madds_ask_for(set_, c, width):
    """c, c / sqrt(2), c / 2 as in the appendix' figure 1, to the nearest whole channel."""
    wide = c * width
    expected = {
        "1 fragment": (wide, 1, False),
        "2 series": (round(wide / math.sqrt(2)), 2, False),
        "4 series": (wide // 2, 4, False),
        "2 parallel": (round(wide / math.sqrt(2)), 2, True),
        "4 parallel": (wide // 2, 4, True),
    }
    found = {
        row: (p.settings["c"], p.settings["n"], p.settings["parallel"])
        for row, p in points(G3, set_, width).items()
    }
    assert found == expected


@pytest.mark.parametrize("name", [G1, G2, G3, G4])
@pytest.mark.parametrize("set_", ["aligned", "paper-gpu", "paper-arm"])
@pytest.mark.parametrize("width", [2, 4])
def test_a_width_multiplies_every_channel_count(name, set_, width):
    narrow, wide = points(name, set_), points(name, set_, width)
    for row, point in narrow.items():
        for key in {"c", "c1", "c2"} & set(point.settings):
            rounding = width // 2 if name == G3 else 0
            if set_ == "paper-arm" and row == "g=8":  # 184 for 180, which x2 and x4 need not round
                rounding = 4 * width
            assert abs(wide[row].settings[key] - width * point.settings[key]) <= rounding
    first = next(iter(narrow))
    assert [wide[first].settings[k] for k in ("c", "c1") if k in wide[first].settings] == [
        width * narrow[first].settings[k] for k in ("c", "c1") if k in narrow[first].settings
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_aligned_channels_are_multiples_of_sixteen_also_within_groups_and_bottlenecks(width):
    for name in (G1, G2, G3):
        for point in points(name, "aligned", width).values():
            s = point.settings
            assert all(s[k] % 16 == 0 for k in ("c", "c1", "c2") if k in s)
            assert s.get("c", 16) // s.get("groups", 1) % 16 == 0
    for point in points(G4, "aligned", width).values():
        assert point.settings["c"] % 64 == 0  # so that c / 4 is a multiple of 16


def test_what_the_paper_prints_and_cannot_be_built_is_rounded_and_said():
    """Table 2, ARM, x1: 8 groups do not divide 180."""
    notes = {row: p.note for row, p in points(G2, "paper-arm").items()}
    assert "180" in notes["g=8"]
    assert "184" in notes["g=8"]
    assert not any(notes[row] for row in ("g=1", "g=2", "g=4"))
    for set_, width in (("paper-arm", 2), ("paper-arm", 4), ("paper-gpu", 1)):
        assert not any(p.note for p in points(G2, set_, width).values())


def test_the_geometry_that_the_paper_does_not_print_is_called_inferred():
    assert all("inferred" in p.note for p in points(G4).values())
    assert not any(p.note for p in points(G4, geometry="wide").values())


# Equal multiply-adds.


def madds_ratios(name, set_, width):
    found = {row: counted(p).madds for row, p in points(name, set_, width).items()}
    reference = found[guideline(name).sweep(set_, width).reference]
    return {row: madds / reference for row, madds in found.items()}


@pytest.mark.parametrize(
    ("name", "set_", "width", "printed"),
    [
        *((G1, "paper-gpu", w, "1.000 0.989 0.990 0.949") for w in WIDTHS),
        *((G1, "paper-arm", w, "1.000 0.945 0.990 0.949") for w in WIDTHS),
        *((G2, "paper-gpu", w, "1.000 0.989 1.000 0.989") for w in WIDTHS),
        (G2, "paper-arm", 1, "1.000 0.989 1.000 1.033"),  # 184 channels for 180
        (G2, "paper-arm", 2, "1.000 0.989 1.000 0.989"),
        (G2, "paper-arm", 4, "1.000 0.989 1.000 0.989"),
    ],
)
def test_the_papers_channels_are_as_far_from_equal_madds_as_they_are(name, set_, width, printed):
    ratios = madds_ratios(name, set_, width).values()
    assert " ".join(f"{ratio:.3f}" for ratio in ratios) == printed


@pytest.mark.parametrize(("name", "set_", "width"), SWEEPS)
def test_madds_are_as_equal_as_the_sweep_says(name, set_, width):
    sweep = guideline(name).sweep(set_, width)
    check_equal_madds(sweep)
    ratios = madds_ratios(name, set_, width).values()
    if sweep.equal_madds is None:
        assert sweep.per_madd  # then what counts is the time per MAdd
        return
    excess = max(abs(ratio - 1) for ratio in ratios)
    assert excess <= sweep.equal_madds
    assert sweep.equal_madds == 0 or sweep.equal_madds < 0.08


@pytest.mark.parametrize("name", [G1, G2, G4])
@pytest.mark.parametrize("width", WIDTHS)
def test_aligned_channels_have_exactly_equal_madds(name, width):
    assert set(madds_ratios(name, "aligned", width).values()) == {1.0}
    assert guideline(name).sweep("aligned", width).equal_madds == 0.0


STEPS = {"bottleneck": 4, "unit": 12}


def altered(sweep, row, key, factor):
    """The sweep with one channel count of one row made larger, as little as ``factor`` allows."""

    def change(point):
        step = point.settings.get("groups", STEPS.get(point.stack, 1))  # what has to divide it
        channels = max(math.ceil(point.settings[key] * factor / step), 1) * step
        channels += step if channels <= point.settings[key] else 0
        return replace(point, settings={**point.settings, key: channels})

    rows = tuple(change(p) if p.label == row else p for p in sweep.points)
    return replace(sweep, points=rows)


CHANGES = [
    (name, set_, p.label, key)
    for name, set_ in SETS
    for sweep in [guideline(name).sweep(set_, 1)]
    if sweep.equal_madds is not None
    for p in sweep.points
    for key in ("c1", "c2", "c")
    if key in p.settings
]


@pytest.mark.parametrize(("name", "set_", "row", "key"), CHANGES)
def test_one_channel_count_that_is_off_is_refused_and_named(name, set_, row, key):
    sweep = guideline(name).sweep(set_, 1)
    exact = sweep.equal_madds == 0  # there the smallest step is enough
    wrong = altered(sweep, row, key, 1.0 if exact else 1.25)
    with pytest.raises(UsageError, match="(more|fewer) multiply-adds") as refused:
        check_equal_madds(wrong)
    assert name in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("name", [G1, G2, G3])
def test_a_table_of_channels_with_a_slip_is_refused_before_anything_is_timed(name, monkeypatch):
    module, kept = guideline(name), []
    slip = {
        G1: {"1:1": (96, 96), "1:9": (32, 208)},
        G2: {"g=1": (1, 64, ""), "g=16": (16, 128, "")},
        G3: {1: 160, 2: 112, 4: 112},
    }[name]
    monkeypatch.setitem(module.CHANNELS, "aligned", slip)
    with pytest.raises(UsageError, match="(more|fewer) multiply-adds"):
        run_guidelines(name, widths=[1], seconds=0.1, device="null", keep=kept.append)
    assert kept == []


# Memory access: section 2 of the paper. Counted on the networks; the formulas are written out here.


@pytest.mark.parametrize("set_", ["aligned", "paper-gpu", "paper-arm"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_memory_access_of_g1_is_the_papers_and_never_below_its_bound(set_, width):
    for row, point in points(G1, set_, width).items():
        c1, c2 = point.settings["c1"], point.settings["c2"]
        found = counted(point).mem_access
        assert found == 20 * (HW * (c1 + c2) + c1 * c2)
        b = HW * c1 * c2
        least = 20 * (2 * math.sqrt(HW * b) + b / HW)
        assert guideline(G1).bound(point.settings, HW) == pytest.approx(least, rel=1e-12)
        if row == "1:1":
            assert found == pytest.approx(least, rel=1e-12)
        else:
            assert found > 1.01 * least


@settings(max_examples=40, deadline=None)
@given(
    c1=st.integers(1, 300),
    c2=st.integers(1, 300),
    side=st.integers(1, 60),
    blocks=st.integers(1, 3),
    batch=st.integers(1, 4),
)
def test_no_channels_ever_need_less_memory_access_than_the_bound(c1, c2, side, blocks, batch):
    settings = {"c1": c1, "c2": c2, "blocks": blocks}
    model = f"stack:ratio(c1={c1}, c2={c2}, blocks={blocks})"
    found = costs.__wrapped__(model, batch, (side, side)).mem_access
    bound = guideline(G1).bound(settings, batch * side * side)
    assert found >= bound * (1 - 1e-12)
    assert (found <= bound * (1 + 1e-12)) == (c1 == c2)


@pytest.mark.parametrize(("row", "printed"), [("1:2", "1.05"), ("1:6", "1.41"), ("1:12", "1.81")])
def test_the_papers_own_channels_of_g1_touch_so_much_more_memory(row, printed):
    found = {row: counted(p).mem_access for row, p in points(G1, "paper-gpu").items()}
    assert f"{found[row] / found['1:1']:.2f}" == printed


@pytest.mark.parametrize(("row", "printed"), [("g=2", "1.40"), ("g=4", "1.98"), ("g=8", "2.78")])
def test_the_papers_own_channels_of_g2_touch_so_much_more_memory(row, printed):
    found = {row: counted(p).mem_access for row, p in points(G2, "paper-gpu").items()}
    assert f"{found[row] / found['g=1']:.2f}" == printed


@pytest.mark.parametrize("set_", ["aligned", "paper-gpu", "paper-arm"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_memory_access_of_g2_grows_with_the_groups_as_the_paper_says(set_, width):
    """hw(c1 + c2) + c1 c2 / g with c1 = c2 = c, ten times."""
    for point in points(G2, set_, width).values():
        c, g = point.settings["c"], point.settings["groups"]
        assert counted(point).mem_access == 10 * (2 * HW * c + c * c // g)


@pytest.mark.parametrize("set_", ["aligned", "paper-gpu", "paper-arm"])
@pytest.mark.parametrize("width", WIDTHS)
def test_fragments_read_and_write_their_maps_each_and_parallel_ones_are_added(set_, width):
    for point in points(G3, set_, width).values():
        c, n, parallel = (point.settings[k] for k in ("c", "n", "parallel"))
        found = counted(point)
        assert found.mem_access == 10 * n * (2 * HW * c + c * c)
        additions = 10 * (n - 1) if parallel else 0  # each reads two maps and writes one
        assert found.mem_bytes == 4 * (found.mem_access + additions * 3 * HW * c)
        assert found.madds == 10 * n * HW * c * c


@pytest.mark.parametrize("geometry", ["quarter", "uniform", "wide"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("set_", ["aligned", "paper-gpu"])
def test_element_wise_operators_have_no_madds_but_move_maps(geometry, width, set_):
    """Of ten blocks 1x1, 3x3, 1x1; ReLU works in place, the addition reads two maps and writes one."""
    rows = points(G4, set_, width, geometry=geometry)
    for row, point in rows.items():
        c = point.settings["c"]
        outside, inside = {"quarter": (c, c // 4), "uniform": (c, c), "wide": (4 * c, c)}[geometry]
        found = counted(point)
        assert found.madds == 10 * HW * (2 * outside * inside + 9 * inside * inside)
        maps = 2 * (outside + inside) + 2 * inside
        filters = 2 * outside * inside + 9 * inside * inside
        assert found.mem_access == 10 * (HW * maps + filters)
        moved = {"both": (1, 1), "ReLU": (1, 0), "shortcut": (0, 1), "neither": (0, 0)}[row]
        relus = 2 * (2 * inside + outside) * moved[0]
        additions = 3 * outside * moved[1]
        assert found.mem_bytes == 4 * (found.mem_access + 10 * HW * (relus + additions))


def test_another_geometry_is_another_set_of_channels_so_that_the_two_are_never_mixed():
    sweeps = [guideline(G4).sweep("aligned", 1, geometry=g) for g in ("quarter", "uniform", "wide")]
    assert len({sweep.channels for sweep in sweeps}) == 3
    assert all(sweep.channels.split()[0] == "aligned" for sweep in sweeps)


# Ten stacked units (appendix, Table 1 b).

# What a unit of c channels consists of: c_in, c_out, kernel, groups of each convolution.
LAYERS = {
    "ShuffleNetV2": lambda c: [
        (c // 2, c // 2, 1, 1), (c // 2, c // 2, 3, c // 2), (c // 2, c // 2, 1, 1)
    ],
    "ShuffleNetV1": lambda c: [(c, c // 4, 1, 3), (c // 4, c // 4, 3, c // 4), (c // 4, c, 1, 3)],
    "MobileNetV2": lambda c: [(c, 6 * c, 1, 1), (6 * c, 6 * c, 3, 6 * c), (6 * c, c, 1, 1)],
    "Xception": lambda c: [(c, c, 3, c), (c, c, 1, 1)] * 2,
}  # fmt: skip
STEP = {"ShuffleNetV2": 2, "ShuffleNetV1": 12, "MobileNetV2": 1, "Xception": 1}


def unit_madds(row, c):
    return sum(c_in * c_out * k * k // g for c_in, c_out, k, g in LAYERS[row](c))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("row", LAYERS)
def test_a_unit_has_the_madds_of_its_convolutions(row, width):
    point = points("units", "paper", width)[row]
    assert counted(point).madds == 10 * HW * unit_madds(row, point.settings["c"])


@pytest.mark.parametrize("width", WIDTHS)
def test_units_have_as_many_channels_as_come_nearest_to_equal_madds(width):
    """ "c = ShuffleNet v2 channels 64/128/256"."""
    target = unit_madds("ShuffleNetV2", 64 * width)
    for row, point in points("units", "paper", width).items():
        c = point.settings["c"]
        off = abs(unit_madds(row, c) - target)
        assert off <= min(
            abs(unit_madds(row, other) - target) for other in (c - STEP[row], c + STEP[row])
        )
        assert c % STEP[row] == 0
    assert points("units", "paper", width)["ShuffleNetV2"].settings["c"] == 64 * width


# The stacks do what they are named after.


def built(name, seed=0, **settings):
    torch.manual_seed(seed)
    return STACKS[name](**settings).network.eval()


def image(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("c", "groups"), [(8, 1), (8, 2), (12, 4), (8, 8)])
def test_a_loop_of_small_convolutions_computes_what_the_grouped_one_does(c, groups):
    grouped, looped = (
        built("grouped", c=c, groups=groups),
        built("looped", seed=2, c=c, groups=groups),
    )
    x = image(2, c, 5, 5)
    with torch.no_grad():
        assert not torch.allclose(grouped(x), looped(x))
        for one, loop in zip(grouped, looped, strict=True):
            for part, conv in zip(one.weight.chunk(groups), loop.convs, strict=True):
                conv.weight.copy_(part)
        torch.testing.assert_close(grouped(x), looped(x))
    same = [costs(f"stack:{name}(c={c}, groups={groups})").madds for name in ("grouped", "looped")]
    assert same == [10 * HW * c * c // groups] * 2


@pytest.mark.parametrize(("c", "groups"), [(8, 2), (12, 3), (12, 4)])
def test_channels_shuffled_by_index_and_by_reshape_end_in_the_same_place(c, groups):
    by = {by: built("shuffled", c=c, groups=groups, by=by) for by in ("reshape", "index", "none")}
    x = image(2, c, 5, 5)
    with torch.no_grad():
        outputs = {name: network(x) for name, network in by.items()}
    torch.testing.assert_close(outputs["index"], outputs["reshape"], rtol=0, atol=0)
    assert not torch.allclose(outputs["none"], outputs["reshape"])


def test_a_partial_convolution_leaves_the_other_channels_and_the_callers_input_untouched():
    network, x = built("partial", c=16, part=4), image(2, 16, 5, 5)
    before = x.clone()
    with torch.no_grad():
        y = network(x)
    assert torch.equal(x, before)
    assert torch.equal(y[:, 4:], x[:, 4:])
    assert not torch.isclose(y[:, :4], x[:, :4]).all(dim=(0, 2, 3)).any()
    assert costs("stack:partial(c=16)").madds == 10 * HW * 9 * 4 * 4


def test_squeeze_and_excite_is_two_linear_layers_on_one_pixel_each():
    plain, excited = (costs(f"stack:excited(c=32, excite={e})").madds for e in (False, True))
    assert plain == 10 * HW * 32 * 32
    assert excited - plain == 10 * 2 * 32 * 8


@pytest.mark.parametrize("parallel", [False, True])
def test_fragments_are_summed_in_parallel_and_chained_in_series(parallel):
    network, x = built("fragments", c=8, n=2, parallel=parallel, blocks=1), image(1, 8, 4, 4)
    with torch.no_grad():
        if parallel:
            first, second = network[0].convs
            expected = first(x) + second(x)
        else:
            first, second = network
            expected = second(first(x))
        torch.testing.assert_close(network(x), expected)


@pytest.mark.parametrize(("relu", "shortcut"), [(True, True), (True, False), (False, True), (False, False)])  # fmt: skip
def test_a_bottleneck_has_the_element_wise_operators_that_it_is_asked_for(relu, shortcut):
    network = built("bottleneck", c=16, relu=relu, shortcut=shortcut, blocks=1)
    (block,), x = network, image(1, 16, 4, 4)
    act = torch.relu if relu else lambda t: t
    with torch.no_grad():
        expected = block.conv3(act(block.conv2(act(block.conv1(x)))))
        expected = act(expected + x) if shortcut else act(expected)
        torch.testing.assert_close(network(x), expected)


@pytest.mark.parametrize(("name", "set_"), SETS)
def test_no_stack_makes_the_signal_vanish_or_explode(name, set_):
    """Zeros and infinities may be faster or slower than numbers."""
    for point in points(name, set_).values():
        c = sources.find(point.model).inputs[0].shape[0]
        torch.manual_seed(0)
        with torch.no_grad():
            output = sources.find(point.model).build().eval()(image(1, c, 8, 8))
        assert torch.isfinite(output).all()
        assert 1e-6 < output.abs().max() < 1e6
        assert (output.abs() > 1e-30).float().mean() > 0.2
