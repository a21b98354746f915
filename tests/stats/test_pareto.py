"""The Pareto front: what is on it is beaten by nothing, what is off it by something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightbench.stats.pareto import front

points = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


def beats(a, b):
    return a[0] <= b[0] and a[1] >= b[1] and (a[0] < b[0] or a[1] > b[1])


def split(pairs):
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_cheaper_and_better_is_on_the_front():
    """(3, 60) costs more than (2, 70) and is worse."""
    assert front([1, 2, 3, 4], [50, 70, 60, 75]) == {0, 1, 3}


def test_at_the_same_cost_the_better_and_at_the_same_quality_the_cheaper():
    assert front([1, 1], [50, 60]) == {1}
    assert front([1, 2], [50, 50]) == {0}


def test_two_that_are_equal_are_both_on_it():
    assert front([1, 1, 5], [50, 50, 40]) == {0, 1}


def test_of_nothing_nothing_is_on_it_and_one_is_always():
    assert front([], []) == set()
    assert front([7], [1]) == {0}
    with pytest.raises(ValueError):
        front([1, 2], [1])


@given(points)
def test_nothing_beats_the_front_and_something_beats_the_rest(pairs):
    on = front(*split(pairs))
    for i, point in enumerate(pairs):
        assert (i in on) == (not any(beats(other, point) for other in pairs))


@given(points)
def test_the_rest_is_beaten_by_the_front_itself(pairs):
    on = front(*split(pairs))
    for i in set(range(len(pairs))) - on:
        assert any(beats(pairs[j], pairs[i]) for j in on)


@given(points)
def test_along_the_front_more_cost_is_more_quality(pairs):
    along = sorted({pairs[i] for i in front(*split(pairs))})
    assert [quality for _, quality in along] == sorted({quality for _, quality in along})


@given(points, st.randoms())
def test_the_order_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert sorted(pairs[i] for i in front(*split(pairs))) == sorted(
        shuffled[i] for i in front(*split(shuffled))
    )
