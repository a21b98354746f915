"""The axes of `lightbench sweep`: what differs between points, and what all of them share."""

from __future__ import annotations

import math
import re
from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lightbench import count, load_model
from lightbench import sweep as run_sweep
from lightbench.models import stacks
from lightbench.studies.sweep import axes
from lightbench.studies.sweep.axes import AXES, EQUAL_MADDS, check_channels, plan_axis, unequal
from lightbench.studies.sweep.equal import input_of
from lightbench.studies.sweep.plan import Point

CASES = [(axis, constant) for axis in AXES for constant in AXES[axis].constants]
EQUAL = [axis for axis in AXES if "madds" in AXES[axis].constants]
OWN_SIZE = ("resolution",)  # what differs is the map itself


def points(axis, channels=128, constant=None, size=(56, 56)):
    """Label -> point."""
    return {point.label: point for point in plan_axis(axis, channels, constant, size).points}


@cache
def costs(model, shape):
    return count(model, input="x".join(map(str, shape))).costs


def counted(point):
    """What `count` says of a point, never what the sweep says of itself."""
    return costs(point.model, input_of(point, point.size).shape)


def number(label):
    """``g=4`` -> 4, ``3x3`` -> 3, ``1:16`` -> 16."""
    return int(re.findall(r"\d+", label)[-1])


# What every axis offers.


def test_the_axes_are_these_and_each_says_what_it_is():
    assert list(AXES) == [
        "ratio", "groups", "kernel", "kind", "resolution", "batch", "activation", "excite",
        "shuffle", "loop", "branches",
    ]  # fmt: skip
    assert all(axis.about for axis in AXES.values())
    assert {c for axis in AXES.values() for c in axis.constants} == {"madds", "width"}


@pytest.mark.parametrize(("axis", "constant"), CASES)
def test_points_differ_and_the_first_of_them_is_the_reference(axis, constant):
    sweep = plan_axis(axis, 16, constant)
    labels = [point.label for point in sweep.points]
    assert len(set(labels)) == len(labels) > 1
    assert sweep.reference == labels[0]
    assert sweep.experiment == axis
    assert len({(p.model, p.size, p.batch) for p in sweep.points}) == len(labels)


@pytest.mark.parametrize(("axis", "constant"), CASES)
def test_what_is_compared_is_time_per_madd_wherever_madds_differ_by_more_than_the_cause(
    axis, constant
):
    """At equal MAdds they still differ by rounded channels; maps and batches differ in size alone."""
    sweep = plan_axis(axis, 16, constant)
    assert sweep.per_madd is (constant == "madds" or axis in ("resolution", "batch"))
    assert constant.replace("madds", "MAdds") in sweep.channels
    assert "c=16" in sweep.channels


@pytest.mark.slow
@pytest.mark.parametrize(("axis", "constant"), CASES)
def test_every_point_can_be_built_counted_and_run_and_keeps_the_shape(axis, constant):
    for point in plan_axis(axis, 16, constant, (5, 6)).points:
        spec = input_of(point, point.size)
        assert counted(point).madds > 0
        assert not counted(point).uncounted
        small = (1, spec.shape[0], min(spec.shape[1], 7), min(spec.shape[2], 7))
        x = torch.randn(small)
        with torch.inference_mode():
            out = load_model(point.model).eval()(x)
        assert out.shape == x.shape, point
        assert bool(torch.isfinite(out).all()), point


def test_the_default_is_equal_madds_where_an_axis_has_it():
    for axis in AXES:
        assert plan_axis(axis, 16) == plan_axis(axis, 16, "madds" if axis in EQUAL else "width")


@pytest.mark.slow
@pytest.mark.parametrize(("axis", "constant"), CASES)
@pytest.mark.parametrize("channels", [8, 24, 104])
def test_channels_that_are_planned_can_be_built(axis, constant, channels):
    for point in plan_axis(axis, channels, constant, (2, 3)).points:
        assert counted(point).madds > 0


