"""The verdict about pairs: what an interval says, when to look, how often it may be wrong."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.errors import UsageError
from lightbench.stats.ratio import Ratio, paired_ratio
from lightbench.stats.verdict import confidence, detectable, judge, looks_s
from lightbench.studies.compare.tolerance import check_tolerance

MIRROR = {"slower": "faster", "faster": "slower", "same": "same", "unclear": "unclear"}


def ratio(low, high, n=100):
    return Ratio(
        log=(math.log(low) + math.log(high)) / 2,
        log_low=math.log(low),
        log_high=math.log(high),
        n=n,
    )


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.03, 1.05, "slower"),
        (0.95, 0.97, "faster"),
        (0.99, 1.01, "same"),
        (1.005, 1.015, "same"),  # differs, but by less than matters
        (0.985, 0.995, "same"),
        (0.97, 0.99, "unclear"),
        (1.01, 1.05, "unclear"),  # may be within the tolerance
        (0.97, 1.03, "unclear"),
        (1.0, 1.5, "unclear"),
    ],
)
def test_a_verdict_is_about_the_whole_interval(low, high, verdict):
    assert judge(ratio(low, high), 0.02) == verdict


@pytest.mark.parametrize(("low", "high"), [(None, None), (0.9, None), (None, 1.1)])
def test_without_both_ends_of_an_interval_nothing_is_said(low, high):
    without = Ratio(log=1.0, log_low=low, log_high=high, n=3)
    assert judge(without, 0.02) == "unclear"
    assert detectable(without, 0.02, 0.99) is None


@pytest.mark.parametrize("log", [math.log1p(0.02), -math.log1p(0.02)])
def test_a_difference_that_is_exactly_tolerated_is_none(log):
    assert judge(Ratio(log, log, log, 9), 0.02) == "same"
    beyond = math.nextafter(log, 2 * log)
    assert judge(Ratio(beyond, beyond, beyond, 9), 0.02) == ("slower" if log > 0 else "faster")


def test_two_percent_are_tolerated_where_nothing_else_is_said():
    assert judge(ratio(1.0201, 1.05)) == "slower"
    assert judge(ratio(1.0, 1.0199)) == "same"


times = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=60)


@given(st.data())
def test_swapping_the_sides_mirrors_the_verdict(data):
    a = data.draw(times)
    b = data.draw(st.lists(st.floats(1e-6, 1e3), min_size=len(a), max_size=len(a)))
    one, other = paired_ratio(a, b, 0.99), paired_ratio(b, a, 0.99)
    assert judge(other, 0.02) == MIRROR[judge(one, 0.02)]


@given(times, st.sampled_from([2.0**k for k in range(-9, 10)]))
def test_the_unit_of_time_does_not_matter(a, scale):
    b = [1.1 * x for x in a]
    scaled = paired_ratio([scale * x for x in a], [scale * x for x in b], 0.99)
    assert judge(scaled, 0.02) == judge(paired_ratio(a, b, 0.99), 0.02)


def test_a_drift_that_both_sides_share_changes_nothing():
    drifting = [1e-3 * 1.01**i for i in range(300)]  # twenty times slower at the end
    assert judge(paired_ratio(drifting, drifting, 0.998), 0.02) == "same"


def test_ties_and_no_variance_are_judged():
    assert judge(paired_ratio([1.0] * 20, [1.0] * 20, 0.998), 0.02) == "same"
    assert judge(paired_ratio([1.0] * 20, [1.04] * 20, 0.998), 0.02) == "slower"


def test_one_pair_is_unclear():
    assert judge(paired_ratio([1.0], [9.0], 0.99), 0.02) == "unclear"


@pytest.mark.parametrize(
    ("seconds", "looks"),
    [
        (2, (2,)),
        (5, (5,)),
        (20, (5, 10, 20)),
        (60, (5, 10, 20, 40, 60)),
        (90, (5, 10, 20, 40, 60, 90)),
        (300, (5, 10, 20, 40, 60, 120, 240, 300)),
    ],
)
def test_looks_are_few_and_the_last_is_at_the_end(seconds, looks):
    assert looks_s(seconds) == looks


def test_the_permitted_error_is_split_over_looks_and_comparisons():
    assert confidence(1) == pytest.approx(0.99)
    assert confidence(5) == pytest.approx(0.998)
    assert confidence(5, comparisons=10) == pytest.approx(0.9998)


def test_the_smallest_slowdown_is_found_in_95_percent_of_runs():
    """A simulation: normal pairs whose true slowdown is what `detectable` says."""
    rng = random.Random(5)
    level, sigma, n = 0.99, 0.05, 400

    def run(effect):
        logs = [rng.gauss(math.log1p(effect), sigma) for _ in range(n)]
        return paired_ratio([1.0] * n, [math.exp(x) for x in logs], level)

    effects = sorted(detectable(run(0.0), 0.02, level) for _ in range(40))
    effect = effects[20]
    found = sum(judge(run(effect), 0.02) == "slower" for _ in range(300)) / 300
    assert 0.90 <= found <= 0.99
    weaker = sum(judge(run(0.7 * effect), 0.02) == "slower" for _ in range(300)) / 300
    assert weaker < 0.6


@pytest.mark.parametrize("tolerance", [-0.01, 1.0, math.nan, math.inf, True, "2%", None])
def test_a_tolerance_is_a_fraction(tolerance):
    with pytest.raises(UsageError):
        check_tolerance(tolerance)


# --- whole runs on simulated machines: looks at 5, 10, 20 s, as `compare` has them


def quiet(rng):
    return lambda: rng.gauss(0, 0.03)


def preempted(rng):
    """Most calls are calm, one in five is interrupted for up to three times its length."""
    return lambda: rng.gauss(0, 0.02) + (rng.expovariate(1.2) if rng.random() < 0.2 else 0)


def bimodal(rng):
    """A clock that jumps between two speeds, every few hundred calls."""
    state = {"left": 0, "level": 0.0}

    def noise():
        if state["left"] == 0:
            state["left"], state["level"] = rng.randrange(50, 400), rng.choice([0.0, 0.35])
        state["left"] -= 1
        return state["level"] + rng.gauss(0, 0.02)

    return noise


def gate(noise, effect, *, pairs_per_s=60, looks=(5, 10, 20)):
    """The verdict of one run with the machine's ``noise``, and the seconds it took."""
    level = confidence(len(looks))
    a, b = [], []
    for look in looks:
        while len(a) < look * pairs_per_s:
            a.append(math.exp(noise()))
            b.append(math.exp(noise()) * (1 + effect))
        verdict = judge(paired_ratio(a, b, level), 0.02)
        if verdict != "unclear":
            return verdict, look
    return "unclear", looks[-1]


