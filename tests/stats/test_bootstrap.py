"""What gates would have said: streams whose truth is known, exact binomials, and a search by hand."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.stats.bootstrap import (
    BLOCK_S,
    blocks_of,
    cut,
    draw,
    least_found,
    mirrored,
    odds,
    two_runs,
    upper_bound,
    verdict_of,
)
from lightbench.stats.ratio import Ratio, paired_ratio
from lightbench.stats.verdict import confidence, judge

CALL_S = 0.025  # 50 pairs in a block


def gaussian(rng):
    return CALL_S * math.exp(rng.gauss(0, 0.05))


def preempted(rng):
    """One call in six loses its time slice, some of them for long."""
    return CALL_S * math.exp(rng.gauss(0, 0.01)) + (
        rng.paretovariate(1.2) * 0.004 if rng.random() < 1 / 6 else 0
    )


def bimodal(rng):
    """Two clock frequencies, at random."""
    return CALL_S * rng.choice((1.0, 1.25)) * math.exp(rng.gauss(0, 0.01))


NOISE = [gaussian, preempted, bimodal]


class InOrder(random.Random):
    """Draws every block once, in order: a run that was really made."""

    def choices(self, blocks, *, k):
        taken, blocks[:] = blocks[:k], blocks[k:]
        return taken


class OneEach(random.Random):
    """Draws for each run the one block whose turn it is, for all of its length."""

    def __init__(self, turns):
        self.turns = iter(turns)

    def choices(self, blocks, *, k):
        return [blocks[next(self.turns)]] * k


def drawn(logs, turns, **how):
    """Gates of 5 s, each of a block in which all pairs have one of the ``logs``."""
    how = {"dosed": [], "dose": 0.0, "tolerance": 0.02} | how
    blocks = [[log] * 50 for log in logs]
    how = {"runs": len(turns)} | how
    made, *longer = odds(blocks, rng=OneEach(turns), **how)
    assert longer == [None, None]
    return made


def stream(noise, rng, seconds, dose=0.0):
    n = round(seconds / (2 * CALL_S))
    a = [noise(rng) for _ in range(n)]
    b = [noise(rng) * (1 + dose) for _ in range(n)]
    return a, b, [2 * CALL_S] * n


def fresh(noise, rng, dose=0.0, seconds=20):
    """The looks of one run that was really made."""
    blocks = blocks_of(*stream(noise, rng, seconds + 2 * BLOCK_S, dose))
    return list(draw(blocks, seconds, InOrder()))


def ratio(low, high, n=100):
    return Ratio((low + high) / 2, low, high, n)


# Gates on streams whose truth is known.


@pytest.mark.parametrize("noise", NOISE)
def test_identical_sides_are_called_slower_in_at_most_one_of_a_hundred_runs(noise):
    rng = random.Random(1)
    said = [verdict_of(fresh(noise, rng), 0.02) for _ in range(200)]
    assert said.count("slower") + said.count("faster") <= 2


def test_with_no_tolerance_false_alarms_are_those_that_the_looks_share():
    """Then every miss of an interval is one: 1 % of runs, over three looks."""
    rng = random.Random(2)
    said = [verdict_of(fresh(gaussian, rng), 0.0) for _ in range(1000)]
    assert 1 <= said.count("slower") + said.count("faster") <= 17  # P(more) = 1 % at 1 %


@pytest.mark.parametrize("noise", NOISE)
def test_a_dose_of_four_percent_is_found(noise):
    rng = random.Random(3)
    said = [verdict_of(fresh(noise, rng, dose=0.04), 0.02) for _ in range(200)]
    assert said.count("slower") >= 180
    assert "faster" not in said


@pytest.mark.parametrize("noise", NOISE)
def test_one_run_drawn_again_and_again_says_the_same(noise):
    rng = random.Random(4)
    alike = blocks_of(*stream(noise, rng, 60))
    dosed = blocks_of(*stream(noise, rng, 60, dose=0.04))
    for made in odds(alike, dosed, 0.04, 0.02, rng, runs=200):
        assert made.alarms <= 2
        assert made.seconds < 60 or made.found >= 0.95
        assert made.smallest > 0.02 or noise is bimodal  # an interval that is a single value


def test_the_smallest_slowdown_found_is_one_that_is_found():
    rng = random.Random(5)
    (made, *_) = odds(blocks_of(*stream(gaussian, rng, 60)), [], 0.0, 0.02, rng, runs=400)
    said = [verdict_of(fresh(gaussian, rng, made.smallest, 5), 0.02) for _ in range(400)]
    assert 0.88 <= said.count("slower") / 400 <= 0.99


def test_a_machine_that_drifts_changes_nothing_for_pairs_and_all_for_two_runs():
    a, b, spent_s = stream(gaussian, random.Random(6), 60)
    drift = [1 + i / len(a) for i in range(len(a))]
    drifting = [[x * d for x, d in zip(side, drift, strict=True)] for side in (a, b)]
    still, drifted = (blocks_of(*sides, spent_s) for sides in ((a, b), drifting))
    assert [x for block in drifted for x in block] == pytest.approx(
        [x for block in still for x in block]
    )
    assert two_runs(a, spent_s).apart[1] == 0
    assert two_runs(drifting[0], spent_s).apart[1] > 0.7


def test_the_same_seed_draws_the_same_gates():
    blocks = blocks_of(*stream(preempted, random.Random(7), 30))
    first, again, other = (
        odds(blocks, blocks, 0.04, 0.02, random.Random(seed), runs=50) for seed in (1, 1, 2)
    )
    assert first == again != other


# Blocks.


def test_a_block_ends_with_the_round_that_fills_it_and_the_rest_is_left_out():
    assert cut([1.0, 1.0, 0.5, 3.0, 1.0, 1.0], 2.5) == [range(3), range(3, 4)]
    assert cut([], 2.5) == []


def test_a_run_draws_whole_blocks_until_each_look():
    blocks = [[0.0] * 10, [0.0] * 10]
    assert [look.n for look in draw(blocks, 20, random.Random(0))] == [20, 40, 80]  # 5, 10, 20 s
    assert [look.n for look in draw(blocks, 5, random.Random(0))] == [20]


def test_a_run_knows_what_a_comparison_of_the_same_pairs_does():
    """Of 7 pairs in blocks of 3 and 4, whose logarithms lie between one another's."""
    logs = [0.5, 0.1, 0.3, 0.2, 0.7, 0.4, 0.6]
    a = [CALL_S * i for i in range(1, 8)]
    b = [x * math.exp(log) for x, log in zip(a, logs, strict=True)]
    blocks = blocks_of(a, b, [1.0, 1.0, 0.5, 1.0, 0.5, 0.5, 0.5])
    assert [len(block) for block in blocks] == [3, 4]
    (look,) = draw(blocks, 5, InOrder())
    assert look == paired_ratio(a, b, confidence(looks=1))
    assert look.log == pytest.approx(0.4)


