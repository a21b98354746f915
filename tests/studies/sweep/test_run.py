"""Sweeps on the null device: which there are, what each consists of, what is stored, how one ends."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from lightbench import devices, registry
from lightbench.errors import DeviceUnavailable, LightbenchError, UnknownName, UsageError
from lightbench.records import InputSpec, store
from lightbench.runner import run
from lightbench.runner.setup import Setup
from lightbench.studies.guidelines.plan import plan, seconds_of
from lightbench.studies.sweep import run as sweep_run
from lightbench.studies.sweep.equal import check_equal_madds, input_of
from lightbench.studies.sweep.plan import Point, Sweep
from lightbench.studies.sweep.relative import sweeps
from lightbench.studies.sweep.run import measure, measure_all
from lightbench.timing.stopping import Rule

NULL = Setup(device="null")
QUICK = {"seconds": 0.05}
QUICK_EACH = {"seconds": lambda _sweep: 0.05}

SMALL = Sweep(
    "small",
    (
        Point("one", "grouped", {"c": 8, "layers": 1}),
        Point("two", "grouped", {"c": 8, "layers": 2}, note="twice the work"),
    ),
    reference="one",
    channels="few",
    width=3,
    launch=True,
)


def named(experiment):
    return replace(SMALL, experiment=experiment)


def where(records):
    return [(r.sweep.point, r.sweep.launch, r.case.inputs[0].shape) for r in records]


# What is planned.


def test_a_run_is_four_guidelines_at_three_widths_unless_told_otherwise():
    assert [(s.experiment, s.channels, s.width) for s in plan()] == [
        (name, "aligned", width)
        for name in ("g1_channel_ratio", "g2_group_count", "g3_fragmentation", "g4_elementwise")
        for width in (1, 2, 4)
    ]


@pytest.mark.parametrize("name", ["g2", "g2_group_count"])
def test_a_guideline_has_a_short_and_a_long_name(name):
    assert [s.experiment for s in plan([name], widths=[1])] == ["g2_group_count"]


def test_a_guideline_named_twice_is_measured_once():
    assert len(plan(["g1", "g1_channel_ratio"], widths=[2, 2])) == 1


def test_a_guideline_comes_in_its_own_channels_where_it_has_none_of_those_asked_for():
    channels = {(s.experiment, s.channels) for s in plan(["units", "operators"], widths=[1])}
    assert channels == {("units", "paper"), ("operators", "aligned")}
    three = plan(["units"], channels=["aligned", "paper-gpu", "paper-arm"], widths=[1])
    assert len(three) == 1


def test_wider_networks_get_more_seconds_and_those_at_width_1_what_is_asked_for():
    seconds = [seconds_of(replace(SMALL, width=width), 10.0) for width in (1, 2, 4)]
    assert seconds[0] == 10.0
    assert seconds[0] < seconds[1] < seconds[2] < 160.0  # less than the work grows


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["g5"], {}, "no guideline is called 'g5'"),
        (["unit"], {}, "Did you mean units"),
        (["g2_group_cuont"], {}, "Did you mean g2_group_count"),
        ([], {"channels": ["alligned"]}, "Did you mean aligned"),
        ([], {"channels": [""]}, "Known: aligned, paper-gpu, paper-arm"),
        ([], {"widths": [0]}, "1 to 16, got 0"),
        ([], {"widths": [1, -1]}, "got -1"),
        ([], {"widths": [65]}, "got 65"),
        (["g4"], {"geometry": "quater"}, "Did you mean quarter"),
        (["g4"], {"geometry": ""}, "Known: quarter, uniform, wide"),
    ],
)
def test_a_plan_that_cannot_be_says_what_can(names, options, words):
    with pytest.raises(UsageError) as refused:
        plan(names, **options)
    assert words in f"{refused.value.message} {refused.value.hint}"
    assert refused.value.hint


def test_a_geometry_that_is_unknown_is_refused_whatever_is_measured():
    with pytest.raises(UnknownName):
        plan(["g1"], geometry="nonsense")


@pytest.mark.parametrize(
    "name",
    [
        "g1",
        "g2",
        "g3",
        "g4",
        "units",
        "operators",
    ],
)
def test_a_width_that_is_allowed_can_be_measured(name):
    """The widest, 16: each network is planned, has an input, and the MAdds of the others."""
    (sweep,) = plan([name], widths=[16])
    check_equal_madds(sweep)
    assert all(min(input_of(p, p.size).shape) >= 1 for p in sweep.points)


def test_fewer_multiply_adds_are_not_called_more():
    fewer = replace(SMALL.points[1], settings={"c": 6, "layers": 1})
    sweep = replace(SMALL, points=(SMALL.points[0], fewer), equal_madds=0.1)
    with pytest.raises(UsageError) as refused:
        measure(sweep, NULL, **QUICK)
    assert " has 43.8 % fewer multiply-adds" in refused.value.message  # 6 * 6 of 8 * 8


@pytest.mark.parametrize(
    ("name", "set_"),
    [
        ("g1", "paper-gpu"),
        ("g1", "paper-arm"),
        ("g2", "paper-gpu"),
        ("g2", "paper-arm"),  # x2 is paper-gpu x1
        ("g3", "paper-gpu"),
        ("g3", "paper-arm"),  # x2 is paper-gpu x1
        ("g4", "paper-gpu"),  # x2 is aligned x1
    ],
)
def test_the_papers_own_channels_come_at_every_width(name, set_):
    """Its table cannot be laid out without them."""
    sets = ["aligned", "paper-gpu", "paper-arm"]
    found = [s.width for s in plan([name], channels=sets) if s.channels == set_]
    assert found == [1, 2, 4]


def test_the_same_networks_are_planned_once_whatever_they_are_called():
    """G4's two sets of the paper are one."""
    assert len(plan(["g4"], channels=["paper-gpu", "paper-arm"])) == 3


