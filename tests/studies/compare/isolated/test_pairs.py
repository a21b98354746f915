"""Two processes that hand a token to one another: who runs when, what it says, and that none is left."""

from __future__ import annotations

import math
import os
import random

import msgspec
import pytest
from two_sides import request

from lightbench.environment import capture
from lightbench.errors import UnknownName, UsageError
from lightbench.studies.compare.isolated import pairs as isolate
from lightbench.studies.compare.isolated.pairs import compare_isolated, cores_for, take_rounds
from lightbench.studies.compare.isolated.restarts import judged_restarts
from lightbench.studies.compare.isolated.turns import AFRESH, DROP, TIMED, WARM
from lightbench.timing.clock import Reading
from lightbench.timing.summary import summarize

# whose turn it is


class Table:
    """Both sides, and a clock that each call moves on."""

    def __init__(self, a=0.01, b=0.01, throttled=()):
        self.takes, self.throttled = {"a": a, "b": b}, {*throttled}
        self.now, self.tokens = 0.0, []

    def turns(self):
        return {key: lambda token, key=key: self.turn(key, token) for key in "ab"}

    def turn(self, key, token):
        self.tokens.append((key, token))
        if token == DROP:
            return Reading(self.takes[key])
        self.now += self.takes[key]
        heat = "heat" if key == "a" and self.count("a", TIMED) in self.throttled else None
        return Reading(self.takes[key], throttled=heat)

    def count(self, key, token):
        return self.tokens.count((key, token))

    def play(self, seconds, seed=0, **settings):
        take_rounds(
            self.turns(), seconds, rng=random.Random(seed), clock=lambda: self.now, **settings
        )
        return self

    def rounds(self, token):
        keys = [key for key, each in self.tokens if each == token]
        return list(zip(keys[::2], keys[1::2], strict=True))


def test_each_round_visits_both_sides_once_in_a_random_order():
    rounds = Table().play(2.0).rounds(TIMED)
    assert {*rounds} == {("a", "b"), ("b", "a")}
    first = sum(order == ("a", "b") for order in rounds)
    assert 25 < first < 75  # of 100: beyond 5 standard deviations of a fair coin


def test_rounds_end_before_the_seconds_do():
    """A round takes 20 ms: 50 of them fit into one second, the warm-up not counted."""
    assert 49 <= len(Table().play(1.0).rounds(TIMED)) <= 50


def test_one_round_is_made_however_long_it_takes():
    assert len(Table(a=9.0, b=9.0).play(1.0).rounds(TIMED)) == 1


def test_both_sides_are_warmed_up_in_turn_for_15_rounds_or_more():
    rounds = Table().play(0.1).rounds(WARM)
    assert len(rounds) == 15
    assert {*rounds} == {("a", "b"), ("b", "a")}


def test_a_long_warm_up_ends_with_its_seconds():
    """A second for each side: two rounds of 1 s."""
    assert len(Table(a=0.5, b=0.5).play(0.1).rounds(WARM)) == 2


@pytest.mark.parametrize(("b", "token"), [(0.0101, TIMED), (0.015, AFRESH)])
def test_only_sides_of_different_length_fill_the_caches_before_each_call(b, token):
    tokens = {each for _, each in Table(b=b).play(0.2).tokens}
    assert tokens == {WARM, token}


def test_a_round_in_which_the_device_was_slowed_down_is_dropped_by_both():
    told = []
    table = Table(throttled={2, 5}).play(0.2, report=lambda _s, rounds: told.append(rounds))
    assert table.count("a", DROP) == table.count("b", DROP) == 2
    assert told == [1]


def test_a_seed_fixes_the_order():
    assert Table().play(0.5, seed=7).tokens == Table().play(0.5, seed=7).tokens
    assert Table().play(0.5, seed=7).tokens != Table().play(0.5, seed=8).tokens


# what pairs of processes say


T4 = 4.6041  # Student's t, 4 degrees of freedom, 99 %: any table


@pytest.fixture
def side(make_record):
    """The record of a process in which every call took as long."""

    def build(wall_s, cpu_s=None, n=100, threads=1, **settings):
        record = make_record(comparable={"threads": threads}, **settings)
        cpu = (wall_s if cpu_s is None else cpu_s,) * n
        samples = msgspec.structs.replace(record.samples, wall_s=(wall_s,) * n, cpu_s=cpu)
        return msgspec.structs.replace(record, samples=samples, latency=summarize(samples))

    return build


@pytest.fixture
def pairs(side):
    """Pairs in which b takes so many times as long as a."""
    return lambda *ratios, **settings: [
        (side(0.01, **settings), side(0.01 * ratio, **settings)) for ratio in ratios
    ]


def judged(pairs, level=0.99):
    return judged_restarts(pairs, ("old", "new"), 0.02, level)