def test_an_axis_is_a_row_of_the_table(monkeypatch):
    """A new one needs nothing else."""
    row = axes.Axis("two", lambda c, _equal: [Point(n, "linear", {"c": c, "layers": i})
                                              for i, n in enumerate("ab", 1)], ("width",))  # fmt: skip
    monkeypatch.setitem(AXES, "depth", row)
    assert [p.model for p in plan_axis("depth", 4).points] == [
        "stack:linear(c=4, layers=1)", "stack:linear(c=4, layers=2)",
    ]  # fmt: skip


# At constant MAdds.

# What an axis of n must have for channels to have the MAdds of 10 (ratio: 20) 1x1 layers c -> c:
# groups divide the MAdds by n; a kernel or a map of n^2, or n branches, multiply them.
WANTED = {
    "groups": lambda c, n: c * math.sqrt(n),
    "kernel": lambda c, n: c / n,
    "resolution": lambda c, n: c * 56 / n,
    "branches": lambda c, n: c / math.sqrt(n),
}
# Channels come in whole numbers, with groups in multiples of them.
STEP = {"groups": lambda n: n}


@pytest.mark.parametrize("axis", WANTED)
@pytest.mark.parametrize("channels", [16, 61, 96, 128])
def test_at_constant_madds_channels_are_the_nearest_and_madds_within_their_rounding(axis, channels):
    """Rounded by at most half a step, MAdds are off by at most (1 + step / 2 c)^2."""
    found = points(axis, channels, "madds", (5, 6))
    whole = 10 * channels**2 * (56 * 56 if axis == "resolution" else 5 * 6)
    for label, point in found.items():
        n = number(label)
        wanted, step = WANTED[axis](channels, n), STEP.get(axis, lambda _n: 1)(n)
        assert abs(point.settings["c"] - wanted) <= step / 2, point
        worst = (1 + step / (2 * wanted)) ** 2 - 1
        assert counted(point).madds == pytest.approx(whole, rel=worst * (1 + 1e-12)), point


@pytest.mark.parametrize("channels", [16, 61, 96, 128])
def test_at_constant_madds_ratios_are_the_nearest_whole_ones(channels):
    """c1 is c / sqrt(ratio), rounded; c2 makes c1 c2 = c^2, off by at most c1 / 2."""
    for label, point in points("ratio", channels, "madds", (5, 6)).items():
        c1, c2 = point.settings["c1"], point.settings["c2"]
        assert abs(c1 - channels / math.sqrt(number(label))) <= 0.5
        assert abs(c1 * c2 - channels**2) <= c1 / 2
        assert counted(point).madds == 20 * 30 * c1 * c2  # blocks of two convolutions
        assert counted(point).madds == pytest.approx(20 * 30 * channels**2, rel=0.5 / channels)


@pytest.mark.parametrize("channels", [16, 61, 96, 128])
def test_at_constant_madds_kinds_have_a_third_and_a_ninth_of_the_square(channels):
    """9 c1^2 = c^2 for a dense 3x3, 9 c1 = c^2 for a depthwise one."""
    found = points("kind", channels, "madds", (5, 6))
    dense, depthwise = found["dense 3x3"], found["depthwise 3x3"]
    assert abs(dense.settings["c"] - channels / 3) <= 0.5
    assert abs(depthwise.settings["c"] - channels**2 / 9) <= 0.5
    assert depthwise.settings["groups"] == depthwise.settings["c"]
    whole = 300 * channels**2
    assert counted(found["pointwise"]).madds == whole
    assert counted(dense).madds == pytest.approx(whole, rel=(1 + 1.5 / channels) ** 2 - 1)
    assert counted(depthwise).madds == pytest.approx(whole, rel=4.5 / channels**2)


