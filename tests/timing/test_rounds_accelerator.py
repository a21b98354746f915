"""Rounds on an accelerator: its own clock decides, rounds in which it was slowed down do not count."""

import math
import random
from itertools import chain, count, cycle, repeat

import pytest

from lightbench.errors import NotAvailable
from lightbench.records import LAUNCH_BOUND, Samples, launch_bound
from lightbench.timing.clock import Reading, clocks
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule
from lightbench.timing.summary import summarize

TICK = 2.0**-6  # 15.6 ms, and sums of it are exact
WARM = 1 + 10  # calls of a steady network before its rounds: the first, and two windows


class Machine:
    """A clock, and networks whose calls move it by their wall time."""

    def __init__(self):
        self.now = 0.0
        self.calls = 0

    def network(self, readings):
        readings = iter(readings)

        def step(calls):
            self.calls += 1
            reading = next(readings)
            if isinstance(reading, BaseException):
                raise reading
            self.now += calls * reading.wall_s if math.isfinite(reading.wall_s) else 0.0
            return reading

        return step

    def collect(self, steps, rule=None, **settings):
        settings = {"clock": lambda: self.now, "rng": random.Random(0), **settings}
        return collect(steps, rule or Rule(), **settings)


@pytest.fixture
def machine():
    return Machine()


def at(wall_s, device_s=None, **more):
    return Reading(wall_s, device_s=device_s, **more)


def slow(wall_s, why="too hot", **more):
    return at(wall_s, throttled=why, **more)


COOL = at(TICK)


# throttled rounds


def test_a_round_that_was_slowed_down_is_thrown_away_and_counted(machine):
    readings = chain(repeat(COOL, WARM), [slow(8 * TICK)] * 3, repeat(COOL))
    samples = machine.collect({"a": machine.network(readings)})["a"]
    assert samples.wall_s == (TICK,) * 30
    assert samples.throttled_rounds == 3
    assert samples.stop == "converged"


def test_slow_rounds_among_others_leave_no_trace_in_the_times(machine):
    """Every third round is slowed down: 15 of the 45 that give 30."""
    readings = chain(repeat(COOL, WARM), cycle([COOL, COOL, slow(8 * TICK)]))
    samples = machine.collect({"a": machine.network(readings)})["a"]
    assert set(samples.wall_s) == {TICK}
    assert len(samples.wall_s) == 30
    assert samples.throttled_rounds == 14  # the last one is after the end
    assert samples.stop == "converged"


def test_a_round_is_thrown_away_for_all_so_that_pairs_stay_pairs(machine):
    """The machine is slower from round to round; only one of two cases was slowed down in the third."""
    n = 40
    one = [at((i + 1) * TICK) for i in range(n)]
    two = [at(2 * (i + 1) * TICK) for i in range(n)]
    one[2] = slow(3 * TICK)

    def interleaved(readings):  # each timed call has an untimed one before it: calls are short
        return chain.from_iterable((reading, reading) for reading in readings)

    steps = {
        "one": machine.network(chain(repeat(COOL, WARM), interleaved(one))),
        "two": machine.network(chain(repeat(at(2 * TICK), WARM), interleaved(two))),
    }
    rule = Rule(max_s=1e9, min_samples=6, max_samples=20)
    results = machine.collect(steps, rule)
    assert [b / a for a, b in zip(results["one"].wall_s, results["two"].wall_s, strict=True)] == [
        2.0
    ] * 19
    assert 3 * TICK not in results["one"].wall_s
    assert 6 * TICK not in results["two"].wall_s
    assert [r.throttled_rounds for r in results.values()] == [1, 1]


