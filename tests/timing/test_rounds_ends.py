"""However rounds end, what was measured is there: failures, Ctrl-C, and whatever else happens."""

import math
import random
from itertools import chain, count, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import MS, TICK, WARM, Machine, alternating

from lightbench.records import Samples
from lightbench.timing.clock import Reading
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule
from lightbench.timing.summary import summarize


@pytest.fixture
def machine():
    return Machine()


# failures


def test_a_case_that_fails_in_warm_up_is_dropped_and_the_other_goes_on(machine):
    oom = MemoryError("no room")
    steps = {
        "a": machine.network("a", chain([1 * MS], [oom])),
        "b": machine.network("b", repeat(1 * MS)),
    }
    results = machine.collect(steps)
    assert results["a"] is oom
    assert results["b"].stop == "converged"
    assert machine.log.count(("a", 1)) == 2


def test_a_case_that_fails_in_round_three_is_dropped_and_the_others_are_complete(machine):
    broken = RuntimeError("third round")
    steps = {
        "a": machine.network("a", chain(repeat(TICK, WARM + 2 * 2), [broken])),
        "b": machine.network("b", repeat(TICK)),
        "c": machine.network("c", repeat(TICK)),
    }
    results = machine.collect(steps)
    assert results["a"] is broken
    assert len(results["b"].wall_s) == len(results["c"].wall_s) == 30


