"""Stored records become one series for each case on each machine, and say where it changed."""

from __future__ import annotations

import pytest
from histories import MACHINE, commit_of, series

from lightbench.records import SweepPoint

# What is one series.


@pytest.mark.parametrize(
    "fact", ["cpu", "logical_cores", "threads", "device", "accelerator", "allocator", "settings", "new"]
)  # fmt: skip
def test_another_machine_is_another_series(fact, at):
    records = [at(1), at(2, machine={**MACHINE, fact: "other"})]
    assert [len(one.points) for one in series(records)] == [1, 1]


@pytest.mark.parametrize(
    "fact",
    ["python", "torch", "torch_build", "torch_npu", "cuda", "hip", "cudnn", "cann", "xpu", "driver", "macos"],
)  # fmt: skip
def test_other_software_is_the_same_series(fact, at):
    records = [at(1), at(2, machine={**MACHINE, fact: "other"})]
    assert [len(one.points) for one in series(records)] == [2]


def test_the_order_of_facts_in_a_line_makes_no_series(at):
    assert len(series([at(1), at(2, machine=dict(reversed(MACHINE.items())))])) == 1


def test_what_is_unknown_is_as_if_it_were_not_there(at):
    records = [at(1), at(2, machine={**MACHINE, "settings": None})]
    assert len(series(records)) == 1


@pytest.mark.parametrize("other", [{"batch": 8}, {"dtype": "bfloat16"}, {"shape": (3, 8, 8)}])
def test_another_case_is_another_series(other, at):
    assert len(series([at(1), at(2, **other)])) == 2


def test_records_of_a_sweep_and_failed_ones_are_left_out(at):
    point = SweepPoint(run="a", experiment="groups", point="1")
    records = [at(1), at(2, sweep=point), at(3, failure="out of memory.")]
    (one,) = series(records)
    assert [point.commit for point in one.points] == [commit_of(1)]


def test_commits_stand_in_the_order_of_time_whatever_the_file_says(at):
    """A commit that is measured again stays where it was."""
    records = [at(3), at(1), at(5, commit=commit_of(1)), at(2)]
    (one,) = series(records)
    assert [point.commit for point in one.points] == [commit_of(day) for day in (1, 2, 3)]
    assert [point.n for point in one.points] == [2, 1, 1]


def test_without_a_commit_the_day_stands_for_it(at):
    records = [at(1, commit=None), at(1, commit=None, second=9), at(2, commit=None)]
    (one,) = series(records)
    assert [point.name for point in one.points] == ["2026-01-02", "2026-01-03"]
    assert [point.n for point in one.points] == [2, 1]


@pytest.mark.parametrize(
    ("commit", "name"),
    [
        ("3f2a91bc" * 5, "3f2a91bc"),
        ("3f2a91bc" * 5 + "-dirty", "3f2a91bc-dirty"),
        ("v1.2-beta", "v1.2-beta"),
        ("deadbeef", "deadbeef"),
    ],
)
def test_a_hash_is_written_with_8_digits(commit, name, at):
    (one,) = series([at(1, commit=commit)])
    assert one.points[0].name == name


def test_of_several_records_of_a_commit_the_median_counts_with_an_interval_from_six_on(at):
    """The range of 6 values encloses the median with 1 - 2 / 2^6 = 97 %, that of 5 with 94 %."""
    times = [0.010, 0.014, 0.011, 0.013, 0.012]
    (five,) = series([at(1, second=i, latency_s=t) for i, t in enumerate(times)])
    assert (five.points[0].value, five.points[0].low) == (0.012, None)
    (six,) = series([at(1, second=i, latency_s=t) for i, t in enumerate([*times, 0.015])])
    (point,) = six.points
    assert point.value == pytest.approx(0.0125)
    assert (point.low, point.high, point.n) == (0.010, 0.015, 6)


# What changed.


def test_a_slowdown_is_found_at_its_commit(stepped):
    (one,) = series(stepped())
    (change,) = one.changes
    assert abs(change.at - 20) <= 2
    assert change.ratio == pytest.approx(1.1, abs=0.01)
    assert change.p < 0.01
    assert change.software == ()


def test_every_change_of_a_count_is_listed_also_between_neighbours(at):
    params = [100, 100, 101, 100, 100, 0, 7]
    (one,) = series([at(day, params=p) for day, p in enumerate(params)], "params")
    assert [(c.at, c.difference, c.ratio) for c in one.changes] == [
        (2, 1, 1.01), (3, -1, 100 / 101), (5, -100, 0), (6, 7, None)
    ]  # fmt: skip


def test_a_count_is_that_of_the_newest_record_of_its_commit_never_between_two(at):
    (one,) = series([at(1, params=100), at(1, params=103, second=1)], "params")
    assert (one.points[0].value, one.points[0].low) == (103, None)


@pytest.mark.parametrize(
    ("day", "said"), [(18, True), (20, True), (22, True), (10, False), (30, False)]
)
def test_software_that_changed_within_two_commits_of_a_step_is_said(day, said, stepped):
    records = stepped(
        machine=lambda now: {**MACHINE, "torch": "2.13.0" if now >= day else "2.12.0"}
    )
    (one,) = series(records)
    (change,) = one.changes
    assert change.at == 20
    assert change.software == ((("torch", "2.12.0", "2.13.0"),) if said else ())


def test_noted_software_is_said_too_and_what_was_unknown_is_called_so(stepped):
    records = stepped(
        noted=lambda day: {"kernel": "6.9"} if day >= 20 else {}, machine=lambda _: MACHINE
    )
    (one,) = series(records)
    assert one.changes[0].software == (("kernel", "unknown", "6.9"),)


def test_the_change_since_the_first_commit_is_a_fraction_and_unknown_from_zero(at):
    (grown,) = series([at(1, params=100), at(2, params=150)], "params")
    assert grown.change == 0.5
    (from_zero,) = series([at(1, params=0), at(2, params=150)], "params")
    assert from_zero.change is None