def test_one_process_whose_time_cannot_be_spoils_all(pairs, side):
    odd = side(1e-6, warnings=("suspect: it remembers.",))
    found = judged([*pairs(1.0, 1.0), (side(0.01), odd), *pairs(1.0)])
    assert (found.verdict, found.ratio) == ("not comparable", None)
    assert found.reasons == ("new: it remembers.",)


def test_each_pair_of_processes_is_one_value_however_many_calls_they_made(pairs):
    logs = [0.03, 0.04, 0.05, 0.06, 0.07]
    few, many = (judged(pairs(*map(math.exp, logs), n=n)) for n in (10, 1000))
    half = T4 * math.sqrt(0.00025 / 5)  # variance of the logs: 0.001 / 4
    for found in (few, many):
        assert found.ratio.n == found.restarts == 5
        assert found.ratio.log == pytest.approx(0.05)
        assert found.ratio.log_low == pytest.approx(0.05 - half, rel=1e-4)
        assert found.ratio.log_high == pytest.approx(0.05 + half, rel=1e-4)
        assert found.verdict == "unclear"


def test_restarts_that_agree_are_known_no_better_than_their_own_intervals(side):
    """Rounds from 0 to +20 %, evenly: six of them have an interval of 90 % over their whole range."""
    b = side(0.01, n=6)
    times = tuple(0.01 * math.exp(0.04 * i) for i in range(6))
    samples = msgspec.structs.replace(b.samples, wall_s=times, cpu_s=times)
    wide = msgspec.structs.replace(b, samples=samples)
    found = judged([(side(0.01, n=6), wide)] * 5, level=0.9)
    # The second smallest and the second largest leave out 2 * 7 / 64: less than 90 %.
    assert found.ratio.log_high - found.ratio.log_low == pytest.approx(0.2 / math.sqrt(5))


def test_the_cpu_clock_counts_where_there_is_one_thread(pairs):
    jitter = (1.0, 1.001, 0.999, 1.0005, 0.9995)
    found = judged(pairs(*jitter))
    assert (found.clock, found.verdict) == ("cpu", "same")
    assert found.ratio == found.cpu_ratio
    found = judged(pairs(*jitter, threads=2))
    assert (found.clock, found.verdict) == ("wall", "same")
    assert found.cpu_ratio is not None


def test_where_the_machine_took_the_cpu_away_its_clock_still_counts(side):
    """Every other call of b was stopped for as long as it runs."""
    b = side(0.01)
    samples = msgspec.structs.replace(b.samples, wall_s=(0.01, 0.0201) * 50)
    found = judged([(side(0.01), msgspec.structs.replace(b, samples=samples))] * 5)
    assert found.clock == "cpu"
    assert found.ratio.ratio == 1.0
    assert any("other programs disturbed it" in said for said in found.warnings)


def test_a_side_that_waits_is_judged_by_the_wall_clock(side):
    """It computes for 10 ms in either version, and sleeps for 5 ms in the new one."""
    jitter = (1.0, 1.001, 0.999, 1.0005, 0.9995)
    found = judged([(side(0.01), side(0.015 * x, cpu_s=0.01 * x)) for x in jitter])
    assert (found.clock, found.verdict) == ("wall", "slower")
    assert found.ratio.ratio == pytest.approx(1.5)


def test_an_accelerator_is_not_judged_by_the_clock_of_its_host(pairs):
    found = judged(pairs(1.0, 1.001, 0.999, device="mps"))
    assert found.clock == "wall"


def test_a_thread_clock_too_coarse_for_these_calls_does_not_count(side):
    found = judged([(side(0.01, cpu_s=0.0), side(0.01 * x)) for x in (1.0, 1.001)])
    assert (found.clock, found.cpu_ratio) == ("wall", None)


def test_swapping_the_sides_mirrors_the_verdict(pairs):
    forth = pairs(1.04, 1.05, 1.06, 1.05, 1.04)
    slower, faster = judged(forth), judged([(b, a) for a, b in forth])
    assert (slower.verdict, faster.verdict) == ("slower", "faster")
    assert faster.ratio.log == -slower.ratio.log
    assert (faster.ratio.log_low, faster.ratio.log_high) == (
        -slower.ratio.log_high,
        -slower.ratio.log_low,
    )


def test_the_records_hold_the_samples_of_all_processes_in_rounds(side):
    found = judged([(side(0.01, n=7), side(0.02, n=7)), (side(0.03, n=9), side(0.06, n=9))])
    assert found.a.samples.wall_s == (0.01,) * 7 + (0.03,) * 9
    assert found.b.samples.wall_s == (0.02,) * 7 + (0.06,) * 9
    assert found.a.latency == summarize(found.a.samples)
    assert found.a.samples.warmup_calls == 6  # 3 in each


