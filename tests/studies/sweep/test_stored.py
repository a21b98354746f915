"""A sweep whose records are stored is not measured again if they are whole, and is if they are not."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from small_sweep import NULL, QUICK, SMALL

from lightbench.errors import UsageError
from lightbench.runner import run
from lightbench.runner.control import Control
from lightbench.studies.guidelines.plan import plan
from lightbench.studies.sweep.run import _as_good, measure
from lightbench.timing.stopping import Rule

# What is stored is not measured again, if it is whole.


@pytest.fixture
def stored():
    return measure(SMALL, NULL, **QUICK)


def again(stored, sweep=SMALL, setup=NULL):
    """The records of the same sweep with a store, and whether they were measured."""
    kept, said = [], []
    records = measure(
        sweep, setup, control=Control(stored=stored, keep=kept.append, say=said.append), **QUICK
    )
    assert bool(kept) is ("stored already" not in said[0])
    return records, bool(kept)


def test_a_whole_sweep_is_not_measured_again(stored, make_record):
    records, measured = again([make_record("other"), *stored])
    assert not measured
    assert records == stored


def test_a_sweep_is_whole_in_whatever_order_its_records_were_stored(stored):
    records, measured = again(list(reversed(stored)))
    assert not measured
    assert sorted(r.id for r in records) == sorted(r.id for r in stored)


def without_probes(stored):
    return [r for r in stored if not r.sweep.launch]


def elsewhere(stored):
    first = stored[0]
    env = msgspec.structs.replace(
        first.environment, comparable={**first.environment.comparable, "cpu": "another"}
    )
    return [msgspec.structs.replace(first, environment=env), *stored[1:]]


def interrupted(stored):
    samples = msgspec.structs.replace(stored[1].samples, stop="interrupted")
    return [stored[0], msgspec.structs.replace(stored[1], samples=samples), *stored[2:]]


def failed(stored):
    (fail,) = run.run(
        [stored[1].case], rule=Rule(max_s=0.01), errors={0: UsageError("no.", "Try.")}
    )
    return [stored[0], msgspec.structs.replace(fail, found=stored[1].sweep), *stored[2:]]


def two_halves(stored):
    """Of two runs, which never met in a round."""
    moved = [
        msgspec.structs.replace(r, found=msgspec.structs.replace(r.sweep, run="another"))
        for r in stored[:1]
    ]
    return [*moved, *stored[1:]]


def of_no_sweep(stored):
    return [msgspec.structs.replace(r, found=None) for r in stored]


@pytest.mark.parametrize("said", [(), ("contended: others.",), ("suspect: it remembers.",)])
def test_a_sweep_known_early_will_do_for_more_time_if_its_times_are_believed(make_record, said):
    known = [make_record("a", stop="converged"), make_record("b", stop="converged", warnings=said)]
    assert _as_good(known, Rule(rel=0.01, max_s=99.0)) is (not said)


def renamed(stored):
    return [
        msgspec.structs.replace(r, found=msgspec.structs.replace(r.sweep, experiment="other"))
        for r in stored
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil",
    [
        lambda stored: [], lambda stored: stored[1:], lambda stored: stored[:-1], without_probes,
        elsewhere, interrupted, failed, two_halves, of_no_sweep, renamed,
    ],
    ids=["none", "no reference", "one probe less", "no probes", "another machine", "interrupted",
         "failed", "two runs", "of no sweep", "another experiment"],
)  # fmt: skip
def test_a_sweep_that_is_not_whole_is_measured_again(spoil, stored):
    records, measured = again(spoil(stored))
    assert measured
    assert len({r.sweep.run for r in records}) == 1
    assert [r.status for r in records] == ["ok"] * 4


@pytest.mark.parametrize(
    "change", [{"batch": 2}, {"dtype": "bfloat16"}, {"layout": "channels_last"}, {"threads": 7}],
    ids=str,
)  # fmt: skip
def test_another_setup_is_another_measurement(change, stored):
    records, measured = again(stored, setup=replace(NULL, **change))
    assert measured
    assert not again([*stored, *records], setup=replace(NULL, **change))[1]


def test_other_points_are_another_sweep(stored):
    point = replace(SMALL.points[1], settings={"c": 8, "layers": 3})
    assert again(stored, replace(SMALL, points=(SMALL.points[0], point)))[1]
    assert again(stored, replace(SMALL, points=SMALL.points[:1]))[1]


def test_of_several_stored_runs_the_latest_counts(stored):
    later = measure(SMALL, NULL, **QUICK)
    records, measured = again([*stored, *later])
    assert not measured
    assert {r.sweep.run for r in records} == {later[0].sweep.run}
    spoiled = [*stored, *interrupted(later)]
    assert {r.sweep.run for r in again(spoiled)[0]} == {stored[0].sweep.run}


def test_a_stored_sweep_of_the_same_networks_is_shown_under_the_name_that_is_asked_for():
    """G4's aligned channels are the paper's at twice the width: 64."""
    (aligned,) = plan(["g4"], channels=["aligned"], widths=[1])
    (papers,) = plan(["g4"], channels=["paper-gpu"], widths=[2])
    known = measure(aligned, NULL, **QUICK)
    records = measure(papers, NULL, control=Control(stored=known), **QUICK)
    assert {(r.sweep.channels, r.sweep.width) for r in records} == {("paper-gpu", 2)}
