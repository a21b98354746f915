"""Networks are visited until each ratio to a reference is known, on a clock that only the script moves."""

import math
from itertools import chain, count, repeat

import pytest
from scripted import TICK, WARM, Machine

from lightbench.timing.clock import Reading
from lightbench.timing.stopping import Rule


@pytest.fixture
def machine():
    return Machine()


def moody(machine, **walls):
    """Networks of one machine: in every second round all of them take twice as long. A wall is a
    time, or what it is in each round."""
    calls = count(-len(walls) * WARM)  # rounds begin at 0; each calls every network twice

    def network(wall):
        def step(_calls):
            i = max(next(calls), 0) // (2 * len(walls))
            wall_s = (wall(i) if callable(wall) else wall) * (1 + i % 2)
            machine.now += wall_s
            return Reading(wall_s, None)

        return step

    return {name: network(wall) for name, wall in walls.items()}


def one_or_two(i):
    """A ratio that no number of rounds makes sure of."""
    return TICK * (1, 1, 2, 2)[i % 4]


def rounds_and_stops(results):
    (n,) = {len(samples.wall_s) // samples.samples_per_round for samples in results.values()}
    return n, {name: samples.stop for name, samples in results.items()}


def test_a_drift_of_the_whole_machine_keeps_no_ratio_from_being_known(machine):
    steps = moody(machine, ref=TICK, slow=1.5 * TICK)
    results = machine.collect(steps, Rule(rel=1e-6, max_s=5.0), compared={"slow": "ref"})
    assert rounds_and_stops(results) == (30, {"ref": "converged", "slow": "converged"})
    alone = moody(machine, ref=TICK, slow=1.5 * TICK)
    n, stops = rounds_and_stops(machine.collect(alone, Rule(rel=1e-6, max_s=5.0)))
    assert n > 60
    assert set(stops.values()) == {"max_seconds"}


@pytest.mark.parametrize("least", [6, 12, 40])
def test_ratios_are_not_believed_before_there_are_enough_rounds(machine, least):
    steps = moody(machine, ref=TICK, slow=1.5 * TICK)
    rule = Rule(rel=0.02, max_s=100.0, min_samples=least)
    assert rounds_and_stops(machine.collect(steps, rule, compared={"slow": "ref"}))[0] == least


def test_rounds_that_end_before_there_are_enough_have_converged_nowhere(machine):
    steps = moody(machine, ref=1.0, slow=1.0)
    results = machine.collect(steps, Rule(max_s=10.0, min_samples=12), compared={"slow": "ref"})
    n, stops = rounds_and_stops(results)
    assert n < 12
    assert set(stops.values()) == {"max_seconds"}


def test_a_ratio_that_is_not_known_keeps_the_rounds_going_and_says_so(machine):
    steps = moody(machine, ref=TICK, steady=3 * TICK, odd=one_or_two)
    compared = {"steady": "ref", "odd": "ref"}
    n, stops = rounds_and_stops(machine.collect(steps, Rule(max_s=5.0), compared=compared))
    assert n > 30
    assert stops == {"ref": "max_seconds", "steady": "converged", "odd": "max_seconds"}


def test_ratios_are_known_within_the_rule_and_no_better(machine):
    """Of 30 rounds, those 10 to 21 bound the median; a third of them at +4 %: half of it is +-2 %."""

    def third(i):
        return TICK * (1.04 if i % 3 == 0 else 1.0)

    for rel, at_once in ((0.021, True), (0.019, False)):
        steps = moody(machine, ref=TICK, other=third)
        results = machine.collect(steps, Rule(rel=rel, max_s=20.0), compared={"other": "ref"})
        n, stops = rounds_and_stops(results)
        assert (n == 30) is at_once
        assert stops["other"] == "converged"  # later, where a third is too few to reach the bounds


def test_what_is_compared_with_nothing_is_timed_beside_and_waited_for_by_nobody(machine):
    """The launch probes of a sweep: their own ratio would never be known."""
    steps = moody(machine, ref=TICK, slow=1.5 * TICK, probe=one_or_two)
    results = machine.collect(steps, Rule(max_s=5.0), compared={"slow": "ref"})
    n, stops = rounds_and_stops(results)
    assert n == 30
    assert set(stops.values()) == {"converged"}


def test_the_reference_is_known_when_everything_compared_with_it_is(machine):
    steps = moody(machine, ref=TICK, odd=one_or_two, probe=TICK)
    results = machine.collect(steps, Rule(max_s=5.0), compared={"odd": "ref"})
    assert set(rounds_and_stops(results)[1].values()) == {"max_seconds"}


@pytest.mark.parametrize("good", [0, 3, WARM + 2 * 5], ids=["first call", "warm-up", "round six"])
def test_without_its_reference_no_ratio_is_ever_known(machine, good):
    gone = RuntimeError("gone")
    steps = {
        "ref": machine.network("ref", chain(repeat(TICK, good), [gone])),
        "a": machine.network("a", repeat(TICK)),
        "b": machine.network("b", repeat(TICK)),
    }
    results = machine.collect(steps, Rule(max_s=5.0), compared={"a": "ref", "b": "ref"})
    assert results.pop("ref") is gone
    n, stops = rounds_and_stops(results)
    assert n > 60
    assert stops == {"a": "max_seconds", "b": "max_seconds"}


def test_a_reference_that_is_alone_left_is_compared_with_nothing(machine):
    gone = RuntimeError("gone")
    steps = {
        "ref": machine.network("ref", repeat(TICK)),
        "a": machine.network("a", chain(repeat(TICK, WARM + 3), [gone])),
    }
    results = machine.collect(steps, Rule(max_s=2.0), compared={"a": "ref"})
    assert results["a"] is gone
    assert results["ref"].stop == "max_seconds"


def test_a_point_that_fails_does_not_keep_the_others_from_being_known(machine):
    gone = RuntimeError("gone")
    steps = {
        "ref": machine.network("ref", repeat(TICK)),
        "a": machine.network("a", chain(repeat(TICK, WARM + 3), [gone])),
        "b": machine.network("b", repeat(TICK)),
    }
    results = machine.collect(steps, Rule(), compared={"a": "ref", "b": "ref"})
    assert results.pop("a") is gone
    assert rounds_and_stops(results) == (30, {"ref": "converged", "b": "converged"})


def test_ctrl_c_in_compared_rounds_keeps_the_whole_ones(machine):
    steps = {
        "ref": machine.network("ref", chain(repeat(TICK, WARM + 2 * 4), [KeyboardInterrupt()])),
        "a": machine.network("a", repeat(TICK)),
    }
    results = machine.collect(steps, compared={"a": "ref"})
    assert rounds_and_stops(results) == (4, {"ref": "interrupted", "a": "interrupted"})


def test_progress_shows_how_well_the_ratios_are_known(machine):
    """Times alternate by a factor of 2; the worst ratio is 1 or 2 in turn: half of log 2."""
    steps = moody(machine, ref=TICK, odd=one_or_two)
    machine.collect(steps, Rule(max_s=5.0), compared={"odd": "ref"})
    assert machine.progress[-1].worst_rel == pytest.approx(math.log(2) / 2)
