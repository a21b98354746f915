"""Many cases: what is planned, what is skipped, what survives a failure or Ctrl-C."""

from __future__ import annotations

import time

import msgspec
import pytest
import torch
from torch import nn

from lightbench import devices, registry, suite
from lightbench.errors import (
    DeviceUnavailable,
    LightbenchError,
    ModelError,
    UnknownName,
    UsageError,
)
from lightbench.records import Case, InputSpec, Samples, SweepPoint
from lightbench.records.findings import Crosscheck
from lightbench.runner import interleave
from lightbench.runner.control import Control
from lightbench.runner.given import Given
from lightbench.runner.plan import plan
from lightbench.runner.reuse import Reuse
from lightbench.runner.run import Interrupted, run
from lightbench.suite import Suite, read_suite
from lightbench.timing.stopping import Rule

NET = "example_conv_g4"
QUICK = Rule(max_s=0.02, rel=1.0)


def null(model=NET, **settings):
    inputs = (InputSpec(shape=(16, 8, 8)),)
    return Case(model=model, inputs=inputs, **{"device": "null", **settings})


# Suites in files.


def test_a_suite_is_models_and_for_each_axis_one_value_or_a_list(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text(
        'models = ["a", "b"]\ninput = ["3x8x8", "5:int64"]\nbatch = [1, 8]\nmode = ["infer", "train"]\n'
    )
    assert read_suite(file) == Suite(
        models=["a", "b"],
        axes={"input": ["3x8x8", "5:int64"], "batch": [1, 8], "mode": ["infer", "train"]},
    )


def test_every_suite_of_the_repository_can_be_read_and_planned():
    files = sorted((registry.PACKAGE.parent / "bench" / "suites").glob("*.toml"))
    assert files
    for file in files:
        cases, errors = plan(read_suite(file).models)
        assert cases
        assert not errors


# Plans.


def test_every_model_meets_every_combination_in_the_order_of_the_axes():
    cases, errors = plan([NET, "mobilenet_v2"], dtype=["float32", "bfloat16"], batch=[1, 8])
    assert [(c.model, c.dtype, c.batch) for c in cases] == [
        (model, dtype, batch)
        for model in (NET, "mobilenet_v2")
        for dtype in ("float32", "bfloat16")
        for batch in (1, 8)
    ]
    assert errors == {}


def test_a_model_brings_the_input_it_is_made_for_unless_one_is_asked_for():
    assert plan([NET])[0][0].inputs == (InputSpec(shape=(16, 224, 224)),)
    asked = (InputSpec(shape=(16, 9, 9)),)
    assert plan([NET], inputs=asked)[0][0].inputs == asked


def test_none_on_an_axis_is_the_default_of_a_case():
    (case,), _ = plan([NET], batch=[None], dtype=[None], threads=[None], mode=[None])
    assert case == Case(model=NET, inputs=(InputSpec(shape=(16, 224, 224)),))


def test_a_network_at_hand_has_its_own_defaults_and_is_not_looked_up():
    (case,), errors = plan(
        ["Net"], at_hand={"Net": {"dtype": "bfloat16", "batch": 3}}, dtype=[None], batch=[5]
    )
    assert (case.dtype, case.batch, errors) == ("bfloat16", 5, {})


def test_a_model_named_twice_is_measured_once():
    assert len(plan([NET, NET])[0]) == 1


def test_a_model_that_cannot_be_found_keeps_its_places():
    cases, errors = plan(["nope", NET], batch=[1, 2])
    assert [case.model for case in cases] == ["nope", "nope", NET, NET]
    assert sorted(errors) == [0, 1]
    assert all(isinstance(error, UnknownName) for error in errors.values())


@pytest.mark.parametrize(
    "axes", [{"device": ["gpu9"]}, {"engine": ["warp"]}, {"dtype": ["int1"]}, {"batch": [0]}]
)
def test_a_value_that_fits_no_case_ends_the_plan(axes):
    with pytest.raises(UsageError):
        plan([NET], **axes)


# Runs.


def test_records_come_in_the_order_of_the_cases_and_are_kept_as_they_are_known():
    cases = [null(batch=2, threads=2), null("nope"), null(threads=1), null(batch=3, threads=2)]
    kept = []
    records = run(
        cases, rule=QUICK, errors={1: UsageError("no.")}, control=Control(keep=kept.append)
    )
    assert [record.case for record in records] == cases
    assert [record.status for record in records] == ["ok", "failed", "ok", "ok"]
    assert kept[0].case == cases[1]
    assert sorted(r.id for r in kept) == sorted(r.id for r in records)


def test_the_null_device_takes_exactly_a_millisecond_and_knows_it_exactly():
    (record,) = run([null()], rule=Rule(max_s=0.05))
    latency = record.latency
    assert (latency.median_s, latency.low_s, latency.high_s) == (0.001, 0.001, 0.001)
    assert latency.rel == 0
    assert record.samples.stop == "converged"


def test_every_record_is_of_the_machine_at_its_own_thread_count():
    records = run([null(threads=1), null(threads=7)], rule=QUICK)
    assert [r.environment.comparable["threads"] for r in records] == [1, 7]
    assert {r.environment.comparable["device"] for r in records} == {"null"}


def test_what_is_stored_is_not_measured_again(monkeypatch):
    cases = [null(), null(batch=2)]
    stored = run(cases[:1], rule=QUICK)
    kept = []
    records = run(cases, rule=QUICK, control=Control(stored=stored, keep=kept.append))
    assert records[0] is stored[0]
    assert [record.case for record in kept] == cases[1:]


@pytest.mark.parametrize("spoil", ["machine", "interrupted", "failed"])
def test_a_stored_record_of_another_machine_or_without_a_full_result_is_measured_again(spoil):
    (stored,) = run([null()], rule=QUICK)
    if spoil == "machine":
        where = msgspec.structs.replace(
            stored.environment, comparable={**stored.environment.comparable, "cpu": "another"}
        )
        stored = msgspec.structs.replace(stored, environment=where)
    elif spoil == "interrupted":
        samples = msgspec.structs.replace(stored.samples, stop="interrupted")
        stored = msgspec.structs.replace(stored, samples=samples)
    else:
        (stored,) = run([null()], rule=QUICK, errors={0: ModelError("no.")})
    (record,) = run([null()], rule=QUICK, control=Control(stored=[stored]))
    assert record is not stored
    assert record.status == "ok"
    assert record.samples.stop == "converged"


def test_the_newest_of_several_stored_records_is_the_one():
    old, new = (run([null()], rule=QUICK)[0] for _ in range(2))
    new = msgspec.structs.replace(new, time="2026-01-02T03:04:05Z")
    assert run([null()], rule=QUICK, control=Control(stored=[old, new]))[0] is new


class Fails(nn.Conv2d):
    """Works ``good`` times on real tensors, then raises."""

    def __init__(self, good, error):
        super().__init__(16, 4, 1)
        self.good, self.error = good, error

    def forward(self, x):
        if not x.is_meta:
            self.good -= 1
            if self.good < 0:
                raise self.error
        return super().forward(x)


@pytest.mark.parametrize("good", [0, 1, 2, 30])
@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (AssertionError("odd"), "ModelError", 2),
        (MemoryError(), "OutOfMemory", 3),
        (RuntimeError("CUDA out of memory. Tried"), "OutOfMemory", 3),
    ],
)
def test_one_that_fails_whenever_is_a_record_and_the_others_go_on(good, error, kind, code):
    cases = [null("Fails", device="cpu", threads=1), null("Conv2d", device="cpu", threads=1)]
    given = {"Fails": Given(Fails(good, error)), "Conv2d": Given(nn.Conv2d(16, 4, 1))}
    failed, fine = run(cases, rule=QUICK, given=given)
    assert (failed.failure.error, failed.failure.exit_code) == (kind, code)
    assert "\n" not in failed.failure.message
    assert fine.status == "ok"


