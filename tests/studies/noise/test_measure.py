"""``lightbench noise``: what is timed, what is said of it, and how it ends."""

import json
import random
from dataclasses import replace

import pytest
import torch
from torch import nn

from lightbench.devices import null
from lightbench.errors import ModelError
from lightbench.records import Case, Environment, InputSpec, Samples
from lightbench.studies.noise import measure
from lightbench.studies.noise.measure import Dose, Dosed, convolutions_for, judged
from lightbench.studies.noise.table import advice, noise_view
from lightbench.timing.clock import Reading
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule

CALL_S = 0.05
QUICK = ("noise", "--device", "null", "--seconds", "0.05", "-q")
CASE = Case(model="net\x1b[31m", inputs=(InputSpec.parse("3x8x8"),))


@pytest.fixture(autouse=True)
def short_looks(monkeypatch):
    monkeypatch.setattr(measure, "CALIBRATE_S", 0.05)
    monkeypatch.setattr(measure, "WARM_UP_S", 0.05)


def samples(wall_s, cpu_s=(), *, stop="max_seconds", **more):
    return Samples(
        wall_s=tuple(wall_s),
        cpu_s=tuple(cpu_s),
        first_call_s=1.0,
        warmup_calls=3,
        stop=stop,
        **more,
    )


def found(
    seconds=60, *, threads=1, scatter=0.02, share=1.0, stop="max_seconds", tolerance=0.02, dose=1.04
):
    """What is said of ``seconds`` of rounds of three arms, whose wall clock scatters and whose CPU
    clock does not."""
    rng = random.Random(1)
    n = round(seconds / (3 * CALL_S))
    arms = {
        arm: samples(
            [CALL_S * times * rng.lognormvariate(0, scatter) for _ in range(n)],
            [CALL_S * times * share] * n,
            stop=stop,
        )
        for arm, times in (("a", 1), ("again", 1), ("dosed", dose))
    }
    where = Environment(comparable={"threads": threads}, noted={})
    return judged(
        CASE, where, arms, convolutions=12, tolerance=tolerance, rng=rng, warnings=("It is busy.",)
    )


# The dose.


def test_ones_stay_ones_however_large_the_dose_is():
    assert torch.equal(Dose(200)(), torch.ones(1, measure.CHANNELS, measure.SIZE, measure.SIZE))


def test_the_dose_comes_after_the_network_and_is_not_left_out():
    output, ones = Dosed(nn.Identity(), 3)("input")
    assert output == "input"
    assert ones.min() == 1


def test_as_many_convolutions_as_make_four_percent_but_at_least_one():
    assert convolutions_for(0.001) == 40
    assert convolutions_for(3.0) == 1
    assert convolutions_for(1e-9) == measure.MOST


# What is timed.


def alternate(steps, **settings):
    ticks = iter(range(10**6))
    return measure._alternate(
        steps,
        Rule(max_s=40, warmup_s=1),
        clock=lambda: float(next(ticks)),
        rng=random.Random(1),
        report=None,
        **{"calls": 1, **settings},
    )


def test_every_arm_is_called_once_a_round_in_random_order_and_nothing_comes_between():
    called = []

    def step(arm):
        def timed(n):
            called.append(arm)
            return Reading(len(called) / 1000, 0.001)

        return timed

    taken = alternate({arm: step(arm) for arm in measure.ARMS})
    rounds = [tuple(called[i : i + 3]) for i in range(0, len(called), 3)]
    assert {tuple(sorted(r)) for r in rounds} == {("a", "again", "dosed")}
    assert len(set(rounds)) == 6
    n = len(taken["a"].wall_s)
    last = range(len(called) - 3 * n, len(called))
    kept = [sorted(side.wall_s[i] for side in taken.values()) for i in range(n)]
    assert kept == [[(i + 1) / 1000 for i in last[3 * j : 3 * j + 3]] for j in range(n)]
    assert n < len(rounds)  # those before were the warm-up


