"""What findings cost with a device card, by hand, and between the points of a sweep."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from breaking import Block, chain, conv, findings, strained
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lightbench.records import Op
from lightbench.studies.card.card import Figure
from lightbench.studies.lint.rules.fragmentation import launch_bound
from lightbench.studies.lint.slowdown import slowdown
from lightbench.studies.sweep.relative import relatives

# With a card.


def by_size(sweep_records, axis, **times):
    """A sweep of a card: ``g1=1.0`` is one group, ``r4=1.5`` a ratio of 1:4."""
    times = {name[1:]: seconds for name, seconds in times.items()}
    made = {
        n: {"groups": int(n)} if axis == "groups" else {"c1": 8, "c2": 8 * int(n)} for n in times
    }
    return relatives(sweep_records(times, experiment=axis, per_madd=True, settings=made))


def test_without_a_card_there_is_no_time_and_nothing_is_launch_bound():
    tiny = nn.Sequential(Block(*(conv(1, 1, 1) for _ in range(3))))
    assert findings(tiny, "1x1x1") == []
    (finding,) = findings(chain(6))
    assert finding.estimate_s is None


@pytest.mark.parametrize(
    ("c_out", "slower"),
    [(64 * 4, 0.5), (64 * 8, 0.5), (64 * 32, 0.5), (160, 0.5 * math.log(2.5, 4))],
)
def test_g1_takes_the_time_that_its_ratio_is_slower(c_out, slower, card, sweep_records):
    """1:4 is half as slow again; 1:2.5 lies log(2.5) / log(4) of the way; 1:32 as far as measured."""
    card = replace(card, ratios=by_size(sweep_records, "ratio", r1=1.0, r4=1.5))
    (finding,) = findings(conv(64, c_out, 1), "64x50x50", card)
    madds = 2500 * 64 * c_out
    assert finding.estimate_s == pytest.approx(madds / 1e9 * slower)


@pytest.mark.parametrize(("groups", "slower"), [(2, 0.25), (4, 0.5), (16, 0.5)])
def test_g2_takes_the_time_that_its_groups_are_slower(groups, slower, card, sweep_records):
    card = replace(card, groups=by_size(sweep_records, "groups", g1=1.0, g4=1.5))
    card.madds_per_s["grouped conv"] = Figure(1.0)  # of one group is what counts
    (finding,) = findings(conv(64, 64, 1, groups=groups), "64x14x14", card)
    assert finding.estimate_s == pytest.approx(196 * 64 * 64 / groups / 1e9 * slower)


def test_where_a_ratio_or_groups_are_faster_they_cost_no_time(card, sweep_records):
    card = replace(
        card,
        ratios=by_size(sweep_records, "ratio", r1=1.0, r4=0.5),
        groups=by_size(sweep_records, "groups", g1=1.0, g4=0.5),
    )
    found = findings(conv(64, 256, 1, groups=4), "64x50x50", card)
    assert {f.guideline: f.estimate_s for f in found} == {"G1": 0.0, "G2": 0.0}


def test_without_those_sweeps_g1_and_g2_have_no_time(card):
    found = findings(conv(64, 256, 1, groups=4), "64x50x50", card)
    assert {f.guideline: f.estimate_s for f in found} == {"G1": None, "G2": None}


def test_g3_takes_the_starts_and_the_maps_of_all_fragments_but_one(card):
    """Five starts of 2 ms and five times 2,176 elements at 1 GB/s."""
    made = replace(card, conv_launch_s=Figure(0.002))
    (finding,) = findings(chain(6), card=made)
    assert finding.estimate_s == pytest.approx(5 * 0.002 + 5 * 4 * 2176 / 1e9)
    (finding,) = findings(chain(6), card=card)  # an older card: any operator's start
    assert finding.estimate_s == pytest.approx(5 * 1e-9 + 5 * 4 * 2176 / 1e9)


def test_g4_takes_the_time_of_its_operators(card):
    card.bytes_per_s["norm"] = Figure(2e9)
    found = findings(Block(conv(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()), card=card)
    estimates = {f.cause: f.estimate_s for f in found}
    assert estimates == {
        "1 x norm": pytest.approx(4 * 1632 / 2e9 + 1e-9),
        "1 x activation": pytest.approx(4 * 1600 / 1e9 + 1e-9),
    }


def test_operators_that_take_longer_to_start_than_to_run_strain_g3(card):
    """A few multiply-adds and bytes at 1 G/s are nothing beside 1 ms; so is ReLU."""
    slow_start = replace(card, launch_s=Figure(0.001))
    block = Block(conv(1, 1, 3, padding=1), nn.ReLU(), conv(1, 1, 1))
    network = nn.Sequential(block, conv(1, 1, 1))
    first, second = (f for f in findings(network, "1x1x1", slow_start) if f.guideline == "G3")
    assert (first.layer, first.cause) == ("0", "3 of 3 launch-bound")
    assert (second.layer, second.cause) == ("1", "1 of 1 launch-bound")
    assert (first.estimate_s, second.estimate_s) == (pytest.approx(0.003), 0.001)
    assert first.ops == first.block == (0, 1, 2)
    assert first.instead is None
    assert strained(network, "1x1x1") == {"G4"}


def test_of_a_block_only_what_is_launch_bound_is_counted(card):
    """8,000 x 576 multiply-adds take 4.6 ms at 1 GMAdds/s; ReLU moves 512 kB in 0.5 ms."""
    slow_start = replace(card, launch_s=Figure(0.001))
    network = nn.Sequential(Block(conv(8, 8, 3, padding=1), nn.ReLU(), conv(8, 8, 3, padding=1)))
    (finding,) = (f for f in findings(network, "8x100x80", slow_start) if f.guideline == "G3")
    assert finding.cause == "1 of 3 launch-bound"
    assert finding.ops == (1,)
    assert finding.block == (0, 1, 2)


@pytest.mark.parametrize(
    ("madds", "moved", "bound"),
    [
        (999_999, 999_999, True),
        (1_000_000, 0, False),  # exactly as long as its start
        (0, 1_000_000, False),
        (1_000_001, 1, False),
        (0, 0, True),
    ],
)
def test_launch_bound_is_less_arithmetic_and_less_memory_than_the_start(madds, moved, bound, card):
    """1 ms at 1 GMAdds/s and 1 GB/s."""
    slow_start = replace(card, launch_s=Figure(0.001), conv_launch_s=Figure(9.0))
    op = Op(path="", module="", op="x", kind="dense conv", madds=madds, read_bytes=moved)
    assert launch_bound(slow_start, op) is bound


# Between the points of a sweep.


POINTS = st.lists(
    st.tuples(st.floats(1, 1e4), st.floats(0.1, 10)),
    min_size=1,
    max_size=8,
    unique_by=lambda p: p[0],
)


@given(POINTS)
def test_at_its_points_a_slowdown_is_what_was_measured(points):
    for x, y in points:
        assert slowdown(points, x) == pytest.approx(y, rel=1e-9)


@given(POINTS, st.floats(0, 1))
def test_beyond_the_ends_it_is_the_end(points, share):
    ordered = sorted(points)
    assert slowdown(points, ordered[0][0] * share) == ordered[0][1]
    assert slowdown(points, ordered[-1][0] * (1 + share)) == pytest.approx(ordered[-1][1])


@given(POINTS, st.floats(1, 1e4))
def test_between_two_points_it_is_between_their_slowdowns(points, at):
    ordered = sorted(points)
    below = [p for p in ordered if p[0] <= at][-1:] or ordered[:1]
    above = [p for p in ordered if p[0] >= at][:1] or ordered[-1:]
    low, high = sorted((below[0][1], above[0][1]))
    assert low - 1e-9 <= slowdown(points, at) <= high + 1e-9


@given(POINTS, st.floats(1, 1e4), st.floats(1, 100))
def test_where_every_point_is_slower_than_the_last_so_is_every_place_between(points, at, factor):
    rising = [(x, 1.0 + i) for i, (x, _) in enumerate(sorted(points))]
    assert slowdown(rising, at) <= slowdown(rising, at * factor) + 1e-9


def test_halfway_in_logarithms_is_halfway():
    assert slowdown([(16, 3.0), (1, 1.0)], 4) == pytest.approx(2.0)