def test_at_128_channels_these_are_the_points():
    ratios = {k: (p.settings["c1"], p.settings["c2"]) for k, p in points("ratio").items()}
    assert ratios == {
        "1:1": (128, 128), "1:2": (91, 180), "1:4": (64, 256), "1:8": (45, 364), "1:16": (32, 512),
    }  # fmt: skip
    assert {k: p.settings["c"] for k, p in points("groups").items()} == {
        "g=1": 128, "g=2": 182, "g=4": 256, "g=8": 360, "g=16": 512, "g=32": 736, "g=64": 1024,
        "g=128": 1408,
    }  # fmt: skip


# At constant width.


@pytest.mark.parametrize(("axis", "constant"), [case for case in CASES if case[1] == "width"])
@pytest.mark.parametrize("channels", [16, 128])
def test_at_constant_width_all_points_have_the_references_channels(axis, constant, channels):
    for point in points(axis, channels, constant).values():
        if axis == "ratio":  # what c1 gains c2 loses
            assert point.settings["c1"] + point.settings["c2"] == 2 * channels
        else:
            assert point.settings["c"] == channels


def test_at_constant_width_a_ratio_is_what_its_label_says():
    """c1 is 2 c / (1 + ratio), rounded."""
    for label, point in points("ratio", 128, "width").items():
        assert abs(point.settings["c1"] - 256 / (1 + number(label))) <= 0.5


@pytest.mark.parametrize(
    ("axis", "times"),
    [
        ("groups", lambda n: 1 / n),
        ("kernel", lambda n: n * n),
        ("branches", lambda n: n),
        ("resolution", lambda n: n * n / 56**2),
        ("activation", None),
        ("shuffle", None),
        ("loop", None),
        ("batch", None),
    ],
)
def test_at_constant_width_madds_of_an_image_differ_by_what_is_swept(axis, times):
    sweep = plan_axis(axis, 16, "width")
    reference = next(p for p in sweep.points if p.label == sweep.reference)
    for point in sweep.points:
        factor = times(number(point.label)) if times else 1
        assert counted(point).madds == counted(reference).madds * factor


def test_squeeze_and_excite_adds_two_small_matrices_a_layer():
    """c -> c / 4 -> c on one pixel, ten times."""
    found = {label: counted(point).madds for label, point in points("excite", 16).items()}
    assert found["with SE"] - found["without"] == 10 * 2 * 16 * 4


# Single axes.


@pytest.mark.parametrize(
    ("channels", "divisors"),
    [
        (1, [1]),
        (2, [1, 2]),
        (12, [1, 2, 3, 4, 6, 12]),
        (64, [1, 2, 4, 8, 16, 32, 64]),
        (97, [1, 97]),
    ],
)
@pytest.mark.parametrize("constant", ["madds", "width"])
def test_group_counts_are_exactly_the_divisors(channels, divisors, constant):
    found = points("groups", channels, constant)
    assert [point.settings["groups"] for point in found.values()] == divisors
    assert list(found) == [f"g={g}" for g in divisors]


@given(st.integers(1, 400))
def test_groups_always_divide_the_channels(channels):
    for constant in ("madds", "width"):
        for point in points("groups", channels, constant).values():
            assert point.settings["c"] % point.settings["groups"] == 0
            assert channels % point.settings["groups"] == 0


def kinds(point):
    return [op.kind for op in counted(point).ops]


def test_each_activation_stands_behind_each_of_the_ten_convolutions():
    found = points("activation", 16)
    assert list(found) == ["none", "relu", "relu6", "hardswish", "silu", "gelu"]
    assert kinds(found.pop("none")) == ["pointwise conv"] * 10
    for point in found.values():
        assert kinds(point) == ["pointwise conv", "activation"] * 10


def test_shuffles_move_data_and_without_one_nothing_is_moved():
    found = points("shuffle", 16)
    assert kinds(found["none"]) == ["pointwise conv"] * 10
    assert (
        kinds(found["reshape"]) == kinds(found["index"]) == ["pointwise conv", "data movement"] * 10
    )


