"""Times that were taken, and the latency that they show: what cannot be true cannot be built."""

from __future__ import annotations

import math

import pytest

from lightbench.records import Latency, Samples
from lightbench.records.samples import launch_bound

UNKNOWN = {"low_s": None, "high_s": None, "p90_s": None, "p99_s": None}


def latency(**changes):
    return Latency(**({"median_s": 0.010, "min_s": 0.009, "n": 30, **UNKNOWN} | changes))


def samples(**changes):
    known = {"wall_s": (0.010, 0.011, 0.012), "first_call_s": 0.5, "warmup_calls": 3}
    return Samples(**({"stop": "converged"} | known | changes))


# A latency.


def test_no_median_is_below_the_shortest_time():
    above = math.nextafter(0.010, 1)
    with pytest.raises(ValueError, match="not below its minimum"):
        latency(median_s=0.010, min_s=above)
    assert latency(median_s=above, min_s=0.010).min_s == 0.010


def test_where_all_times_are_the_same_the_shortest_is_the_median():
    assert latency(median_s=0.010, min_s=0.010, n=1).min_s == 0.010


def test_a_latency_is_that_of_one_sample_or_more():
    for n in (0, -1):
        with pytest.raises(ValueError, match="a latency needs samples"):
            latency(n=n)


@pytest.mark.parametrize("name", ["median_s", "min_s", *UNKNOWN])
@pytest.mark.parametrize("time_s", [0.0, -0.001, 1e-13, 1e10, math.nan, math.inf, True])
def test_every_time_of_a_latency_is_one_that_a_call_may_take(name, time_s):
    with pytest.raises(ValueError, match="latency must be finite and above zero"):
        latency(**{name: time_s})


def test_half_the_width_of_the_interval_is_a_fraction_of_the_median():
    assert latency(low_s=0.0098, high_s=0.0104).rel == pytest.approx(0.0006 / 2 / 0.010)
    assert latency(low_s=0.0098).rel is None
    assert latency(high_s=0.0104).rel is None


# Samples.


def test_a_picosecond_and_thirty_years_are_times_yet():
    ends = (1e-12, 1e9)
    assert samples(wall_s=ends).wall_s == ends
    for beyond in (math.nextafter(1e-12, 0), math.nextafter(1e9, math.inf)):
        with pytest.raises(ValueError, match="wall_s must be finite and above zero"):
            samples(wall_s=(beyond,))


def test_a_sample_is_of_one_call_and_a_round_of_one_sample_unless_it_is_said():
    one = samples()
    assert (one.calls_per_sample, one.samples_per_round, one.throttled_rounds) == (1, 1, 0)


def test_a_device_with_a_clock_of_its_own_says_how_long_a_call_takes():
    wall, own = (0.010, 0.011, 0.012), (0.008, 0.009, 0.007)
    assert samples(wall_s=wall).times_s == wall
    assert samples(wall_s=wall, device_s=own).times_s == own


@pytest.mark.parametrize("name", ["device_s", "launch_s", "to_device_s", "to_host_s"])
def test_no_clock_but_that_of_the_thread_says_zero(name):
    """A thread's clock may tick more coarsely than a call is long."""
    assert samples(cpu_s=(0.0, 0.0, 0.0)).cpu_s == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match=f"{name} must be finite and above zero"):
        samples(**{name: (0.010, 0.0, 0.010)})


@pytest.mark.parametrize("changes", [{"wall_s": (0.010, 0.0, 0.010)}, {"first_call_s": 0.0}])
def test_no_call_takes_no_time(changes):
    (name,) = changes
    with pytest.raises(ValueError, match=f"{name} must be finite and above zero"):
        samples(**changes)


def test_a_threads_clock_does_not_run_backwards():
    with pytest.raises(ValueError, match="cpu_s must be finite"):
        samples(cpu_s=(0.010, -1e-9, 0.010))


@pytest.mark.parametrize("name", ["cpu_s", "device_s", "launch_s", "to_device_s", "to_host_s"])
@pytest.mark.parametrize("n", [2, 4])
def test_a_clock_that_was_read_was_read_for_each_sample(name, n):
    with pytest.raises(ValueError, match=f"wall_s and {name} must have the same length"):
        samples(**{name: (0.010,) * n})


def test_rounds_are_whole_and_those_thrown_away_a_count():
    assert samples(samples_per_round=3, throttled_rounds=0).throttled_rounds == 0
    for per_round in (2, 0, -1, -3):
        with pytest.raises(ValueError, match="whole rounds"):
            samples(samples_per_round=per_round)
    with pytest.raises(ValueError, match="is a count"):
        samples(throttled_rounds=-1)


def test_the_host_holds_the_device_up_above_nine_tenths_of_a_calls_time():
    wall = (0.010,) * 3
    assert launch_bound(samples(wall_s=wall, launch_s=(0.0091,) * 3))
    assert not launch_bound(samples(wall_s=wall, launch_s=(0.9 * 0.010,) * 3))
    assert launch_bound(samples(wall_s=wall)) is False  # not known