def test_blocks_are_drawn_whole():
    """One block is slow, one is not: a look at two of them sees all of each."""
    blocks = [[0.0] * 10, [1.0] * 10]
    rng = random.Random(1)
    assert {(r.log_low, r.log_high) for _ in range(50) for r in draw(blocks, 5, rng)} == {
        (0.0, 0.0),
        (0.0, 1.0),
        (1.0, 1.0),
    }


@pytest.mark.parametrize(
    ("blocks", "known"), [(0, ""), (1, ""), (2, "5"), (7, "5"), (8, "5 20 60"), (24, "5 20 60")]
)
def test_no_gate_is_drawn_from_too_little(blocks, known):
    alike = [[-0.001, 0.0, 0.001] * 4] * blocks
    made = odds(alike, alike, 0.04, 0.02, random.Random(0), runs=5)
    assert " ".join(f"{m.seconds:.0f}" for m in made if m) == known
    assert [m.seconds for m in made if m and m.extrapolated] == ([60] if blocks == 8 else [])


def test_a_machine_without_noise_finds_all_that_is_above_the_tolerance():
    made = odds([[0.0] * 50] * 24, [[0.04] * 50] * 24, 0.04, 0.02, random.Random(0), runs=20)
    for one in made:
        assert (one.alarms, one.same, one.unclear, one.found) == (0, 1.0, 0.0, 1.0)
        assert one.smallest == pytest.approx(0.02)
        assert one.clear_at == 0.005