@pytest.mark.parametrize(
    ("points", "reference"),
    [((), "a"), (("a", "a"), "a"), (("a", "b"), "c"), (("a", "a", "b"), "b")],
)
def test_a_sweep_has_distinct_points_of_which_one_is_the_reference(points, reference):
    with pytest.raises(ValueError, match="distinct points"):
        Sweep("e", tuple(Point(p, "grouped", {"c": 8}) for p in points), reference)


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
    records = measure(SMALL, NULL, keep=kept.append, **QUICK)
    assert sorted(r.id for r in kept) == sorted(r.id for r in records)
    store.append(tmp_path / "s.jsonl", kept)
    assert sorted(r.id for r in store.read(tmp_path / "s.jsonl")) == sorted(r.id for r in records)


# What is stored is not measured again, if it is whole.


@pytest.fixture
def stored():
    return measure(SMALL, NULL, **QUICK)


def again(stored, sweep=SMALL, setup=NULL):
    """The records of the same sweep with a store, and whether they were measured."""
    kept, said = [], []
    records = measure(sweep, setup, stored=stored, keep=kept.append, say=said.append, **QUICK)
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
    return [stored[0], msgspec.structs.replace(fail, sweep=stored[1].sweep), *stored[2:]]


def two_halves(stored):
    """Of two runs, which never met in a round."""
    moved = [
        msgspec.structs.replace(r, sweep=msgspec.structs.replace(r.sweep, run="another"))
        for r in stored[:1]
    ]
    return [*moved, *stored[1:]]


def of_no_sweep(stored):
    return [msgspec.structs.replace(r, sweep=None) for r in stored]


def renamed(stored):
    return [
        msgspec.structs.replace(r, sweep=msgspec.structs.replace(r.sweep, experiment="other"))
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
    records = measure(papers, NULL, stored=known, **QUICK)
    assert {(r.sweep.channels, r.sweep.width) for r in records} == {("paper-gpu", 2)}


# Several sweeps.


def test_every_sweep_has_the_seconds_that_are_its_own(monkeypatch):
    rules = []
    monkeypatch.setattr(run, "run", lambda _cases, *, rule, **_: rules.append(rule) or [])
    seconds = {"x": 5.0, "y": 50.0}
    measure_all([named("x"), named("y")], NULL, seconds=lambda sweep: seconds[sweep.experiment])
    assert [rule.max_s for rule in rules] == pytest.approx([1.0, 10.0])


def test_each_sweep_is_a_run_of_its_own_and_says_where_it_stands():
    said = []
    records = measure_all([named("x"), named("y")], NULL, say=said.append, **QUICK_EACH)
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
            progress=stop,
            keep=kept.append,
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
        ({"dtype": "int8"}, "Known: float32, float64, float16, bfloat16"),
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