def test_one_slow_sample_of_a_visit_spoils_its_round(machine):
    """A case of 1 ms beside one of 64 ms is timed 15 times a round."""
    short, long = at(2.0**-10), at(2.0**-4)
    slowed = [
        *repeat(short, 8),
        slow(2.0**-9),
        *repeat(short, 7),
    ]  # one untimed call, 15 timed ones
    steps = {
        "short": machine.network(chain(repeat(short, 1 + 103), slowed, repeat(short))),
        "long": machine.network(repeat(long)),
    }
    samples = machine.collect(steps)["short"]
    assert samples.samples_per_round == 15
    assert samples.throttled_rounds == 1
    assert set(samples.wall_s) == {2.0**-10}


def test_warm_up_may_be_slowed_down(machine):
    readings = chain(repeat(slow(TICK), WARM), repeat(COOL))
    assert machine.collect({"a": machine.network(readings)})["a"].throttled_rounds == 0


def test_an_untimed_call_may_be_slowed_down(machine):
    untimed_first = chain(repeat(COOL, WARM), cycle([slow(TICK), COOL]))
    steps = {"a": machine.network(untimed_first), "b": machine.network(repeat(COOL))}
    assert machine.collect(steps)["a"].throttled_rounds == 0


@pytest.mark.parametrize("cases", [1, 3])
def test_where_all_rounds_were_slowed_down_each_case_has_an_error_that_says_so(machine, cases):
    """Ten rounds of a second fit into ten seconds of each case."""
    steps = {str(i): machine.network(chain(repeat(at(1.0)), [])) for i in range(cases)}
    steps["0"] = machine.network(chain(repeat(at(1.0), 4), repeat(slow(1.0, "power cap"))))
    results = machine.collect(steps)
    assert list(results) == [str(i) for i in range(cases)]
    for error in results.values():
        assert isinstance(error, NotAvailable)
        assert error.message == "the device was slowed down (power cap) in all 10 rounds."
        assert error.hint
        assert error.exit_code == 4


def test_the_only_round_there_was_time_for_may_have_been_slowed_down(machine):
    hot = machine.network(chain(repeat(COOL, WARM), repeat(slow(1.0))))
    error = machine.collect({"a": hot}, Rule(max_s=1.0))["a"]
    assert error.message == "the device was slowed down (too hot) in all 1 rounds."


def test_a_case_that_failed_keeps_its_own_error_where_all_rounds_were_slowed_down(machine):
    own = RuntimeError("no kernel")
    steps = {"bad": machine.network([own]), "hot": machine.network(repeat(slow(1.0)))}
    results = machine.collect(steps)
    assert results["bad"] is own
    assert isinstance(results["hot"], NotAvailable)


def test_throttled_rounds_are_paid_for_from_the_budget(machine):
    readings = chain(repeat(at(1.0), 4), cycle([slow(1.0), at(1.0)]))
    samples = machine.collect({"a": machine.network(readings)}, Rule(max_s=10.0))["a"]
    assert len(samples.wall_s) + samples.throttled_rounds == 10
    assert len(samples.wall_s) == 5


def test_a_clock_that_stands_still_ends_throttled_rounds_too():
    rule = Rule(min_samples=6, max_samples=50)
    steps = {"a": lambda _: slow(TICK)}
    still = chain(map(float, range(100)), repeat(100.0))  # it moves during the warm-up only
    result = collect(steps, rule, clock=still.__next__, rng=random.Random(0))["a"]
    assert isinstance(result, NotAvailable)


