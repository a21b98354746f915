"""Findings measured: what is called again, what stands in for it, and what is saved, exactly."""

from __future__ import annotations

import random
from functools import partial
from itertools import cycle

import pytest
import torch
from breaking import Block, conv
from timed_operators import MS, Scripted
from torch import nn

from lightbench import count
from lightbench.studies.lint.find import find_all
from lightbench.studies.lint.linted import Finding, linted
from lightbench.studies.lint.verify import capture, measure
from lightbench.timing.clock import Reading

pytestmark = pytest.mark.usefixtures("quick")


def found_in(network, *shape):
    """Its findings and operators, and a function that captures the calls of one finding."""
    x = torch.randn(1, *shape)
    counted = count(network, input="x".join(map(str, shape)))
    found = find_all(linted(network, counted.costs))
    return found, counted.layers, partial(capture, network.eval(), partial(network, x))


def verified(network, *shape, guideline=None, cause="", device=None):
    """The saving of the only finding of this kind, and what was timed for it."""
    found, ops, captured = found_in(network, *shape)
    (finding,) = (f for f in found if f.guideline == guideline and cause in f.cause)
    device = device or Scripted()
    saving = measure(
        finding,
        ops,
        captured(finding.block),
        device.step,
        seconds=1.0,
        clock=lambda: 0.0,
        rng=random.Random(0),
    )
    return saving, device


# Where the cause is that operators are there.


@pytest.mark.parametrize(("cause", "left"), [("norm", "relu"), ("activation", "batch_norm")])
def test_without_the_cause_its_operators_are_not_called(cause, left):
    """Three operators take 4 ms, two of them 3 ms."""
    network = nn.Sequential(Block(conv(8, 8, 1), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8, 1)))
    saving, device = verified(network, 8, 5, 5, guideline="G4", cause=cause)
    with_, without = device.names
    assert with_ == ["conv2d", "batch_norm", "relu", "conv2d"]
    assert without == ["conv2d", left, "conv2d"]
    assert saving.seconds == pytest.approx(1 * MS)
    assert saving.low_s == pytest.approx(1 * MS)
    assert saving.high_s == pytest.approx(1 * MS)
    assert saving.block_s == pytest.approx(5 * MS)


def test_all_of_a_cause_are_left_out_together():
    network = nn.Sequential(Block(conv(8, 8, 1), nn.ReLU(), conv(8, 8, 1), nn.ReLU()))
    saving, _ = verified(network, 8, 5, 5, guideline="G4")
    assert saving.seconds == pytest.approx(2 * MS)


def test_where_nothing_is_left_the_whole_block_is_saved():
    saving, device = verified(nn.Sequential(conv(8, 8, 1), nn.ReLU()), 8, 5, 5, guideline="G4")
    assert device.names == [["relu"], []]
    assert saving.seconds == pytest.approx(1 * MS)


def test_operators_are_timed_as_the_network_runs_them_not_in_training():
    """Batch norm called again must not change its statistics, and dropout is none."""
    norm = nn.BatchNorm2d(8)
    network = nn.Sequential(Block(conv(8, 8, 1), norm, nn.Dropout(), nn.ReLU(), conv(8, 8, 1)))
    verified(network, 8, 5, 5, guideline="G4", cause="norm")
    assert norm.num_batches_tracked == 0
    assert torch.equal(norm.running_mean, torch.zeros(8))


# Where the cause is their shape: one convolution of equal MAdds stands in.


def stand_in(device):
    """The last convolution of what was timed without the cause: its input, filter, padding."""
    x, weight, _bias, _stride, padding = (*device.runs[1].calls[-1], None, None, None)[:5]
    return tuple(x.shape), tuple(weight.shape), list(padding or (0, 0))


def test_g1_is_compared_with_equal_channels_at_equal_madds():
    """32 -> 256 has the MAdds of 90.5 -> 90.5; of the nearest 8 it has 88^2, for which 2 ms are
    2 ms * 32 * 256 / 88^2 at equal MAdds: here, where time does not depend on work, a loss."""
    saving, device = verified(nn.Sequential(conv(32, 256, 1)), 32, 6, 5, guideline="G1")
    assert stand_in(device) == ((1, 88, 6, 5), (88, 88, 1, 1), [0, 0])
    assert saving.seconds == pytest.approx(2 * MS - 2 * MS * 32 * 256 / 88**2)
    assert saving.seconds < 0
    assert saving.block_s == pytest.approx(2 * MS)


