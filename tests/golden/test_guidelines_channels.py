"""The channels of the guideline experiments are the paper's, and so are their multiply-adds: equal ones."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from guideline_points import G1, G2, G3, G4, HW, SETS, SWEEPS, WIDTHS, counted, guideline, points

from lightbench import guidelines as run_guidelines
from lightbench.errors import UsageError
from lightbench.studies.sweep.equal import check_equal_madds

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