def test_a_round_in_which_the_device_was_slowed_down_is_thrown_away():
    count = iter(range(10**6))

    def step(n):
        i = next(count)
        return Reading(0.001 if i % 10 else 9.0, throttled=None if i % 10 else "hot")

    taken = alternate({"a": step, "again": lambda _n: Reading(0.001), "dosed": step})
    assert {*taken["a"].wall_s, *taken["dosed"].wall_s} == {0.001}
    assert taken["a"].throttled_rounds > 0


def test_short_calls_are_timed_in_blocks():
    asked = set()

    def step(n):
        asked.add(n)
        return Reading(1e-5)

    taken = alternate(dict.fromkeys(measure.ARMS, step), calls=100)
    assert min(asked) == 100
    assert taken["a"].calls_per_sample == 100


def test_an_arm_that_fails_is_an_error_that_says_so():
    def bad(n):
        raise IndexError("no such layer")

    with pytest.raises(ModelError, match="failed while it was timed"):
        alternate({"a": bad, "again": bad, "dosed": bad})


def test_heat_meanwhile_is_said_and_a_load_that_is_our_own_is_not():
    before, after = (
        Environment(
            comparable={"logical_cores": 2, "threads": 1},
            noted={"throttle_count": heat, "load_1min": load},
        )
        for heat, load in ((1, 0.0), (2, 3.0))
    )
    (said,) = measure._since(before, after)
    assert "slowed down for heat" in said


# What is said of it.


def test_time_spent_on_a_pair_is_that_of_its_two_arms():
    made = found(60)
    assert made.seconds == pytest.approx(60.8, rel=0.02)  # a third of it 4 % longer
    assert made.blocks == 15  # of 40 s: each ends with the round that fills it
    assert made.two_runs.slices in (11, 12)


def test_calls_in_blocks_take_as_long_as_they_are_many():
    arms = dict.fromkeys(measure.ARMS, samples([1e-4] * 1000, calls_per_sample=100))
    where = Environment(comparable={"threads": 2}, noted={})
    made = judged(CASE, where, arms, convolutions=1, tolerance=0.02, rng=random.Random(0))
    assert made.seconds == pytest.approx(3 * 1000 * 1e-4 * 100)
    assert made.blocks in (7, 8)


def test_the_size_of_the_dose_is_what_all_pairs_say():
    made = found(60)
    assert made.dose.low < 1.04 < made.dose.high
    assert made.dose_cpu.ratio == pytest.approx(1.04)
    assert made.alike.low < 1 < made.alike.high
    assert "The copies: " in text(made, notes=True)


def test_the_cpu_clock_counts_for_one_thread_only():
    assert found(30).cpu[0].smallest == pytest.approx(0.02)  # it does not scatter
    assert found(30, threads=2).cpu == ()
    assert found(30, share=0.0).cpu == ()  # a clock too coarse


def test_an_interrupt_leaves_what_there_is_if_it_is_enough():
    made = found(9, stop="interrupted")
    assert made.interrupted
    assert made.wall[0] is not None
    assert made.wall[1:] == (None, None)
    with pytest.raises(KeyboardInterrupt):
        found(3, stop="interrupted")


def text(made, *, notes=False):
    from lightbench import registry

    view = noise_view(made)
    view = replace(view, table=replace(view.table, brief=not notes))
    return " ".join(registry.load("format", "table").render(view).split())


def test_the_table_has_a_row_for_each_gate_and_fits_a_terminal():
    made = found(60)
    view = noise_view(made)
    assert [row[0] for row in view.table.rows] == [5.0, 20.0, 60.0]
    assert "Not shown" not in text(made)
    assert "\x1b" not in text(made, notes=True)
    assert "60 s is longer than what was measured: an extrapolation" in text(made)
    assert "12 small convolutions, +4" in text(made, notes=True)
    assert (
        "runs of 5 s of the same code, one after the other, each against every other: 0.0 % differ"
        in text(made, notes=True)
    )


def test_what_was_not_measured_is_a_dash_with_a_reason():
    view = noise_view(found(12))
    assert view.table.rows[1][1:7] == (None,) * 6
    assert "pairs are too few for it. From 32 s on" in text(found(12))
    assert "From 8 s on" in text(found(3))