@pytest.mark.parametrize("kernel", [1, 3])
def test_g2_is_compared_with_one_group_at_equal_madds(kernel):
    """64 channels in 4 groups have the MAdds of 32 in one, exactly: nothing to scale."""
    network = nn.Sequential(conv(64, 64, kernel, padding=kernel // 2, groups=4))
    saving, device = verified(network, 64, 6, 5, guideline="G2")
    assert stand_in(device) == ((1, 32, 6, 5), (32, 32, kernel, kernel), [kernel // 2] * 2)
    assert saving.seconds == pytest.approx(0.0, abs=1e-12)


def test_g3_is_compared_with_one_convolution_at_equal_madds():
    """Six 3x3 of 16 channels: 6 * 16^2 = 39.2^2, of which the nearest 8 are 40. 7 ms with, 2 ms
    without, times 6 * 16^2 / 40^2."""
    block = Block(*(conv(16, 16, 3, padding=1) for _ in range(6)))
    saving, device = verified(nn.Sequential(block), 16, 6, 5, guideline="G3")
    assert device.names == [["conv2d"] * 6, ["conv2d"]]
    assert stand_in(device) == ((1, 40, 6, 5), (40, 40, 3, 3), [1, 1])
    assert saving.seconds == pytest.approx(7 * MS - 2 * MS * 6 * 16**2 / 40**2)


def test_what_else_is_in_the_block_is_called_with_and_without():
    """A finding may be about some operators of a block only."""
    network = nn.Sequential(Block(conv(64, 64, 1, groups=4), nn.ReLU()))
    found, ops, captured = found_in(network, 64, 6, 5)
    (finding,) = (f for f in found if f.guideline == "G2")
    whole = Finding(**{**vars(finding), "block": (0, 1)})
    device = Scripted()
    measure(whole, ops, captured((0, 1)), device.step, seconds=1.0, clock=lambda: 0.0,
            rng=random.Random(0))  # fmt: skip
    assert device.names == [["conv2d", "relu"], ["relu", "conv2d"]]


@pytest.mark.parametrize("c", [1, 2, 3, 5])
def test_a_stand_in_has_at_least_eight_channels(c):
    """sqrt(c * 16 c) = 4 c."""
    _, device = verified(nn.Sequential(conv(c, 16 * c, 1)), c, 40, 40, guideline="G1")
    _, (c_out, c_in, *_), _ = stand_in(device)
    assert c_out == c_in
    assert c_in % 8 == 0
    assert c_in >= 8
    assert abs(c_in - 4 * c) <= max(4, 8 - 4 * c)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_stand_in_has_the_precision_and_layout_of_what_it_stands_for(dtype, layout):
    network = nn.Sequential(conv(32, 256, 1)).to(dtype, memory_format=layout)
    x = torch.randn(1, 32, 6, 5).to(dtype, memory_format=layout)
    counted = count(network, input="32x6x5")
    (finding,) = find_all(linted(network, counted.costs))
    device = Scripted()
    measure(finding, counted.layers, capture(network, partial(network, x), (0,)), device.step,
            seconds=1.0, clock=lambda: 0.0, rng=random.Random(0))  # fmt: skip
    for tensor in device.runs[1].calls[-1][:2]:
        assert tensor.dtype == dtype
        assert tensor.is_contiguous(memory_format=layout)


# Numbers.


@pytest.mark.slow
def test_the_interval_is_that_of_the_rounds():
    """With the cause always 5 ms; without it 1 ms and 2 ms in turn, twice each, since a visit begins
    with a call that is not timed: 3 to 4 ms are saved."""
    times = iter([cycle([5 * MS]), cycle([1 * MS] * 2 + [2 * MS] * 2)])

    class Changing:
        @staticmethod
        def step(_call, _context, _inputs=()):
            mine = next(times)
            return lambda _n: Reading(next(mine), None)

    saving, _ = verified(
        nn.Sequential(conv(8, 8, 1), nn.ReLU()), 8, 5, 5, guideline="G4", device=Changing
    )
    assert saving.block_s == pytest.approx(5 * MS)
    assert saving.low_s == pytest.approx(3 * MS)
    assert saving.low_s <= saving.seconds <= saving.high_s
    assert saving.high_s == pytest.approx(4 * MS)


def test_what_an_operator_raises_is_raised():
    class Broken:
        @staticmethod
        def step(_call, _context, _inputs=()):
            def timed(_n):
                raise ZeroDivisionError("no time")

            return timed

    with pytest.raises(ZeroDivisionError):
        verified(nn.Sequential(conv(8, 8, 1), nn.ReLU()), 8, 5, 5, guideline="G4", device=Broken)


def test_a_finding_whose_operators_were_not_seen_has_no_saving():
    found, ops, captured = found_in(nn.Sequential(conv(8, 8, 1), nn.ReLU()), 8, 5, 5)
    (finding,) = found
    seen = captured((0,))  # another row
    assert measure(finding, ops, seen, Scripted().step, seconds=1.0, clock=lambda: 0.0,
                   rng=random.Random(0)) is None  # fmt: skip
