"""When sampling warms up, visits and stops, on a clock that only the script moves."""

import math
import random
from itertools import chain, count, pairwise, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightbench.errors import UsageError
from lightbench.records import Samples
from lightbench.timing.clock import Reading
from lightbench.timing.rounds import collect, samples_per_round
from lightbench.timing.stopping import Rule
from lightbench.timing.summary import summarize
from lightbench.timing.warmup import calls_per_sample, is_steady

MS = 1e-3


class Machine:
    """A clock, and networks whose calls move it: everything that was run is in ``log``."""

    def __init__(self):
        self.now = 0.0
        self.log = []
        self.progress = []

    def clock(self):
        return self.now

    def network(self, name, walls, *, cpu=True):
        """A step that takes its times per call from ``walls``; an exception in there is raised."""
        walls = iter(walls)

        def step(calls):
            self.log.append((name, calls))
            wall_s = next(walls)
            if isinstance(wall_s, BaseException):
                raise wall_s
            if not isinstance(wall_s, float):
                return wall_s
            self.now += calls * wall_s if math.isfinite(wall_s) else 0.0
            return Reading(wall_s, wall_s if cpu else None)

        return step

    def collect(self, steps, rule=None, seed=0, **settings):
        return collect(
            steps,
            rule or Rule(),
            clock=self.clock,
            rng=random.Random(seed),
            report=self.progress.append,
            **settings,
        )


@pytest.fixture
def machine():
    return Machine()


def alternating(*walls):
    """Never converges: half of the samples at each of two far values."""
    return chain.from_iterable(repeat(walls))


TICK = 2.0**-6  # 15.6 ms, and sums of it are exact
WARM = 1 + 10  # calls of a steady network before its rounds: the first, and two windows


# the result


def test_a_constant_network_reports_its_time_exactly(machine):
    samples = machine.collect({"a": machine.network("a", repeat(1 * MS))})["a"]
    assert samples.stop == "converged"
    assert summarize(samples).median_s == 1 * MS
    assert len(samples.wall_s) == 30
    assert samples.cpu_s == samples.wall_s
    assert samples.calls_per_sample == 1


def test_warm_up_never_enters_the_statistics(machine):
    walls = chain([9.0], [0.5, 0.4, 0.3, 0.2, 0.1], repeat(TICK))
    samples = machine.collect({"a": machine.network("a", walls)})["a"]
    assert samples.first_call_s == 9.0
    assert set(samples.wall_s) == {TICK}


def test_every_call_is_accounted_for(machine):
    samples = machine.collect({"a": machine.network("a", repeat(TICK))})["a"]
    assert samples.warmup_calls == WARM - 1
    assert len(machine.log) == 1 + samples.warmup_calls + len(samples.wall_s)


def test_calls_in_warm_up_blocks_are_counted_one_by_one(machine):
    samples = machine.collect({"a": machine.network("a", repeat(10e-6))})["a"]
    timed = samples.calls_per_sample * len(samples.wall_s)
    assert samples.warmup_calls == sum(calls for _, calls in machine.log) - 1 - timed


def test_without_a_thread_clock_there_are_no_cpu_times(machine):
    samples = machine.collect({"a": machine.network("a", repeat(1 * MS), cpu=False)})["a"]
    assert samples.cpu_s == ()


def test_a_thread_clock_that_fails_now_and_then_is_none(machine):
    walls = chain(repeat(TICK, WARM + 3), [Reading(TICK, None)], repeat(TICK))
    samples = machine.collect({"a": machine.network("a", walls)})["a"]
    assert samples.cpu_s == ()
    assert len(samples.wall_s) == 30


def test_no_cases_no_results(machine):
    assert machine.collect({}) == {}


def test_results_come_in_the_order_of_the_cases(machine):
    steps = {name: machine.network(name, repeat(1 * MS)) for name in "zax"}
    assert list(machine.collect(steps)) == ["z", "a", "x"]


# warm-up


def test_steady_is_two_windows_of_five_within_five_percent():
    assert is_steady([1.0] * 5 + [1.04] * 5)
    assert is_steady([1.0] * 5 + [0.96] * 5)
    assert not is_steady([1.0] * 5 + [0.948] * 5)
    assert not is_steady([1.0] * 5 + [1.052] * 5)
    assert not is_steady([1.0] * 9)
    assert is_steady([9.0] * 5 + [1.0] * 10)  # what was long ago does not matter
    assert is_steady([1.0, 1.0, 1.0, 9.0, 9.0] * 2)  # nor do outliers