def test_ctrl_c_before_any_round_that_counts_passes_through(machine):
    readings = chain(repeat(COOL, WARM), repeat(slow(TICK), 5), [KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        machine.collect({"a": machine.network(readings)})


def test_ctrl_c_keeps_the_count(machine):
    readings = chain(repeat(COOL, WARM), [COOL, slow(TICK), COOL], [KeyboardInterrupt()])
    samples = machine.collect({"a": machine.network(readings)})["a"]
    assert samples.stop == "interrupted"
    assert (len(samples.wall_s), samples.throttled_rounds) == (2, 1)


# the device's own clock


def test_the_time_that_counts_is_the_devices_where_it_has_one():
    assert Reading(3.0, device_s=2.0).time_s == 2.0
    assert Reading(3.0, launch_s=1.0, cpu_s=1.0).time_s == 3.0


def test_a_steady_device_converges_under_a_wall_clock_that_never_would(machine):
    readings = chain(
        repeat(at(TICK, TICK / 2), WARM), cycle([at(TICK, TICK / 2), at(9 * TICK, TICK / 2)])
    )
    samples = machine.collect({"a": machine.network(readings)})["a"]
    assert samples.stop == "converged"
    assert len(samples.wall_s) == 30
    assert summarize(samples).median_s == TICK / 2


def test_an_unsteady_device_does_not_converge_under_a_steady_wall_clock(machine):
    readings = chain(
        repeat(at(TICK, TICK / 8), WARM), cycle([at(TICK, TICK / 8), at(TICK, TICK / 2)])
    )
    samples = machine.collect({"a": machine.network(readings)}, Rule(max_s=1.0))["a"]
    assert samples.stop == "max_seconds"
    assert len(samples.wall_s) == 64  # all that fit into a second


def test_warm_up_goes_on_until_the_device_is_steady(machine):
    """Its time halves with every call at first; the wall clock says the same all along."""
    halving = [at(TICK, TICK / 2**i) for i in range(1, 20)]
    readings = chain(halving, repeat(at(TICK, TICK / 2**19)))
    samples = machine.collect({"a": machine.network(readings)})["a"]
    # Two windows of five agree when both medians are of steady calls: 18 of the halving ones are in
    # the warm-up, and the last three of ten may still be among the first window.
    assert samples.warmup_calls > 18 + 5
    assert set(samples.device_s) == {TICK / 2**19}


def test_ratios_are_those_of_the_devices_clock(machine):
    """A wall clock with noise that no pairing removes; the device's ratio is 2 in every round."""
    noise = random.Random(1)

    def readings(device_s):
        return chain(
            repeat(at(TICK, device_s), WARM),
            (at(TICK * noise.uniform(1, 50), device_s) for _ in count()),
        )

    steps = {"a": machine.network(readings(2.0**-8)), "b": machine.network(readings(2.0**-7))}
    results = machine.collect(steps, Rule(max_s=1e6), compared={"b": "a"})
    assert [r.stop for r in results.values()] == ["converged", "converged"]
    assert len(results["a"].wall_s) == 30


# clocks


def test_every_clock_is_kept_in_the_order_of_the_rounds(machine):
    all_clocks = [
        Reading(TICK, TICK / 2, TICK / 4, TICK / 8, TICK / 16, TICK / (32 + i)) for i in range(100)
    ]
    readings = chain(all_clocks[:1] * WARM, all_clocks)
    samples = machine.collect({"a": machine.network(readings)})["a"]
    n = len(samples.wall_s)
    assert samples.cpu_s == (TICK / 2,) * n
    assert samples.device_s == (TICK / 4,) * n
    assert samples.launch_s == (TICK / 8,) * n
    assert samples.to_device_s == (TICK / 16,) * n
    assert samples.to_host_s == tuple(TICK / (32 + i) for i in range(n))


@pytest.mark.parametrize("clock", ["cpu_s", "device_s", "launch_s", "to_device_s", "to_host_s"])
def test_a_clock_that_misses_a_sample_is_left_out_and_the_others_stay(machine, clock):
    whole = Reading(TICK, TICK / 2, TICK / 2, TICK / 2, TICK / 2, TICK / 2)
    readings = chain(repeat(whole, WARM + 3), [whole._replace(**{clock: None})], repeat(whole))
    samples = machine.collect({"a": machine.network(readings)})["a"]
    names = {"wall_s", "cpu_s", "device_s", "launch_s", "to_device_s", "to_host_s"}
    assert getattr(samples, clock) == ()
    assert all(len(getattr(samples, name)) == len(samples.wall_s) for name in names - {clock})


def test_clocks_of_no_readings_are_empty():
    assert set(clocks([]).values()) == {()}


@pytest.mark.parametrize("good", [0, 1, WARM + 1], ids=["first call", "warm-up", "round"])
@pytest.mark.parametrize("bad_s", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("clock", ["device_s", "launch_s", "to_device_s", "to_host_s"])
def test_a_time_of_the_device_that_cannot_be_ends_the_case_not_the_run(machine, clock, bad_s, good):
    whole = Reading(TICK, None, TICK, TICK, TICK, TICK)
    readings = chain(repeat(whole, good), [whole._replace(**{clock: bad_s})], repeat(whole))
    results = machine.collect(
        {"bad": machine.network(readings), "b": machine.network(repeat(COOL))}
    )
    assert isinstance(results["bad"], ValueError)
    assert clock in str(results["bad"])
    assert results["b"].stop == "converged"


# samples


def samples(**changes):
    whole = {"wall_s": (4.0, 5.0), "first_call_s": 9.0, "warmup_calls": 1, "stop": "converged"}
    return Samples(**{**whole, **changes})


@pytest.mark.parametrize("clock", ["device_s", "launch_s", "to_device_s", "to_host_s"])
@pytest.mark.parametrize(
    "times",
    [
        (1.0,),
        (1.0, 2.0, 3.0),
        (1.0, 0.0),
        (1.0, -1.0),
        (1.0, math.nan),
        (math.inf, 1.0),
        (1.0, True),
    ],
)
def test_samples_that_cannot_be_cannot_be_built(clock, times):
    with pytest.raises(ValueError, match=clock):
        samples(**{clock: times})
    assert getattr(samples(**{clock: (1.0, 2.0)}), clock) == (1.0, 2.0)


def test_a_count_of_throttled_rounds_is_not_below_zero():
    assert samples(throttled_rounds=0).throttled_rounds == 0
    with pytest.raises(ValueError, match="throttled_rounds"):
        samples(throttled_rounds=-1)


def test_what_counts_in_samples_is_the_devices_time():
    assert samples().times_s == (4.0, 5.0)
    assert samples(device_s=(1.0, 2.0), launch_s=(3.0, 3.0)).times_s == (1.0, 2.0)


def test_a_latency_is_of_the_devices_times_and_its_rounds():
    """Rounds of three: medians 2 and 8, and 5 between them."""
    timed = samples(
        wall_s=(100.0,) * 6, device_s=(1.0, 2.0, 9.0, 7.0, 8.0, 50.0), samples_per_round=3
    )
    latency = summarize(timed)
    assert (latency.median_s, latency.min_s, latency.n) == (5.0, 1.0, 6)


def test_a_latency_without_a_device_clock_is_of_the_wall():
    assert summarize(samples(launch_s=(1.0, 1.0))).median_s == 4.5


# launch-bound: more than nine tenths of the wall time


@pytest.mark.parametrize(
    ("launch_s", "bound"),
    [
        (9.0, False),
        (math.nextafter(9.0, 10.0), True),
        (math.nextafter(9.0, 0.0), False),
        (10.0, True),
    ],
)
def test_launch_bound_is_more_than_nine_tenths_of_the_wall(launch_s, bound):
    assert LAUNCH_BOUND == 0.9
    timed = samples(wall_s=(10.0,), launch_s=(launch_s,), device_s=(0.001,))
    assert launch_bound(timed) is bound


def test_launch_bound_is_said_of_the_usual_call():
    assert launch_bound(samples(wall_s=(10.0,) * 3, launch_s=(9.5, 9.5, 1.0)))
    assert not launch_bound(samples(wall_s=(10.0,) * 3, launch_s=(9.5, 1.0, 1.0)))


def test_without_launch_times_nothing_is_known_to_be_launch_bound():
    assert launch_bound(samples(device_s=(1.0, 1.0))) is False