class Odd(BaseException):
    pass


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (SystemExit("bye"), "SystemExit: bye"),
        (Odd(), "Odd"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_whatever_a_network_raises_ends_its_case_alone(machine, monkeypatch, raised, said):
    """Also a KeyboardInterrupt that is not the user's."""
    monkeypatch.setattr("lightbench.workers.journal.was_stopped", lambda: False)
    steps = {
        "a": machine.network("a", chain(repeat(TICK, WARM), [raised])),
        "b": machine.network("b", repeat(TICK)),
    }
    results = machine.collect(steps)
    assert isinstance(results["a"], RuntimeError)
    assert str(results["a"]) == said
    assert results["b"].stop == "converged"


@pytest.mark.parametrize("raised", [SystemExit("bye"), Odd()])
def test_only_ctrl_c_ends_the_rounds_of_all_cases(machine, raised):
    """Where nobody supervises, every KeyboardInterrupt is the user's, and nothing else is."""
    results = machine.collect({"a": machine.network("a", [raised])})
    assert isinstance(results["a"], RuntimeError)


def test_when_every_case_fails_every_exception_is_returned(machine):
    early, late = ValueError("early"), ValueError("late")
    steps = {
        "a": machine.network("a", [early]),
        "b": machine.network("b", chain(repeat(TICK, WARM + 3), [late])),
    }
    assert machine.collect(steps) == {"a": early, "b": late}


def test_a_case_that_fails_late_is_dropped_too(machine):
    late = RuntimeError("after the first look at the interval")
    walls = chain(repeat(TICK, WARM), alternating(*[TICK, 2 * TICK] * 25, late))
    assert machine.collect({"a": machine.network("a", walls)}) == {"a": late}


@pytest.mark.parametrize("good", [0, 1, WARM + 1], ids=["first call", "warm-up", "round"])
@pytest.mark.parametrize(
    "bad",
    [
        Reading(0.0, None),
        Reading(-1.0, None),
        Reading(math.nan, None),
        Reading(math.inf, None),
        Reading(1.0, -1.0),
        Reading(1.0, math.nan),
    ],
)
def test_a_time_that_cannot_be_ends_the_case_not_the_run(machine, bad, good):
    walls = chain(repeat(TICK, good), [bad], repeat(TICK))
    results = machine.collect(
        {"bad": machine.network("bad", walls), "b": machine.network("b", repeat(1 * MS))}
    )
    assert "clock" in str(results["bad"])
    assert results["b"].stop == "converged"


def test_a_thread_clock_may_read_zero(machine):
    coarse = repeat(Reading(TICK, 0.0))
    assert (
        collect(
            {"a": lambda _: next(coarse)}, Rule(), clock=count().__next__, rng=random.Random(0)
        )["a"].cpu_s
        == (0.0,) * 10
    )


def test_what_a_failed_step_held_is_let_go(machine):
    class Tensor:
        alive = 0

        def __init__(self):
            Tensor.alive += 1

        def __del__(self):
            Tensor.alive -= 1

    def step(calls):
        tensor = Tensor()
        raise MemoryError(f"{tensor}")

    results = machine.collect({"a": step})
    assert isinstance(results["a"], MemoryError)
    assert results["a"].__traceback__ is not None  # where it happened is still known
    assert Tensor.alive == 0


# interruption


def test_ctrl_c_in_a_round_returns_the_whole_rounds(machine):
    steps = {
        "a": machine.network("a", chain(repeat(TICK, WARM + 2 * 4), [KeyboardInterrupt()])),
        "b": machine.network("b", repeat(TICK)),
    }
    results = machine.collect(steps)
    assert [len(samples.wall_s) for samples in results.values()] == [4, 4]
    assert {samples.stop for samples in results.values()} == {"interrupted"}


@pytest.mark.parametrize("calls", [0, 5, WARM], ids=["first call", "warm-up", "first round"])
def test_ctrl_c_before_the_first_whole_round_passes_through(machine, calls):
    walls = chain(repeat(TICK, calls), [KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        machine.collect({"a": machine.network("a", walls)})


def test_ctrl_c_keeps_the_failure_of_another_case(machine):
    broken = RuntimeError("broken")
    steps = {
        "a": machine.network("a", [broken]),
        "b": machine.network("b", chain(repeat(TICK, WARM + 7), [KeyboardInterrupt()])),
    }
    results = machine.collect(steps)
    assert results["a"] is broken
    assert (results["b"].stop, len(results["b"].wall_s)) == ("interrupted", 7)


def test_ctrl_c_while_progress_is_shown_keeps_the_round(machine):
    def report(progress):
        raise KeyboardInterrupt

    step = machine.network("a", repeat(TICK))
    results = collect({"a": step}, Rule(), clock=machine.clock, rng=random.Random(0), report=report)
    assert (results["a"].stop, len(results["a"].wall_s)) == ("interrupted", 1)


# whatever happens


streams = st.lists(
    st.one_of(
        st.floats(min_value=1e-7, max_value=30.0),
        st.just(ValueError("broken")),
        st.sampled_from([Reading(0.0, None), Reading(math.nan, None)]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(streams, min_size=1, max_size=4),
    st.sampled_from([1e-3, 0.5, 10.0]),
    st.booleans(),
    st.integers(0, 9),
)
def test_sampling_always_ends_with_a_result_for_every_case(all_walls, max_s, stopped, seed):
    machine = Machine()
    starts = []

    def clock():
        starts.append(machine.now)
        return 0.0 if stopped else machine.now

    steps = {str(i): machine.network(str(i), alternating(*w)) for i, w in enumerate(all_walls)}
    rule = Rule(max_s=max_s, max_samples=200, warmup_s=0.5)
    results = collect(steps, rule, clock=clock, rng=random.Random(seed))
    assert list(results) == list(steps)
    survivors = [result for result in results.values() if isinstance(result, Samples)]
    rounds = {len(samples.wall_s) // samples.samples_per_round for samples in survivors}
    assert len(rounds) <= 1
    assert all(1 <= n <= 200 for n in rounds)
    assert all(summarize(samples).median_s > 0 for samples in survivors)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(min_value=1e-4, max_value=3.0), min_size=2, max_size=9))
def test_a_round_only_begins_where_an_average_one_fits(walls):
    machine = Machine()
    looks = []

    def clock():
        looks.append(machine.now)
        return machine.now

    rule = Rule(max_s=5.0, max_samples=300, rel=1e-12, warmup_s=1e-6)
    samples = collect(
        {"a": machine.network("a", alternating(*walls))}, rule, clock=clock, rng=random.Random(0)
    )["a"]
    n = len(samples.wall_s)
    began, before_last = looks[-n - 1], looks[-2]
    assert n == 1 or (before_last - began) * n / (n - 1) <= 5.0


@settings(max_examples=20, deadline=None)
@given(st.permutations(["calm", "noisy", "short", "slow"]), st.integers(0, 99))
def test_the_order_of_the_cases_does_not_change_how_many_samples_there_are(names, seed):
    machine = Machine()
    kinds = {
        "calm": lambda: repeat(4 * MS),
        "noisy": lambda: alternating(*[3.5 * MS] * 5, *[4 * MS] * 5),
        "short": lambda: repeat(10e-6),
        "slow": lambda: repeat(64 * MS),
    }
    steps = {name: machine.network(name, kinds[name]()) for name in names}
    results = machine.collect(steps, Rule(max_s=2.0), seed=seed)
    assert {name: s.samples_per_round for name, s in results.items()} == {
        "calm": 3,  # a quarter of 64 ms fits 4 calls of 4 ms, or 3: an odd number has a median
        "noisy": 3,
        "short": 15,  # 16 blocks of 1 ms
        "slow": 1,
    }
    lengths = {len(samples.wall_s) // samples.samples_per_round for samples in results.values()}
    # Eight seconds; a round is 4 x 4 + 4 x 3.75 + 2 x 64 ms, one call of 10 us and 15 blocks of 1 ms.
    assert len(lengths) == 1
    assert lengths.pop() == pytest.approx(8.0 / 0.174, abs=2)