def test_warm_up_goes_on_while_calls_get_faster(machine):
    falling = [1.0 * 0.9**i for i in range(20)]
    walls = chain([1.0], falling, repeat(0.1))
    samples = machine.collect({"a": machine.network("a", walls)}, Rule(warmup_s=100.0))["a"]
    assert samples.warmup_calls >= 20
    assert set(samples.wall_s) == {0.1}


def test_warm_up_lasts_a_tenth_of_a_second(machine):
    machine.collect({"a": machine.network("a", repeat(2 * MS))}, Rule(max_s=1 * MS))
    warm_up = machine.log[1:-1]
    assert len(warm_up) * 2 * MS == pytest.approx(0.1)


def test_warm_up_ends_when_its_budget_is_spent(machine):
    unsteady = (2.0**i for i in count(-10))
    rule = Rule(warmup_s=1.0, max_s=1 * MS)
    samples = machine.collect({"a": machine.network("a", unsteady)}, rule)["a"]
    # After the first call: 2^-9 + 2^-8 + ... + 2^-1 s is below the budget, 2^0 s goes above it.
    assert samples.warmup_calls == 10


def test_the_first_call_is_not_charged_to_the_warm_up(machine):
    walls = chain([60.0], repeat(TICK))  # a compilation
    assert machine.collect({"a": machine.network("a", walls)})["a"].warmup_calls == WARM - 1


def test_a_call_longer_than_the_budget_is_still_warmed_up_once(machine):
    samples = machine.collect({"a": machine.network("a", repeat(50.0))})["a"]
    assert samples.warmup_calls == 1
    assert len(samples.wall_s) == 1


def test_warm_up_is_not_charged_to_the_rounds(machine):
    walls = chain([60.0], repeat(0.5, 6), alternating(1.0, 2.0))
    samples = machine.collect({"a": machine.network("a", walls)}, Rule(max_s=9.0))["a"]
    assert len(samples.wall_s) == 6  # 1 + 2 + 1 + 2 + 1 + 2


@pytest.mark.parametrize(
    ("wall_s", "calls"),
    [(1.0, 1), (50e-6, 1), (49e-6, 21), (10e-6, 100), (2.0**-20, 1049), (1e-300, 2**20)],
)
def test_short_calls_are_timed_in_blocks_of_a_millisecond(wall_s, calls):
    assert calls_per_sample(wall_s) == calls


def test_a_short_network_is_timed_in_blocks(machine):
    samples = machine.collect({"a": machine.network("a", repeat(2.0**-16))})["a"]  # 15 us
    assert samples.calls_per_sample == 66  # ceil(1 ms / 15.26 us)
    assert machine.log[-1] == ("a", 66)
    assert [calls for _, calls in machine.log[:9]] == [1, 1, 2, 4, 8, 16, 32, 64, 128]


# rounds


def rounds_of(log, per_round):
    return [log[i : i + per_round] for i in range(0, len(log), per_round)]


def test_every_round_visits_every_case_once_after_one_untimed_call(machine):
    steps = {name: machine.network(name, repeat(10e-6)) for name in "abc"}
    results = machine.collect(steps)
    n = len(results["a"].wall_s)
    for visits in rounds_of(machine.log[-6 * n :], 6):
        assert sorted(visits) == sorted((name, calls) for name in "abc" for calls in (1, 100))
        for untimed, timed in rounds_of(visits, 2):
            assert untimed == (timed[0], 1)


def test_the_untimed_call_is_thrown_away(machine):
    cold_then_hot = chain(repeat(TICK, WARM), alternating(3 * TICK, TICK))
    other = machine.network("b", repeat(TICK))
    results = machine.collect({"a": machine.network("a", cold_then_hot), "b": other})
    assert set(results["a"].wall_s) == {TICK}


@pytest.mark.parametrize(
    ("case_s", "longest_s", "samples"),
    [(0.010, 0.010, 1), (0.010, 0.079, 1), (0.010, 0.120, 3), (0.010, 0.2, 5), (0.001, 1.0, 31)],
)
def test_a_short_case_beside_a_long_one_is_timed_an_odd_number_of_times(case_s, longest_s, samples):
    """As often as fits into a quarter of the longest call, at most 31 times."""
    assert samples_per_round(case_s, longest_s) == samples