SHAPES = {"quiet": quiet, "preempted": preempted, "bimodal": bimodal}


@pytest.mark.parametrize("shape", SHAPES)
def test_identical_models_are_never_called_slower_or_faster_in_200_runs(shape):
    noise = SHAPES[shape](random.Random(11))
    verdicts = [gate(noise, 0.0)[0] for _ in range(200)]
    assert set(verdicts) <= {"same", "unclear"}
    assert verdicts.count("same") >= 190


@pytest.mark.parametrize("shape", SHAPES)
def test_four_percent_are_found_in_95_of_100_runs(shape):
    noise = SHAPES[shape](random.Random(12))
    assert sum(gate(noise, 0.04)[0] == "slower" for _ in range(100)) >= 95


def test_a_slowdown_within_the_tolerance_fails_no_build():
    noise = preempted(random.Random(13))
    assert all(gate(noise, 0.015)[0] != "slower" for _ in range(100))


def test_the_inverse_of_a_ratio_is_what_swapped_sides_give_to_the_last_bit():
    a, b = [1.0, 1.1, 0.9, 1.2, 1.0, 1.3, 0.8], [1.4, 1.5, 1.0, 1.3, 1.7, 1.1, 0.9]
    assert paired_ratio(a, b).inverse == paired_ratio(b, a)
    assert paired_ratio(a[:3], b[:3]).inverse == paired_ratio(b[:3], a[:3])  # without bounds
