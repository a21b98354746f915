"""The latency that samples show, and whether others took the CPU away."""

from __future__ import annotations

import pytest

from lightbench.records import Samples
from lightbench.timing.summary import contended, summarize


def samples(wall, cpu=()):
    return Samples(
        wall_s=tuple(wall), cpu_s=tuple(cpu), first_call_s=1.0, warmup_calls=3, stop="converged"
    )


def test_summary_of_one_to_a_hundred_milliseconds():
    latency = summarize(samples([i / 1000 for i in range(100, 0, -1)]))
    assert latency.median_s == pytest.approx(0.0505)
    assert (latency.low_s, latency.high_s) == (0.040, 0.061)
    assert latency.p90_s == pytest.approx(0.0901)
    assert latency.p99_s == pytest.approx(0.09901)
    assert (latency.min_s, latency.n) == (0.001, 100)


def test_one_sample_has_a_median_and_nothing_else():
    latency = summarize(samples([0.5]))
    assert (latency.median_s, latency.min_s, latency.n) == (0.5, 0.5, 1)
    assert latency.low_s is latency.high_s is latency.p90_s is latency.p99_s is None
    assert latency.cpu_median_s is None


@pytest.mark.parametrize(("n", "p90", "p99"), [(9, False, False), (10, True, False),
                                               (99, True, False), (100, True, True)])  # fmt: skip
def test_percentiles_need_their_number_of_samples(n, p90, p99):
    latency = summarize(samples([1.0] * n))
    assert (latency.p90_s is not None, latency.p99_s is not None) == (p90, p99)


def test_summary_keeps_the_cpu_median():
    assert summarize(samples([2, 2, 2], [1, 0, 2])).cpu_median_s == 1


def test_no_samples_have_no_summary():
    with pytest.raises(ValueError, match="at least one"):
        summarize(samples([]))


def test_the_median_of_rounds_is_not_moved_by_one_bad_call_in_each():
    """Three rounds of three calls, each with one call that was interrupted."""
    samples = Samples(
        wall_s=(1.0, 9.0, 1.0, 2.0, 2.0, 9.0, 9.0, 3.0, 3.0),
        samples_per_round=3,
        first_call_s=1.0,
        warmup_calls=1,
        stop="max_seconds",
    )
    latency = summarize(samples)
    assert (latency.median_s, latency.min_s, latency.n) == (2.0, 1.0, 9)


# contended


def test_a_call_alone_on_one_thread_is_on_the_cpu_all_the_time():
    assert not contended(samples([1.0] * 10, [0.99] * 10), threads=1)
    assert not contended(samples([1.0] * 10, [1.01] * 10), threads=1)


def test_one_thread_that_lost_a_tenth_of_its_time_was_contended():
    assert contended(samples([1.0] * 10, [0.9] * 10), threads=1)


def test_a_few_lost_time_slices_are_not_contention():
    assert not contended(samples([1.0] * 6 + [2.0] * 4, [1.0] * 10), threads=1)


@pytest.mark.parametrize("threads", [2, None])
def test_a_thread_that_always_waits_for_others_is_not_contended(threads):
    assert not contended(samples([1.0, 1.1] * 10, [0.5, 0.55] * 10), threads=threads)


@pytest.mark.parametrize("threads", [2, None])
def test_threads_that_usually_wait_more_than_in_the_calm_were_contended(threads):
    wall = [1.0] * 5 + [1.5] * 15
    assert contended(samples(wall, [0.9] * 20), threads=threads)


def test_contention_is_not_guessed():
    assert contended(samples([1.0] * 10), threads=1) is False  # no thread clock
    assert contended(samples([1.0] * 5, [0.1] * 5), threads=1) is False  # too few
    assert (
        contended(samples([1.0] * 10, [0.0] * 9 + [0.1]), threads=1) is False
    )  # too coarse a clock


def on_the_cpu(*shares):
    """Samples a second apart in length, the fastest first, which were on the CPU for such shares."""
    wall = [float(i) for i in range(10, 10 + len(shares))]
    cpu = [share * wall_s for share, wall_s in zip(shares, wall, strict=True)]
    return Samples(
        wall_s=tuple(wall), cpu_s=tuple(cpu), first_call_s=1.0, warmup_calls=3, stop="converged"
    )


def test_six_samples_are_enough_to_tell_and_five_are_not():
    assert contended(on_the_cpu(*[0.9] * 6), threads=1)
    assert not contended(on_the_cpu(*[0.9] * 5), threads=1)


def test_a_share_of_exactly_95_percent_is_undisturbed():
    one = Samples(
        wall_s=(1.0,) * 6, cpu_s=(0.95,) * 6, first_call_s=1.0, warmup_calls=3, stop="converged"
    )
    assert not contended(one, threads=1)


def test_the_fastest_quarter_of_six_samples_is_two_of_them():
    """Their median is 0.9; 95 % of it is 0.855, and of the fastest one alone 0.76."""
    assert contended(on_the_cpu(0.8, 1.0, *[0.84] * 4), threads=2)
    assert not contended(on_the_cpu(0.8, 1.0, *[0.86] * 4), threads=2)