def test_a_visit_of_a_short_case_times_it_again_and_again(machine):
    short, long = repeat(2 * MS), repeat(40 * MS)
    steps = {"short": machine.network("short", short), "long": machine.network("long", long)}
    results = machine.collect(steps, Rule(rel=0.5))
    assert results["short"].samples_per_round == 5
    assert len(results["short"].wall_s) == 5 * len(results["long"].wall_s)
    visits = [name for name, _ in machine.log[-8:]]  # one untimed call each, then the timed ones
    assert sorted(visits) == ["long"] * 2 + ["short"] * 6


def test_the_interval_counts_rounds_not_the_calls_within_one(machine):
    """Calls of one round share the machine's mood: 5 equal ones are no more than one."""
    rounds = [10 * MS, 12 * MS]
    visits = chain.from_iterable([wall] * 6 for wall in rounds * 1000)
    warm = [11 * MS] * WARM
    steps = {
        "short": machine.network("short", chain(warm, visits)),
        "long": machine.network("long", repeat(220 * MS)),
    }
    samples = machine.collect(steps, Rule(max_s=10.0))["short"]
    assert samples.samples_per_round == 5
    assert summarize(samples).low_s == 10 * MS
    assert summarize(samples).high_s == 12 * MS
    assert samples.stop == "max_seconds"  # 500 samples of which every median call is one of two


@pytest.mark.parametrize(("call_s", "calls"), [(0.099, 2), (0.100, 1), (3.0, 1)])
def test_a_call_longer_than_any_cache_remembers_needs_no_untimed_one(machine, call_s, calls):
    steps = {name: machine.network(name, repeat(call_s)) for name in "ab"}
    results = machine.collect(steps, Rule(max_s=1e-6))
    assert [len(samples.wall_s) for samples in results.values()] == [1, 1]
    rounds = machine.log[sum(samples.warmup_calls + 1 for samples in results.values()) :]
    assert len(rounds) == 2 * calls


def test_a_case_alone_needs_no_untimed_call(machine):
    samples = machine.collect({"a": machine.network("a", repeat(TICK))})["a"]
    assert len(machine.log) == WARM + len(samples.wall_s)


def test_a_call_of_a_tenth_of_a_second_needs_no_untimed_one_before_it(machine):
    """It moves far more than the caches hold; a shorter one beside it still gets its own."""
    steps = {
        "long": machine.network("long", repeat(100 * MS)),
        "short": machine.network("short", repeat(99 * MS)),
    }
    results = machine.collect(steps, Rule(rel=0.5))
    rounds = len(results["long"].wall_s)
    calls = [name for name, _ in machine.log[2 * WARM :]]
    assert calls.count("long") == rounds
    assert calls.count("short") == 2 * rounds


def test_the_order_within_rounds_is_random_and_seeded():
    def orders(seed):
        machine = Machine()
        machine.collect({name: machine.network(name, repeat(TICK)) for name in "ab"}, seed=seed)
        return [visits[0][0] for visits in rounds_of(machine.log[2 * WARM :], 4)]

    assert orders(1) == orders(1)
    assert orders(1) != orders(2)
    assert 5 < orders(1).count("a") < 25  # of 30; the chance of less or more is below 0.1 %