def test_the_smallest_slowdown_is_that_of_the_worse_direction():
    """Copies that differ by 1 % by chance: the slower of them is as likely to be the old one."""
    made, *_ = odds([[0.01] * 50] * 2, [], 0.0, 0.02, random.Random(0), runs=20)
    assert made.smallest == pytest.approx(1.02 * math.exp(0.01) - 1)


def test_too_few_pairs_for_an_interval_are_unclear_and_find_nothing():
    made, *_ = odds([[0.0]] * 24, [[0.04]] * 24, 0.04, 0.02, random.Random(0), runs=20)
    assert (made.unclear, made.found, made.smallest, made.clear_at) == (1.0, 0.0, None, None)


@pytest.mark.parametrize("log", [-0.04, 0.04])
def test_identical_sides_that_are_called_faster_are_as_false_an_alarm_as_slower_ones(log):
    made, *_ = odds([[log] * 50] * 24, [], 0.0, 0.02, random.Random(0), runs=20)
    assert (made.alarms, made.alarm_rate, made.same, made.unclear) == (20, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("tolerance", [0.04, 0.05])
def test_a_dose_within_the_tolerance_is_not_looked_for(tolerance):
    made, *_ = odds([[0.0] * 9] * 2, [[0.04] * 9] * 2, 0.04, tolerance, random.Random(0), runs=5)
    assert made.found is None


def test_where_nothing_else_is_said_a_thousand_runs_are_drawn():
    """No alarm in so many is at most 0.3 %, the rule of three."""
    made, *_ = odds([[0.0] * 9] * 2, [], 0.0, 0.02, random.Random(0))
    assert made.alarms == made.alarm_rate == 0
    assert made.alarm_bound == pytest.approx(1 - 0.05 ** (1 / 1000), rel=1e-9)


@pytest.mark.parametrize(
    ("apart", "clear_at"),
    [(0.004, 0.005), (0.006, 0.01), (0.011, 0.02), (0.021, 0.03), (0.031, 0.05), (0.051, 0.1), (0.11, None)],
)  # fmt: skip
def test_copies_that_differ_are_clear_at_the_next_larger_of_the_tolerances_to_choose_from(
    apart, clear_at
):
    assert drawn([math.log1p(apart)] * 2, [0] * 5).clear_at == clear_at


@pytest.mark.parametrize(("still", "clear_at"), [(19, 0.005), (18, 0.05)])
def test_a_tolerance_is_clear_from_95_percent_of_runs_on(still, clear_at):
    """The other runs differ by 4 %."""
    made = drawn([0.0, math.log1p(0.04)], [0] * still + [1] * (20 - still))
    assert (made.same, made.clear_at) == (still / 20, clear_at)


@pytest.mark.parametrize(("apart", "smallest"), [(2, 0.02), (3, 1.02 * 1.04 - 1)])
def test_the_smallest_slowdown_found_is_that_of_the_38th_of_20_runs_and_their_mirrors(
    apart, smallest
):
    """38 of 40 are 95 %: with 3 runs of 20 that differ by 4 %, 3 of the 40 hide as much."""
    made = drawn([0.0, math.log1p(0.04)], [0] * (20 - apart) + [1] * apart)
    assert made.smallest == pytest.approx(smallest)


def test_alarms_in_both_directions_add_up():
    made = drawn([-0.04, 0.0, 0.04], [0, 0, 1, 2])
    assert (made.alarms, made.alarm_rate, made.same) == (3, 0.75, 0.25)


def test_a_dose_is_found_in_the_share_of_runs_that_call_it_slower():
    dosed = [[0.0] * 50, [0.05] * 50]
    made = drawn([0.0] * 2, [0] * 4 + [0, 1, 1, 1], runs=4, dosed=dosed, dose=0.05)
    assert made.found == 0.75


# Verdicts.


def test_the_first_clear_verdict_ends_a_run():
    unclear, same, slower = ratio(-0.05, 0.05), ratio(-0.01, 0.01), ratio(0.03, 0.05)
    assert verdict_of([unclear, same, slower], 0.02) == "same"
    assert verdict_of([unclear, slower, same], 0.02) == "slower"
    assert verdict_of([unclear, unclear], 0.02) == "unclear"


bounds = st.tuples(st.floats(-0.1, 0.1), st.floats(0, 0.1)).map(lambda b: ratio(b[0], b[0] + b[1]))


def shifted(looks, shift):
    return [Ratio(r.log + shift, r.log_low + shift, r.log_high + shift, r.n) for r in looks]


@given(st.lists(bounds, min_size=1, max_size=5))
def test_the_least_slowdown_found_is_what_a_search_finds(looks):
    least = least_found(looks, 0.02)
    assert all(
        verdict_of(shifted(looks, least + above), 0.02) == "slower"
        for above in [1e-9, *(i / 500 for i in range(1, 200))]
    )
    assert verdict_of(shifted(looks, least - 1e-9), 0.02) != "slower"


@given(st.lists(bounds, min_size=1, max_size=5))
def test_exchanged_sides_have_the_mirrored_verdict(looks):
    opposite = {"slower": "faster", "faster": "slower"}
    said = verdict_of(looks, 0.02)
    assert verdict_of(mirrored(looks), 0.02) == opposite.get(said, said)
    assert mirrored(mirrored(looks)) == looks
    assert [r.log for r in mirrored(looks)] == [-r.log for r in looks]
    assert all(judge(r, 0.02) for r in mirrored(looks))


def test_a_look_without_an_interval_says_nothing():
    nothing = Ratio(0.0, None, None, 2)
    assert least_found([nothing], 0.02) == math.inf
    assert least_found([nothing, ratio(0, 0)], 0.02) == pytest.approx(math.log(1.02))
    assert mirrored([nothing]) == [nothing]


@pytest.mark.parametrize(("low", "high"), [(None, 0.1), (0.1, None)])
def test_a_look_with_one_bound_says_nothing_either(low, high):
    assert least_found([Ratio(0.1, low, high, 9)], 0.02) == math.inf


def test_a_slowdown_that_just_ends_a_run_as_the_same_is_not_found():
    """An interval that fills the tolerance is inside of it where nothing is added, and only there; the
    look after it would have called every slowdown slower."""
    limit = math.log1p(0.02)
    assert least_found([ratio(-limit, limit), ratio(0.5, 0.6)], 0.02) == 0


# Bounds of a rate.


def test_none_of_a_thousand_is_the_rule_of_three():
    assert upper_bound(0, 1000) == pytest.approx(1 - 0.05 ** (1 / 1000))
    assert upper_bound(0, 1000) == pytest.approx(3 / 1000, rel=0.01)
    assert upper_bound(7, 7) == 1


def test_one_run_without_a_hit_leaves_every_probability_up_to_one_half_with_an_error_of_one_half():
    assert upper_bound(0, 1, error=0.5) == 0.5


@pytest.mark.parametrize(("hits", "runs"), [(1, 10), (3, 20), (10, 1000), (19, 20), (0, 1)])
def test_the_bound_is_where_so_few_hits_have_five_percent_by_whole_numbers(hits, runs):
    p = Fraction(upper_bound(hits, runs)).limit_denominator(10**9)
    at_most = sum(math.comb(runs, k) * p**k * (1 - p) ** (runs - k) for k in range(hits + 1))
    assert float(at_most) == pytest.approx(0.05, abs=1e-4)


# Two runs.


def test_every_slice_is_held_against_every_other():
    times_s = [1.0] * 5 + [1.03] * 5 + [1.10] * 5 + [9.0]  # 3 %, 10 %, 6.8 %; the rest is too short
    found = two_runs(times_s, [1.0] * 16)
    assert (found.slices, found.pairs) == (3, 3)
    assert found.apart == (1.0, 2 / 3)


def test_one_slice_has_nothing_beside_it():
    assert two_runs([1.0] * 9, [1.0] * 9) is None


def test_medians_that_differ_by_just_as_much_are_not_further_apart(monkeypatch):
    monkeypatch.setattr("lightbench.stats.bootstrap.APART", (0.0, 0.01))
    assert two_runs([1.0] * 10, [1.0] * 10).apart == (0.0, 0.0)
    assert two_runs([1.0] * 5 + [1.005] * 5, [1.0] * 10).apart == (1.0, 0.0)
