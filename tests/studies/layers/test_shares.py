"""What rounds say about the parts of a call: medians, exact intervals, shares; and when rounds end."""

from __future__ import annotations

import random
from itertools import count

import msgspec
import pytest

from lightbench.records import Kind, store
from lightbench.stats.interval import Interval
from lightbench.studies.count.groups import GROUPS
from lightbench.studies.layers.shares import (
    MAX_ROUNDS,
    Breakdown,
    Part,
    Pass,
    alternate,
    kinds_of,
    layers_of,
)
from lightbench.timing.clock import Reading
from lightbench.timing.summary import summarize


def test_every_kind_belongs_to_exactly_one_group():
    kinds = [kind for kinds in GROUPS.values() for kind in kinds]
    assert sorted(kinds) == sorted(Kind.__args__)
    assert GROUPS["convolution"] == {
        "dense conv", "grouped conv", "depthwise conv", "pointwise conv",
    }  # fmt: skip
    assert GROUPS["element-wise"] == {"norm", "activation", "element-wise"}
    assert GROUPS["shuffle, data movement"] == {"data movement"}


def by_factor(make_record, factors):
    """A breakdown of one convolution and some views, whose n-th pass takes ``factors[n]`` times as
    long."""
    record = make_record()
    samples = msgspec.structs.replace(record.samples, wall_s=(2.0,) * len(factors), cpu_s=())
    passes = tuple(Pass((3.0 * factor,), 1.0 * factor) for factor in factors)
    timed = {"samples": samples, "latency": summarize(samples)}
    return Breakdown(msgspec.structs.replace(record, **timed), passes)


def test_a_group_is_the_median_over_rounds_of_its_sum_with_its_exact_interval(make_record):
    # Of 7 values the extremes bound the median with 1 - 2/2^7 = 98.4 %, the next ones with 87.5 %.
    found = by_factor(make_record, [3, 1, 7, 4, 2, 6, 5])
    convolution = found.parts("group")[0]
    assert convolution.time == Interval(12, 3, 21)
    assert convolution.time.rel == pytest.approx(3 / 4)  # (7 - 1) / 2 / 4
    assert convolution.share == Interval(0.75, 0.75, 0.75)
    assert found.total == Interval(16, 4, 28)
    ratio = found.over_whole
    assert (ratio.ratio, ratio.low, ratio.high) == pytest.approx((8, 2, 14))


def test_with_fewer_than_6_rounds_there_is_no_interval(make_record):
    found = by_factor(make_record, [1, 2, 3, 4, 5])
    assert found.total == Interval(12, None, None)
    assert found.total.rel is None


@pytest.mark.parametrize(
    "passes",
    [
        (Pass((1.0,), 0.0),) * 6,
        (Pass((1.0, 1.0), 0.0),) * 7,
        (Pass((-1.0,), 2.0),) * 7,
        (Pass((float("nan"),), 0.0),) * 7,
        (Pass((0.0,), 0.0),) * 7,
    ],
    ids=["a pass too few", "a time too many", "negative", "NaN", "nothing"],
)
def test_times_that_do_not_fit_together_are_refused(make_record, passes):
    with pytest.raises(ValueError, match=r"round|times"):
        Breakdown(by_factor(make_record, [1] * 7).record, passes)


def test_a_part_of_no_operators_costs_nothing():
    nothing = Interval(0.0, 0.0, 0.0)
    part = Part("(views)", (), nothing, nothing)
    assert (part.madds, part.mem_bytes, part.fused_bytes, part.time.rel) == (0, 0, 0, None)


def ticking(seconds):
    """A clock that moves on by so many seconds whenever it is read."""
    return map(float, count(0, seconds)).__next__


# Rounds.


def rounds_of(seconds, tick, seed=0):
    order = []

    def parts():
        order.append("parts")
        return Pass((1.0,), 0.0)

    def whole(n):
        order.append("whole")
        return Reading(float(len(order)), None)

    found = alternate(
        parts, whole, seconds=seconds, clock=ticking(tick), rng=random.Random(seed)
    )  # fmt: skip
    return order, *found


