"""When sampling warms up, visits and stops, on a clock that only the script moves."""

import math
import random
from itertools import chain, count, pairwise, repeat

import pytest
from scripted import MS, TICK, WARM, Machine, alternating

from lightbench.errors import UsageError
from lightbench.timing.clock import Reading
from lightbench.timing.rounds import collect, samples_per_round
from lightbench.timing.stopping import Rule
from lightbench.timing.summary import summarize
from lightbench.timing.warmup import calls_per_sample, is_steady


@pytest.fixture
def machine():
    return Machine()


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
