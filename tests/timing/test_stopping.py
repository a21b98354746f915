"""What must be known for the rounds to end, at the very edge of the rule."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from itertools import chain, repeat

import pytest
from scripted import TICK, WARM, Machine

from lightbench.timing.clock import Reading
from lightbench.timing.stopping import Budget, Known, Looks, Progress, Rule, known_ratios

RULE = Rule(rel=0.01)  # and 30 samples


def rounds(n, *names):
    """What so many rounds of these cases took."""
    return [{name: (Reading(TICK),) for name in names or ("a",)}] * n


def known(width, unawaited=()):
    return Known(RULE, lambda _rounds, _name: width, unawaited)


@pytest.mark.parametrize(("width", "enough"), [(0.01, True), (math.nextafter(0.01, 1), False)])
def test_known_within_the_rule_is_known_and_anything_wider_is_not(width, enough):
    assert known(width).ask(rounds(30), 1.0) is enough
    assert known(width).known(rounds(30), ["a"])("a") is enough


def test_no_width_is_believed_a_round_too_early():
    assert not known(0.0).ask(rounds(29), 1.0)
    assert not known(0.0).known(rounds(29), ["a"])("a")


def test_it_is_looked_at_again_at_ten_percent_more_rounds():
    looked = []
    criterion = Known(RULE, lambda rounds, _name: looked.append(len(rounds)) or 1.0)
    for n in range(1, 42):
        criterion.ask(rounds(n), 1.0)
    assert looked == [30, 33, 37, 41]  # 1.1 times the one before, rounded up


def test_a_case_that_failed_in_the_last_round_is_no_longer_waited_for():
    asked = []
    criterion = Known(RULE, lambda _rounds, name: asked.append(name) or 0.0)
    assert criterion.ask([*rounds(29, "a", "b"), *rounds(1, "a")], 1.0)
    assert asked == ["a"]


def test_whoever_is_not_waited_for_may_be_as_wide_as_he_likes():
    widths = {"a": 0.0, "b": 1.0}
    for unawaited, enough in (("b", True), ("a", False), ("", False)):
        criterion = Known(RULE, lambda _rounds, name: widths[name], {unawaited})
        assert criterion.ask(rounds(30, "a", "b"), 1.0) is enough


def test_a_ratio_whose_reference_failed_in_the_last_round_is_never_known():
    """The other one, of equal times, is known at once."""
    every, last = rounds(29, "a", "b", "ref", "gone"), rounds(1, "a", "b", "ref")
    compared = {"a": "ref", "b": "gone"}
    assert not known_ratios(RULE, compared).ask([*every, *last], 1.0)
    assert known_ratios(RULE, compared, {"b"}).ask([*every, *last], 1.0)
    known_now = known_ratios(RULE, compared).known([*every, *last], ["a", "b"])
    assert (known_now("a"), known_now("b")) == (True, False)


def test_before_the_first_round_nothing_is_known():
    assert not known_ratios(RULE, {"a": "ref"}).known([], ["a"])("a")


@pytest.mark.parametrize(
    ("made", "field"), [(RULE, "rel"), (Budget(1.0), "seconds"), (Progress(1, 2, 3, 4), "rounds")]
)
def test_a_rule_is_the_same_from_the_first_round_to_the_last(made, field):
    with pytest.raises(FrozenInstanceError):
        setattr(made, field, 9)


def test_a_case_that_nobody_waits_for_is_waited_for_where_it_is_alone():
    assert not known(0.02, {"a"}).ask(rounds(30, "a"), 1.0)
    assert known(0.01, {"a"}).ask(rounds(30, "a"), 1.0)


def test_what_was_to_be_known_by_now_is_expected_at_once():
    """At 30 rounds it is 1 % too wide, which 30 * 1.01^2 = 30.6 rounds amend; there are 32."""
    criterion = known(0.0101)
    assert not criterion.ask(rounds(30), 3.0)
    assert criterion.progress(rounds(32), 3.2, Budget(10.0)).left_s == 0
    assert criterion.progress(rounds(30), 3.0, Budget(10.0)).left_s == pytest.approx(0.603 * 0.1)


def test_of_a_budget_that_is_overspent_nothing_is_left():
    assert Budget(10.0).left_s(11.0) == 0
    assert Budget(10.0).left_s(9.0) == 1


def test_as_many_samples_as_an_interval_needs_may_be_all_there_are():
    assert Rule(min_samples=6, max_samples=6).max_samples == 6


# Who handed ``enough`` in decides.


def test_who_decides_is_asked_after_each_round_that_counts_and_after_no_other():
    machine, asked = Machine(), []
    hot = Reading(TICK, throttled="too hot")

    def enough(_done_s, times):
        asked.append(len(times()["a"]))
        return len(asked) == 3

    walls = chain(repeat(TICK, WARM), [TICK, hot, hot, TICK, hot], repeat(TICK))
    found = machine.collect({"a": machine.network("a", walls)}, enough=enough)["a"]
    assert asked == [1, 2, 3]
    assert (found.stop, found.throttled_rounds) == ("converged", 3)


@pytest.mark.parametrize("good", [0, WARM])
def test_nobody_is_asked_where_every_case_has_failed_before_a_round_was_whole(good):
    machine = Machine()
    wrong = {
        name: machine.network(name, chain(repeat(TICK, good), [ValueError(name)])) for name in "ab"
    }
    found = machine.collect(wrong, enough=lambda *_: pytest.fail("asked"))
    assert {name: str(error) for name, error in found.items()} == {"a": "a", "b": "b"}


def test_who_has_not_been_asked_has_decided_nothing_and_may_take_all_of_the_budget():
    looks = Looks(lambda *_: True)
    assert not looks.known([], ["a"])("a")
    assert looks.progress(rounds(3), 4.0, Budget(10.0)) == Progress(4.0, 6.0, 3, None)
    assert looks.ask(rounds(3), 4.0)
    assert looks.known(rounds(3), ["a"])("a")