def test_a_busy_machine_is_said_once_and_what_else_is_said_is_kept(side):
    def busy(load):
        record = side(0.01, warnings=())
        noted = {"load_1min": load}
        where = msgspec.structs.replace(
            record.environment, comparable={"threads": 1, "logical_cores": 2}, noted=noted
        )
        said = (*capture.warnings(where), f"odd: {load}.")
        return msgspec.structs.replace(record, environment=where, warnings=said)

    found = judged([(busy(1.7), busy(1.8)), (busy(1.9), busy(1.7))])
    assert len([said for said in found.a.warnings if said.startswith("Other programs")]) == 1
    assert {"odd: 1.7.", "odd: 1.9."} < {*found.a.warnings}


# when to look


@pytest.fixture
def restarts(monkeypatch):
    """Pairs in place of those that processes would give; gives how many there were."""

    def replace(made):
        begun, left = [], iter(made)

        def restart(plan, before):
            begun.append(len(before))
            return next(left), []

        monkeypatch.setattr(isolate, "_restart", restart)
        return begun

    return replace


CLEAR = (1.1, 1.101, 1.102, 1.101, 1.1)


HAZY = (1.0, 1.1, 1.0, 1.1, 1.0)


def test_a_clear_verdict_needs_five_restarts_and_no_more(restarts, pairs):
    begun = restarts(pairs(*CLEAR, *CLEAR))
    found = compare_isolated(request())
    assert (found.verdict, found.restarts, found.looks) == ("slower", 5, 1)
    assert begun == [0, 1, 2, 3, 4]
    assert found.a.samples.stop == "converged"


def test_what_is_unclear_after_five_is_looked_at_once_more_after_ten(restarts, pairs):
    restarts(pairs(*HAZY, *HAZY))
    found = compare_isolated(request())
    assert (found.verdict, found.restarts, found.looks) == ("unclear", 10, 2)
    assert found.a.samples.stop == "max_seconds"


@pytest.mark.parametrize(
    ("comparisons", "most", "level"), [(1, 10, 0.995), (4, 10, 0.99875), (4, 5, 0.9975)]
)
def test_one_error_in_a_hundred_is_split_over_looks_and_comparisons(
    restarts, pairs, comparisons, most, level
):
    restarts(pairs(*CLEAR))
    found = compare_isolated(request(comparisons=comparisons), most=most)
    assert found.confidence == pytest.approx(level)


def test_a_side_that_fails_ends_it_as_not_comparable(restarts, pairs, side, make_record):
    bad = make_record(failure="no such layer.")
    begun = restarts([*pairs(1.0, 1.0), (side(0.01), bad)])
    found = compare_isolated(request())
    assert (found.verdict, found.ratio, found.b.failure) == ("not comparable", None, bad.failure)
    assert len(begun) == 3


@pytest.mark.parametrize("wanted", [(1, 10), (5, 4), (0, 0)])
def test_one_pair_of_processes_says_nothing_of_how_they_differ(wanted):
    with pytest.raises(UsageError, match="cannot judge after"):
        compare_isolated(request(), restarts=wanted[0], most=wanted[1])


@pytest.mark.parametrize("wrong", [0, -1.0, math.nan, math.inf])
def test_seconds_are_above_zero(wrong):
    with pytest.raises(UsageError, match="above zero"):
        compare_isolated(request(seconds=wrong))
    with pytest.raises(UsageError, match="above zero"):
        compare_isolated(request(), seconds=wrong)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen here")
def test_both_sides_get_the_last_cores_that_may_be_used_as_many_as_their_threads(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 2, 9, 7})
    case = request().a.case
    assert cores_for(case) == (9,)
    assert cores_for(msgspec.structs.replace(case, threads=1)) == (9,)
    assert cores_for(msgspec.structs.replace(case, threads=2)) == (7, 9)
    assert cores_for(msgspec.structs.replace(case, threads=64)) == (2, 5, 7, 9)
    assert cores_for(msgspec.structs.replace(case, device="cuda:0")) is None
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores_for(case) is None


# the real ones


@pytest.mark.slow
def test_a_network_is_never_slower_than_itself():
    """Of identical sides 1 % would be, over all runs: with two restarts even a wide interval."""
    found = compare_isolated(request(), restarts=2, most=2, seconds=0.3)
    assert found.verdict in {"same", "unclear"}
    assert found.ratio.n == found.restarts == 2
    for side in (found.a, found.b):
        assert len(side.samples.wall_s) == len(found.a.samples.wall_s)
        assert side.costs.madds == found.a.costs.madds
    if hasattr(os, "sched_setaffinity"):
        assert found.a.environment.comparable["threads"] == 1
        assert found.clock == "cpu"
        assert any("--threads asks for more" in said for said in found.warnings)


@pytest.mark.slow
def test_a_network_that_cannot_be_found_is_a_failed_side_and_the_other_is_counted():
    found = compare_isolated(request(b="nope"), restarts=2, most=2, seconds=0.3)
    assert found.verdict == "not comparable"
    assert found.b.failure.error == UnknownName.__name__
    assert found.a.costs.madds > 0