def test_a_fault_of_our_own_is_no_record(monkeypatch):
    monkeypatch.setattr("lightbench.runner.prepare.count_costs", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run([null()], rule=QUICK)


def test_a_device_that_is_not_there_says_so_before_anything_runs(monkeypatch):
    monkeypatch.setattr(
        devices.find("null"), "unavailable", lambda: DeviceUnavailable("it is off.")
    )
    with pytest.raises(LightbenchError, match=r"it is off\.") as raised:
        run([null()], rule=QUICK)
    assert raised.value.exit_code == 4


# Ctrl-C.


def test_ctrl_c_in_the_rounds_keeps_what_has_samples():
    kept = []
    cases = [null(), null(batch=2)]

    def stop(now):
        if now.rounds >= 1:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as raised:
        run(cases, rule=QUICK, control=Control(progress=stop, keep=kept.append))
    assert raised.value.records == kept
    assert [record.case for record in kept] == cases
    assert all(record.samples.stop == "interrupted" for record in kept)
    assert all(record.samples.wall_s == (0.001,) for record in kept)


def test_ctrl_c_while_loading_gives_what_was_finished_before(monkeypatch):
    cases = [null("first", threads=1), null("second", threads=2)]
    prepare = suite.registry.load("engine", "eager").prepare
    calls = []

    def interrupted(*arguments, **settings):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return prepare(*arguments, **settings)

    monkeypatch.setattr(registry.load("engine", "eager"), "prepare", interrupted)
    given = {name: Given(nn.Conv2d(16, 4, 1)) for name in ("first", "second")}
    threads = torch.get_num_threads()
    with pytest.raises(Interrupted) as raised:
        run(cases, rule=QUICK, given=given)
    assert [record.case.model for record in raised.value.records] == ["first"]
    assert torch.get_num_threads() == threads


class SlowStart(nn.Module):
    """Sleeps in its very first call, as one that is compiled does."""

    started = False

    def forward(self, x):
        if not x.is_meta and not self.started:
            self.started = True
            time.sleep(0.2)
        return x + 1


def test_the_very_first_call_is_kept_apart():
    name = "SlowStart"
    cases, errors = plan([name], at_hand={name: {}}, device=["cpu"])
    (record,) = run(cases, errors=errors, rule=QUICK, given={name: Given(SlowStart())})
    assert record.samples.first_call_s >= 0.2
    assert record.latency.median_s < 0.1


def test_cases_of_one_device_and_thread_count_are_timed_together(monkeypatch):
    together = []

    def collect(steps, *_, **__):
        together.append(len(steps))
        samples = Samples(wall_s=(0.001,), first_call_s=0.001, warmup_calls=1, stop="max_seconds")
        return dict.fromkeys(steps, samples)

    monkeypatch.setattr(interleave, "collect", collect)
    run([null(batch=b, threads=t) for b in (1, 2, 3) for t in (1, 2)], rule=QUICK)
    assert together == [3, 3]


# Sweeps.


def place(point, **settings):
    return SweepPoint(run="r", experiment="e", point=point, reference=point == "a", **settings)


def test_every_record_of_a_sweep_knows_its_place_whatever_became_of_it():
    """Given out of the order in which cases are run, and with one of each kind of failure."""
    cases = [null("nope"), null(batch=2), null("Fails"), null(batch=3)]
    points = [place(name) for name in "bacd"]
    given = {"Fails": Given(nn.Conv2d(9, 4, 1))}  # the input has 16 channels
    kept = []
    records = run(
        cases,
        rule=QUICK,
        errors={0: UsageError("no.")},
        given=given,
        sweep=points,
        control=Control(keep=kept.append),
    )
    assert [record.sweep for record in records] == points
    assert [record.status for record in records] == ["failed", "ok", "failed", "ok"]
    assert sorted(r.id for r in kept) == sorted(
        r.id for r in records
    )  # stored as they are returned


def test_what_ctrl_c_leaves_of_a_sweep_knows_its_place():
    points = [place("a"), place("b")]

    def stop(_now):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as raised:
        run([null(), null(batch=2)], rule=QUICK, control=Control(progress=stop), sweep=points)
    assert [record.sweep for record in raised.value.records] == points


def test_a_record_of_no_sweep_has_no_place():
    (record,) = run([null()], rule=QUICK)
    assert record.sweep is None


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ((), None),
        ([place("a"), place("b"), place("c")], {"1": "0", "2": "0"}),
        ([place("b"), place("a"), place("c")], {"0": "1", "2": "1"}),
        (
            [place("a"), place("b"), place("a", launch=True), place("b", launch=True)],
            {"1": "0"},
        ),
        ([place("a"), place("a", launch=True)], {}),
    ],
)
def test_points_are_compared_with_the_reference_and_launch_probes_with_nothing(
    points, expected, monkeypatch
):
    seen = []

    def collect(steps, *_, compared, **__):
        seen.append(compared)
        samples = Samples(wall_s=(0.001,), first_call_s=0.001, warmup_calls=1, stop="max_seconds")
        return dict.fromkeys(steps, samples)

    monkeypatch.setattr(interleave, "collect", collect)
    run([null(batch=b + 1) for b in range(len(points) or 1)], rule=QUICK, sweep=points)
    assert seen == [expected]


def test_a_record_of_another_study_is_not_taken_for_a_profile(make_record):
    """The whole call beside which layers were timed is no profile: it ran in other rounds."""
    profile = make_record("net")
    assert Reuse().usable(profile, profile.environment)
    other = msgspec.structs.replace(profile, found=Crosscheck(opinions=()))
    assert not Reuse().usable(other, profile.environment)
