"""A run that was interrupted goes on from its rounds, as if it had not been."""

from __future__ import annotations

from itertools import chain, repeat

import msgspec
import pytest
from scripted import TICK, WARM, Machine, alternating

from lightbench.records import Samples
from lightbench.timing.continued import rounds_of, spent_s, whole
from lightbench.timing.stopping import Rule


def samples(*wall_s, **more):
    return Samples(wall_s=wall_s, first_call_s=1.0, warmup_calls=1, stop="interrupted", **more)


@pytest.fixture
def interrupted():
    """Two cases after 12 whole rounds; Ctrl-C came in the 13th."""
    machine = Machine()
    steps = {
        "a": machine.network("a", chain(repeat(TICK, WARM + 2 * 12), [KeyboardInterrupt()])),
        "b": machine.network("b", repeat(TICK)),
    }
    return machine.collect(steps, Rule(rel=1e-9))


def test_its_rounds_count_as_the_first_ones(interrupted):
    assert [len(interrupted[name].wall_s) for name in "ab"] == [12, 12]
    machine = Machine()
    steps = {name: machine.network(name, repeat(2 * TICK)) for name in "ab"}
    found = machine.collect(steps, Rule(min_samples=40, rel=1.0), begun=interrupted)
    assert found["a"].wall_s == (*[TICK] * 12, *[2 * TICK] * 28)
    assert found["a"].stop == "converged"


def test_the_time_that_they_took_is_spent():
    """20 rounds of 2 cases and 1 s are 40 s, of which 30 are spent: 10 s are 5 rounds more."""
    begun = {name: samples(*[1.0, 1.1] * 7, 1.0) for name in "ab"}
    machine = Machine()
    steps = {name: machine.network(name, alternating(1.0, 1.1)) for name in "ab"}
    found = machine.collect(steps, Rule(max_s=20.0, rel=1e-9), begun=begun)
    assert spent_s(begun) == pytest.approx(2 * (8 * 1.0 + 7 * 1.1))
    assert 18 <= len(found["a"].wall_s) <= 20


def test_a_block_has_as_many_calls_as_it_had():
    """Rounds are of one size, so that each weighs the same."""
    begun = {"a": samples(*[1e-6] * 6, calls_per_sample=500, samples_per_round=3)}
    machine = Machine()
    found = machine.collect({"a": machine.network("a", repeat(2e-6))}, Rule(rel=1.0), begun=begun)
    assert (found["a"].calls_per_sample, found["a"].samples_per_round) == (500, 3)
    assert machine.log[-1] == ("a", 500)
    assert len(found["a"].wall_s) == 3 * 30


def test_of_other_cases_nothing_is_taken(interrupted):
    machine = Machine()
    steps = {name: machine.network(name, repeat(2 * TICK)) for name in "abc"}
    found = machine.collect(steps, Rule(rel=1.0), begun=interrupted)
    assert set(found["a"].wall_s) == {2 * TICK}


def test_one_that_fails_now_leaves_the_rounds_of_the_others(interrupted):
    broken = RuntimeError("no")
    machine = Machine()
    steps = {"a": machine.network("a", repeat(TICK)), "b": machine.network("b", [broken])}
    found = machine.collect(steps, Rule(min_samples=20, rel=1.0), begun=interrupted)
    assert found["b"] is broken
    assert len(found["a"].wall_s) == 20


def test_cases_of_unequal_rounds_were_not_timed_side_by_side():
    assert whole({"a": samples(1.0, 1.0), "b": samples(1.0)}, ["a", "b"]) == {}
    assert whole({"a": samples(1.0)}, ["a", "b"]) == {}
    both = {"a": samples(1.0, 2.0, samples_per_round=2), "b": samples(3.0)}
    assert whole(both, ["b", "a"]) == both


def test_rounds_have_every_clock_that_the_samples_have():
    one = samples(3.0, 4.0, cpu_s=(1.0, 0.0), device_s=(2.0, 3.0), launch_s=(0.5, 0.5))
    first, second = rounds_of({"a": one})
    (reading,) = second["a"]
    assert (reading.wall_s, reading.cpu_s, reading.device_s, reading.launch_s) == (
        4.0,
        0.0,
        3.0,
        0.5,
    )
    assert reading.to_host_s is None
    assert first["a"][0].time_s == 2.0


def test_what_there_is_can_be_asked_for_after_every_round():
    seen = []
    machine = Machine()
    steps = {name: machine.network(name, repeat(TICK)) for name in "ab"}
    machine.collect(steps, Rule(rel=1.0), so_far=lambda ask: seen.append(ask()))
    assert [len(one["a"].wall_s) for one in seen] == list(range(1, 30))
    assert {s.stop for one in seen for s in one.values()} == {"interrupted"}
    begun = msgspec.structs.replace(seen[-1]["a"], stop="converged")
    assert begun.wall_s == (TICK,) * 29