def test_both_ways_to_shuffle_put_channels_in_the_same_order():
    """6 channels in 2 groups: 0 1 2 | 3 4 5 become 0 3 1 4 2 5."""
    x = torch.arange(6.0).view(1, 6, 1, 1)
    by_index, by_reshape = (stacks._Shuffle(6, 2, by_index=by) for by in (True, False))
    assert by_index(x).flatten().tolist() == [0, 3, 1, 4, 2, 5]
    assert by_reshape(x).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_a_loop_computes_what_one_grouped_convolution_computes():
    loop = stacks._Loop(16, 8)
    grouped = torch.nn.Conv2d(16, 16, 1, groups=8, bias=False)
    grouped.weight.data = torch.cat([conv.weight.data for conv in loop.convs])
    x = torch.randn(2, 16, 5, 6)
    torch.testing.assert_close(loop(x), grouped(x))
    assert kinds(points("loop", 16)["one grouped"]) == ["grouped conv"] * 10
    assert kinds(points("loop", 16)["loop of 8"]) == [*["pointwise conv"] * 8, "data movement"] * 10


def test_branches_are_added():
    assert kinds(points("branches", 16)["4"])[:7] == ["pointwise conv"] * 2 + [
        "element-wise", "pointwise conv", "element-wise", "pointwise conv", "element-wise",
    ]  # fmt: skip
    parallel = stacks._Parallel(4, 3)
    x = torch.randn(1, 4, 2, 2)
    torch.testing.assert_close(parallel(x), sum(conv(x) for conv in parallel.convs))


def test_batches_are_points_and_all_other_axes_follow_the_run():
    assert [p.batch for p in points("batch").values()] == [1, 2, 4, 8, 16]
    for axis in set(AXES) - {"batch"}:
        assert {p.batch for p in points(axis, 16).values()} == {None}


# Size.


@pytest.mark.parametrize(("axis", "constant"), CASES)
def test_height_and_width_are_what_was_asked_for_in_that_order(axis, constant):
    for label, point in points(axis, 16, constant, (5, 12)).items():
        assert point.size == ((number(label),) * 2 if axis in OWN_SIZE else (5, 12))
        assert input_of(point, point.size).shape[1:] == point.size


def test_a_sweep_that_is_run_has_inputs_of_that_size():
    records = run_sweep("kernel", channels=34, input="5x12", device="null", seconds=0.05).records
    real = [r for r in records if not r.sweep.launch]
    assert {r.case.inputs[0].shape[1:] for r in real} == {(5, 12)}
    assert {r.case.inputs[0].shape[1:] for r in records if r.sweep.launch} == {(1, 1)}
    assert [r.sweep.point for r in real] == ["1x1", "3x3", "5x5", "7x7"]


@pytest.mark.parametrize("axis", sorted(EQUAL))
def test_what_is_said_of_equal_madds_is_what_is_counted(axis):
    """The fraction that channels are checked by, beside the count of the networks themselves."""
    for channels in (17, 32, 61):
        reference, *others = (counted(p).madds for p in points(axis, channels, "madds").values())
        worst = max(abs(other / reference - 1) for other in others)
        assert unequal(AXES[axis], channels) == pytest.approx(worst, abs=1e-9)


@pytest.mark.parametrize("axis", sorted(EQUAL))
def test_128_channels_are_enough_for_every_axis(axis):
    check_channels(axis)
    assert unequal(AXES[axis], 128) <= EQUAL_MADDS


def test_a_resolution_keeps_its_own_map_and_is_not_run_on_one_pixel():
    records = run_sweep("resolution", channels=2, device="null", seconds=0.05).records
    shapes = [r.case.inputs[0].shape for r in records]
    assert shapes == [(2, 56, 56), (16, 7, 7), (8, 14, 14), (4, 28, 28), (1, 112, 112)]


def test_a_sweep_of_batches_runs_them():
    records = run_sweep("batch", channels=2, input="3x4", device="null", seconds=0.05).records
    assert [r.case.batch for r in records] == [1, 2, 4, 8, 16]
    assert [r.costs.madds for r in records] == [10 * 12 * 4 * b for b in (1, 2, 4, 8, 16)]