def test_samples_of_one_index_belong_to_one_round(machine):
    """Both networks read the same counter, which goes up once per round."""
    ticks = count(2 * 4 * WARM)

    def step(calls):
        machine.now += TICK
        return Reading((next(ticks) // 4) * MS, None)

    results = machine.collect({"a": step, "b": step}, Rule(max_samples=50, rel=1e-9))
    assert results["a"].wall_s == results["b"].wall_s
    assert len(set(results["a"].wall_s)) == 50


def test_rounds_go_on_until_the_worst_case_has_converged(machine):
    # Uniform noise of +-20 % needs (1.96 * 0.2 / 0.03)^2, about 170 samples, for 3 % at the median.
    rng = random.Random(5)
    noisy = machine.network("noisy", (rng.uniform(8 * MS, 12 * MS) for _ in repeat(None)))
    calm = machine.network("calm", repeat(TICK))
    results = machine.collect({"calm": calm, "noisy": noisy}, Rule(rel=0.03))
    n = len(results["calm"].wall_s)
    assert len(results["noisy"].wall_s) == n
    assert 85 < n < 340
    assert summarize(results["noisy"]).rel <= 0.03
    assert {samples.stop for samples in results.values()} == {"converged"}


def test_a_case_that_has_not_converged_says_so(machine):
    calm = machine.network("calm", repeat(1 * MS))
    noisy = machine.network("noisy", alternating(1 * MS, 1 * MS, 2 * MS, 2 * MS))
    results = machine.collect({"calm": calm, "noisy": noisy}, Rule(max_s=0.5))
    assert results["calm"].stop == "converged"
    assert results["noisy"].stop == "max_seconds"


def test_luck_with_few_samples_is_not_convergence(machine):
    samples = machine.collect({"a": machine.network("a", repeat(1.0))}, Rule(max_s=10.0))["a"]
    assert len(samples.wall_s) == 10
    assert summarize(samples).rel == 0.0
    assert samples.stop == "max_seconds"


def test_a_round_that_does_not_fit_into_the_budget_is_not_begun(machine):
    walls = chain(repeat(1.0, 4), repeat(3.0))  # the first call, a warm-up of 3 s, and then rounds
    samples = machine.collect({"a": machine.network("a", walls)}, Rule(max_s=10.0))["a"]
    assert samples.wall_s == (3.0, 3.0, 3.0)


def test_the_budget_is_per_case(machine):
    rule = Rule(max_s=1.0, rel=1e-9)
    results = machine.collect(
        {
            name: machine.network(name, alternating(8 * MS, 8 * MS, 12 * MS, 12 * MS))
            for name in "ab"
        },
        rule,
    )
    # Two seconds; a round is two untimed and two timed calls of 10 ms on average.
    assert len(results["a"].wall_s) == pytest.approx(2.0 / 0.04, abs=1)


def test_there_is_always_one_round(machine):
    samples = machine.collect({"a": machine.network("a", repeat(1.0))}, Rule(max_s=1e-6))["a"]
    assert samples.wall_s == (1.0,)
    assert samples.stop == "max_seconds"


def test_a_clock_that_stands_still_ends_at_max_samples():
    noise = random.Random(0)
    samples = collect(
        {"a": lambda calls: Reading(noise.uniform(1.0, 9.0), None)},
        Rule(max_samples=100),
        clock=lambda: 0.0,
        rng=random.Random(0),
    )["a"]
    assert len(samples.wall_s) == 100
    assert samples.stop == "max_seconds"


# compared with a reference


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


# progress


def test_progress_counts_up_to_the_budget(machine):
    step = machine.network("a", alternating(0.08, 0.12))
    machine.collect({"a": step}, Rule(max_s=10.0, rel=1e-9))
    shown = machine.progress
    assert shown[0].worst_rel is None
    assert [p.rounds for p in shown] == sorted({p.rounds for p in shown})
    assert all(p.done_s + p.left_s == pytest.approx(10.0) for p in shown)
    assert all(b.done_s - a.done_s >= 0.2 for a, b in pairwise(shown))


def test_time_left_follows_from_the_square_of_the_width_still_missing(machine):
    # Samples 0.08 and 0.12 in turn: the interval stays +-20 % of the median 0.1. Wanted: 10 %,
    # so four times as many rounds as at the last look, 3 s at 0.1 s each for 30 rounds.
    step = machine.network("a", alternating(0.08, 0.12))
    machine.collect({"a": step}, Rule(max_s=1000.0, rel=0.1, max_samples=32))
    last = machine.progress[-1]
    assert last.worst_rel == pytest.approx(0.2)
    assert last.done_s + last.left_s == pytest.approx(4 * 3.0, rel=0.02)


# the rule


@pytest.mark.parametrize("name", ["rel", "max_s", "warmup_s"])
@pytest.mark.parametrize("bad", [0, -1.0, math.nan, math.inf])
def test_a_rule_that_cannot_be_met_is_refused_with_the_next_step(name, bad):
    with pytest.raises(UsageError, match=name) as refusal:
        Rule(**{name: bad})
    assert refusal.value.hint


@pytest.mark.parametrize("bad", [{"min_samples": 5}, {"min_samples": 50, "max_samples": 49}])
def test_a_rule_needs_room_for_an_interval(bad):
    with pytest.raises(UsageError, match="samples"):
        Rule(**bad)


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
