"""Accuracy beside time: which networks stand on the front, with what intervals."""

from __future__ import annotations

import inspect

import msgspec
import pytest
from small_classifier import Small

import lightbench as lb
from lightbench.errors import UsageError
from lightbench.records.findings import Bin, Evaluation
from lightbench.studies.tradeoff.drawing import draw_tradeoff
from lightbench.studies.tradeoff.points import best, points_of
from lightbench.studies.tradeoff.table import tradeoff_view

near = pytest.approx


def evaluation(right, *, seed=0, images=100):
    """Of two classes: ``right`` of the first class's images are."""
    return Evaluation(
        run="one", data="digits", weights="best.pt", digest=f"{seed:08x}", seed=seed, images=images, right=right,
        right5=None, loss=0.5, classes=("a", "b"), confusion=((right, images - right), (0, 0)),
        bins=(Bin(images=images, right=right, confidence=0.5),),
    )  # fmt: skip


@pytest.fixture
def records(make_record):
    """``records(net=(0.010, [90, 92]))``: the time of each network, and how many of 100 are right after each training."""

    def made(**networks):
        found = []
        for name, (time_s, rights) in networks.items():
            timed = make_record(name, latency_s=time_s, run="one")
            found.append(timed)
            for seed, right in enumerate(rights):
                found.append(msgspec.structs.replace(timed, samples=None, latency=None, found=evaluation(right, seed=seed)))  # fmt: skip
        return found

    return made


def test_on_the_front_is_what_none_other_beats_in_both(records):
    points = points_of(records(fast=(0.001, [80]), slow=(0.010, [95]), bad=(0.011, [85])))
    assert [p.timed.case.model for p in points] == ["fast", "slow", "bad"]
    assert best(points) == {0, 1}


def test_of_one_training_the_interval_is_wilsons():
    """For 90 of 100 it is 82.6 % to 94.5 % (Wilson 1927; Newcombe 1998, method 3)."""
    found = evaluation(90).interval
    assert (found.low, found.high) == (near(0.8256, abs=5e-5), near(0.9448, abs=5e-5))


def test_of_several_it_is_students_of_their_mean(records):
    """Mean 0.91, deviation 0.01 x sqrt(2); t of one degree of freedom is 12.706: 0.91 +- 0.127."""
    (point,) = points_of(records(net=(0.001, [90, 92])))
    assert point.accuracy.median == near(0.91)
    assert point.accuracy.high - point.accuracy.median == near(0.12706, rel=1e-4)
    assert point.seeds == (0, 1)


def test_the_table_begins_with_the_fastest_and_marks_the_front(records):
    table = tradeoff_view(records(slow=(0.010, [95]), fast=(0.001, [80]), bad=(0.011, [85]))).table
    rows = [table.named(row) for row in table.rows]
    assert [row["model"] for row in rows] == ["fast", "slow", "bad"]
    assert [row["front"] for row in rows] == ["front", "front", ""]
    assert "Wilson" in " ".join(table.more)
    assert "Student's over 2 trainings" in " ".join(tradeoff_view(records(net=(0.001, [90, 92]))).table.more)  # fmt: skip


def test_what_was_only_timed_has_no_accuracy_and_is_on_no_front(records):
    points = points_of(records(net=(0.001, [])))
    assert points[0].accuracy is None
    assert best(points) == set()
    with pytest.raises(UsageError, match="nothing to draw"):
        draw_tradeoff(records(net=(0.001, [])))


def test_the_figure_has_a_point_with_both_intervals_for_each_network(records):
    (axes,) = draw_tradeoff(records(fast=(0.001, [80]), slow=(0.010, [95]))).axes
    assert len(axes.containers) == 2
    assert [text.get_text() for text in axes.texts] == ["fast", "slow"]


@pytest.mark.slow
def test_networks_are_trained_evaluated_and_timed_and_not_trained_twice(tmp_path):
    name, how = (
        f"{inspect.getfile(Small)}:Small",
        {"epochs": 2, "batch": 96, "lr": 0.05, "input": "1x8x8", "threads": 1, "rel": 1.0, "seconds": 0.1},
    )  # fmt: skip
    kept = []
    found = lb.tradeoff(name, data="digits", folder=tmp_path, seeds=(0, 1), keep=kept.append, **how)
    (point,) = found.points
    assert point.accuracy.median > 0.3
    assert point.time.median > 0
    assert len(point.evaluations) == 2
    assert {r.id for r in kept} >= {r.id for r in found.records}
    before = {p: p.stat().st_mtime for p in tmp_path.rglob("best.pt")}
    lb.tradeoff(name, data="digits", folder=tmp_path, seeds=(0, 1), **how)
    assert {p: p.stat().st_mtime for p in tmp_path.rglob("best.pt")} == before


def test_without_networks_there_is_nothing_to_do(tmp_path):
    with pytest.raises(UsageError, match="no model"):
        lb.tradeoff(data="digits", folder=tmp_path)