def test_the_first_call_and_two_rounds_are_warm_up():
    order, first, rounds = rounds_of(seconds=20, tick=1)
    assert order[0] == "whole"
    assert first.wall_s == 1
    assert len(order) == 1 + 2 * (2 + len(rounds))


def test_rounds_end_before_the_one_that_would_not_fit():
    # the clock is read once before and once after each round, of which each takes 1 s
    assert len(rounds_of(seconds=20, tick=1)[2]) == 20
    assert len(rounds_of(seconds=20.5, tick=1)[2]) == 20


def test_there_are_6_rounds_unless_that_takes_ten_times_as_long():
    assert len(rounds_of(seconds=1, tick=1)[2]) == 6
    assert len(rounds_of(seconds=1, tick=4)[2]) == 3  # 12 s > 10 s


def test_rounds_end_though_the_clock_stands_still():
    assert len(rounds_of(seconds=1, tick=0)[2]) == MAX_ROUNDS


def test_both_orders_happen_in_every_round_once_and_the_seed_says_which():
    order = rounds_of(seconds=40, tick=1)[0]
    pairs = [tuple(order[i : i + 2]) for i in range(1, len(order), 2)]
    assert {("parts", "whole"), ("whole", "parts")} == set(pairs)
    assert order == rounds_of(seconds=40, tick=1)[0]
    assert order != rounds_of(seconds=40, tick=1, seed=1)[0]


def test_progress_counts_down():
    said = []
    alternate(
        lambda: Pass((1.0,), 0.0),
        lambda _n: Reading(1.0, None),
        seconds=20,
        clock=ticking(1),
        rng=random.Random(0),
        report=said.append,
    )
    assert [now.rounds for now in said] == list(range(1, 20))
    assert [now.left_s for now in said] == list(range(19, 0, -1))


# What is kept.


def test_the_record_keeps_the_times_of_operators_with_their_intervals(make_record):
    found = by_factor(make_record, [3, 1, 7, 4, 2, 6, 5])
    record = found.explained
    assert record.study == "layers"
    assert record == msgspec.structs.replace(found.record, found=record.layers)
    layers = record.layers
    assert layers.rounds == 7
    assert layers.total_s == Interval(16, 4, 28)
    over = layers.over_whole
    assert (over.median, over.low, over.high) == pytest.approx((8, 2, 14))
    (operator,) = layers.operators
    assert (operator.name, operator.time_s) == ("conv1", Interval(12, 3, 21))
    assert operator.share == Interval(0.75, 0.75, 0.75)
    assert (layers.views.name, layers.views.time_s) == ("(views)", Interval(4, 1, 7))
    assert [(kind.name, kind.time_s.median) for kind in layers.kinds] == [
        ("convolution", 12), ("element-wise", 0), ("shuffle, data movement", 0), ("other", 4),
    ]  # fmt: skip


@pytest.mark.parametrize("factors", [[3, 1, 7, 4, 2, 6, 5], [1, 2, 3]])
def test_a_stored_record_tells_what_the_rounds_told(factors, make_record, tmp_path):
    found = by_factor(make_record, factors)
    store.append(tmp_path / "s.jsonl", [found.explained])
    (record,) = store.read(tmp_path / "s.jsonl")
    assert record == found.explained
    assert layers_of(record) == list(found.layers)
    assert kinds_of(record) == found.parts("group")


@pytest.mark.parametrize("read", [layers_of, kinds_of])
@pytest.mark.parametrize("lacks", ["layers", "costs"])
def test_a_record_without_times_of_operators_says_so(read, lacks, make_record):
    record = by_factor(make_record, [1] * 7).explained
    if lacks == "costs":
        none = msgspec.structs.replace(record.layers, operators=())
        record = msgspec.structs.replace(record, costs=None, found=none)
    else:
        record = msgspec.structs.replace(record, found=None)
    with pytest.raises(ValueError, match="'resnet18' has no times of operators"):
        read(record)
