"""Sweeps on the null device: what is measured of each, how several go on, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_sweep import NULL, QUICK, SMALL

from lightbench import devices, registry
from lightbench.errors import DeviceUnavailable, LightbenchError, UsageError
from lightbench.records import InputSpec, store
from lightbench.runner import run
from lightbench.runner.control import Control
from lightbench.runner.setup import Setup
from lightbench.studies.guidelines.plan import plan
from lightbench.studies.sweep import run as sweep_run
from lightbench.studies.sweep.plan import Point, Sweep
from lightbench.studies.sweep.relative import sweeps
from lightbench.studies.sweep.run import measure, measure_all

QUICK_EACH = {"seconds": lambda _sweep: 0.05}


def named(experiment):
    return replace(SMALL, experiment=experiment)


def where(records):
    return [(r.sweep.point, r.sweep.launch, r.case.inputs[0].shape) for r in records]


# What is measured.


def test_every_point_is_timed_and_again_on_a_map_of_one_pixel():
    records = measure(SMALL, NULL, **QUICK)
    assert where(records) == [
        ("one", False, (8, 56, 56)),
        ("two", False, (8, 56, 56)),
        ("one", True, (8, 1, 1)),
        ("two", True, (8, 1, 1)),
    ]
    assert records[0].case.model == records[2].case.model == "stack:grouped(c=8, layers=1)"
    assert [len(r.costs.ops) for r in records] == [1, 2, 1, 2]  # the same operators
    assert all(r.status == "ok" for r in records)


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.names("guideline"))
def test_launch_probes_of_every_guideline_are_the_same_operators_on_one_pixel(name):
    (sweep,) = plan([name], widths=[1])
    assert sweep.launch
    records = measure(sweep, NULL, **QUICK)
    maps = [r for r in records if not r.sweep.launch]
    probes = [r for r in records if r.sweep.launch]
    assert [p.case.inputs[0].shape[1:] for p in probes] == [(1, 1)] * len(maps)
    for point, probe in zip(maps, probes, strict=True):
        assert point.sweep.point == probe.sweep.point
        assert point.case.model == probe.case.model
        assert [op.op for op in point.costs.ops] == [op.op for op in probe.costs.ops]
        assert probe.costs.madds * 100 < point.costs.madds


def test_the_place_of_a_record_says_what_it_was_compared_with_and_what_it_consists_of():
    one, two, *probes = (r.sweep for r in measure(SMALL, NULL, **QUICK))
    assert {p.run for p in (one, two, *probes)} == {one.run}
    assert [p.reference for p in (one, two, *probes)] == [True, False, True, False]
    assert (one.experiment, one.channels, one.width) == ("small", "few", 3)
    assert two.settings == {"c": 8, "layers": 2}
    assert (one.note, two.note) == ("", "twice the work")
    assert not one.per_madd
    (other, *_) = measure(replace(SMALL, per_madd=True), NULL, **QUICK)
    assert other.sweep.per_madd
    assert other.sweep.run != one.run


def test_without_launch_there_are_no_probes():
    assert len(measure(replace(SMALL, launch=False), NULL, **QUICK)) == 2


def test_size_replaces_the_stacks_own_and_a_points_own_goes_before_it():
    own = replace(SMALL.points[1], size=(7, 9))
    sweep = replace(SMALL, points=(SMALL.points[0], own))
    records = measure(sweep, NULL, size=(14, 28), **QUICK)
    assert [shape for _, _, shape in where(records)] == [
        (8, 14, 28), (8, 7, 9), (8, 1, 1), (8, 1, 1)
    ]  # fmt: skip


def test_a_batch_is_the_runs_unless_it_is_what_differs():
    sweep = replace(SMALL, points=(SMALL.points[0], replace(SMALL.points[1], batch=4)))
    records = measure(sweep, replace(NULL, batch=2), **QUICK)
    assert [r.case.batch for r in records] == [2, 4, 2, 4]


def test_the_setup_is_that_of_every_case():
    setup = Setup("null", "eager", 3, "bfloat16", "channels_last", 2)
    for record in measure(SMALL, setup, **QUICK):
        case = record.case
        assert (case.device, case.engine, case.batch, case.dtype, case.layout, case.threads) == (
            "null", "eager", 3, "bfloat16", "channels_last", 2,
        )  # fmt: skip
        assert case.mode == "infer"


def test_the_seconds_of_a_sweep_are_shared_by_its_networks_and_a_fifth_is_warm_up(monkeypatch):
    rules = []
    monkeypatch.setattr(run, "run", lambda _cases, *, rule, **_: rules.append(rule) or [])
    measure(SMALL, NULL, seconds=10.0)
    (rule,) = rules
    assert rule.max_s == pytest.approx(0.8 * 10 / 4)
    assert rule.warmup_s == pytest.approx(0.2 * 10 / 4)
    assert (rule.rel, rule.min_samples) == (0.02, 12)


def test_ratios_that_are_known_end_the_rounds_after_twelve():
    records = measure(SMALL, NULL, **QUICK)
    assert {len(r.samples.wall_s) for r in records} == {12}
    assert {r.samples.stop for r in records} == {"converged"}


def test_each_record_is_kept_as_it_is_returned_and_can_be_stored(tmp_path):
    kept = []
    records = measure(SMALL, NULL, control=Control(keep=kept.append), **QUICK)
    assert sorted(r.id for r in kept) == sorted(r.id for r in records)
    store.append(tmp_path / "s.jsonl", kept)
    assert sorted(r.id for r in store.read(tmp_path / "s.jsonl")) == sorted(r.id for r in records)


# Several sweeps.


def test_every_sweep_has_the_seconds_that_are_its_own(monkeypatch):
    rules = []
    monkeypatch.setattr(run, "run", lambda _cases, *, rule, **_: rules.append(rule) or [])
    seconds = {"x": 5.0, "y": 50.0}
    measure_all([named("x"), named("y")], NULL, seconds=lambda sweep: seconds[sweep.experiment])
    assert [rule.max_s for rule in rules] == pytest.approx([1.0, 10.0])


def test_each_sweep_is_a_run_of_its_own_and_says_where_it_stands():
    said = []
    records = measure_all(
        [named("x"), named("y")], NULL, control=Control(say=said.append), **QUICK_EACH
    )
    assert [[r.sweep.experiment for r in group] for group in sweeps(records)] == [
        ["x"] * 4, ["y"] * 4
    ]  # fmt: skip
    assert said == ["sweep 1 of 2: x few x3: 2 networks", "sweep 2 of 2: y few x3: 2 networks"]


def test_ctrl_c_keeps_the_sweeps_that_are_finished_and_what_the_last_one_has():
    kept = []

    def stop(_now):
        if len(kept) >= 4:  # in the second sweep's rounds
            raise KeyboardInterrupt

    with pytest.raises(run.Interrupted) as raised:
        measure_all(
            [named("x"), named("y"), named("z")],
            NULL,
            control=Control(progress=stop, keep=kept.append),
            **QUICK_EACH,
        )
    records = raised.value.records
    assert sorted(r.id for r in records) == sorted(r.id for r in kept)
    first, second = sweeps(records)
    assert {r.sweep.experiment for r in first} == {"x"}
    assert {r.samples.stop for r in first} == {"converged"}
    assert {(r.sweep.experiment, r.samples.stop) for r in second} == {("y", "interrupted")}


def test_ctrl_c_between_the_rounds_keeps_what_is_finished_too(monkeypatch):
    checks = iter([None, KeyboardInterrupt()])

    def check(_sweep):
        if (stop := next(checks)) is not None:
            raise stop

    monkeypatch.setattr(sweep_run, "check_equal_madds", check)
    with pytest.raises(KeyboardInterrupt) as raised:
        measure_all([named("x"), named("y")], NULL, **QUICK_EACH)
    assert isinstance(raised.value, run.Interrupted)
    assert {r.sweep.experiment for r in raised.value.records} == {"x"}


# What cannot be run is refused before anything is measured.


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ({"device": "nul"}, "no device is called 'nul'. Did you mean null"),
        ({"engine": "eagre"}, "Did you mean eager"),
        ({"dtype": "flaot32"}, "Did you mean float32"),
        ({"dtype": "int4"}, "Known: float32, float64, float16, bfloat16, int8"),
        ({"dtype": "int8"}, "which quantize a network"),
        ({"layout": "nhwc"}, "Known: contiguous, channels_last"),
        ({"batch": 0}, "got 0. Try --batch 1"),
        ({"batch": True}, "got True"),
        ({"batch": 10**10}, "whole number from 1 to"),
        ({"threads": 0}, "threads are 1 or more, got 0"),
        ({"threads": -1}, "got -1"),
    ],
)
def test_a_setup_that_cannot_be_teaches_what_can(setup, words, monkeypatch):
    monkeypatch.setattr(run, "run", lambda *_, **__: pytest.fail("it was measured"))
    with pytest.raises(UsageError) as refused:
        measure_all([SMALL], replace(NULL, **setup), **QUICK_EACH)
    assert words in f"{refused.value.message} {refused.value.hint}"
    assert refused.value.hint


def test_a_device_that_is_not_there_is_said_before_anything_is_counted(monkeypatch):
    monkeypatch.setattr(
        devices.find("null"), "unavailable", lambda: DeviceUnavailable("it is off.")
    )
    monkeypatch.setattr(sweep_run, "check_equal_madds", lambda _: pytest.fail("it was counted"))
    with pytest.raises(DeviceUnavailable, match=r"it is off\.") as raised:
        measure_all([SMALL], NULL, **QUICK_EACH)
    assert raised.value.exit_code == 4


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_seconds_that_are_no_time_are_refused(seconds):
    with pytest.raises(LightbenchError) as refused:
        measure_all([SMALL], NULL, seconds=lambda _sweep: seconds)
    assert refused.value.hint


def test_a_linear_layer_has_no_map_and_keeps_its_input():
    point = Point("linear", "linear", {"c": 8, "layers": 1})
    sweep = Sweep("l", (point, replace(point, label="other", settings={"c": 4})), "linear")
    records = measure(sweep, NULL, size=(7, 7), **QUICK)
    assert [r.case.inputs for r in records] == [(InputSpec(shape=(8,)),), (InputSpec(shape=(4,)),)]