def test_the_shortest_gate_that_is_clear_is_advised():
    (busy, enough) = advice(found(60, scatter=0.01))
    assert busy == "It is busy."
    assert enough.startswith(
        "--seconds 5 is enough for a tolerance of 2.0 % here: 100.0 % of gates"
    )


def test_where_no_gate_is_clear_a_tolerance_is_advised_that_is():
    *_, said = advice(found(60, scatter=0.02, tolerance=0.001))
    assert said.startswith("60 s are not enough for a tolerance of 0.1 % here")
    assert said.endswith("They are clear with --tolerance 1.0%.")


def test_contention_is_said_with_what_it_costs():
    _, share, cost, *_ = advice(found(60, share=0.6, scatter=0.05))
    assert share.startswith("A call was on the CPU for 59.9 % of its time")  # the median scatters
    assert cost.startswith("By the CPU clock 5 s find 2.0 % instead of")


def test_calls_that_wait_for_their_own_threads_are_told_of_one_thread():
    made = replace(found(60, threads=2), contended=True, cpu_share=0.7)
    assert any("with --threads 1 there is none to wait for" in said for said in advice(made))


def test_false_alarms_above_what_is_promised_are_said():
    made = found(60)
    loud = replace(made, wall=(replace(made.wall[0], alarms=100), *made.wall[1:]))
    *_, said = advice(loud)
    assert said.startswith("False alarms reach 10.0 %, and 1.0 % is meant to be the most")


def test_a_dose_that_may_be_within_the_tolerance_is_said():
    assert "may rightly not find it" in text(found(60, dose=1.01))
    assert "may rightly not find it" not in text(found(60, scatter=0.01))


# The command.


def test_json_has_everything(lightbench, monkeypatch):
    monkeypatch.setattr(null.Null, "seconds", 0.1)  # so that few rounds are many blocks
    answer = lightbench(*QUICK, "--format", "json", "--seed", 1)
    assert (answer.code, answer.err) == (0, "")
    said = json.loads(answer.out)
    assert said["case"]["model"] == "shufflenet_v2_x0_5"
    assert said["wall"][0]["alarm_bound"] == pytest.approx(1 - 0.05 ** (1 / 1000))
    lengths = {len(said["samples"][arm]["wall_s"]) for arm in ("a", "again", "dosed")}
    assert len(lengths) == 1


def test_a_network_is_really_timed(lightbench):
    answer = lightbench(
        "noise", "example_conv_g4", "--seconds", "0.3", "--threads", "1", "--format", "json"
    )
    assert (answer.code, answer.err) == (0, "")
    said = json.loads(answer.out)
    assert said["wall"] == [None] * 3
    assert said["dose"]["n"] == len(said["samples"]["a"]["cpu_s"]) > 0


def test_ctrl_c_prints_what_there_is_and_ends_with_130(lightbench, monkeypatch):
    def interrupted(steps, rule, *, enough=None, **settings):
        rounds = iter(range(3000))  # of 3 ms each

        def enough_or_ctrl_c(_spent_s, _times):
            if next(rounds, None) is None:
                raise KeyboardInterrupt
            return False

        return collect(steps, rule, enough=enough and enough_or_ctrl_c, **settings)

    monkeypatch.setattr(measure, "collect", interrupted)
    answer = lightbench(*QUICK[:3], "--seconds", "60", "-q")
    assert answer.code == 130
    assert "Interrupted: this is of what there was until then." in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("no_such_net",), 2, "no model is called 'no_such_net'"),
        (("--seconds", "0"), 2, "above zero"),
        (("--seconds", "nan"), 2, "above zero"),
        (("--tolerance", "200%"), 2, "tolerance"),
        (("--tolerance", "soon"), 2, "cannot read 'soon'"),
        (("--device", "mps"), 4, ""),
        (("--device", "toaster"), 2, "toaster"),
        (("--engine", "steam"), 2, "steam"),
        (("--format", "smoke"), 2, "smoke"),
        (("--batch", "0"), 2, "batch"),
    ],
)
def test_bad_input_is_an_error_with_a_hint(lightbench, arguments, code, said):
    answer = lightbench("noise", *arguments)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
