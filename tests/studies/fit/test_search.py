"""Where a staircase comes nearest to a target, and the steps beside it: on formulas, without any network."""

from __future__ import annotations

import math

import pytest

from lightbench.studies.fit.search import Staircase


def channels(base, divisor):
    """So many channels at a width, a multiple of a divisor: their square costs."""

    def cost(width):
        return (divisor * max(1, round(base * width / divisor))) ** 2

    return cost


def test_a_width_is_found_on_the_step_that_is_nearest_and_is_written_shortly():
    stairs = Staircase(channels(64, 8), 1.0)
    value = stairs.nearest(41**2)  # 40 channels are as near as it comes
    assert value == 0.6  # of all from 0.5625 to 0.6875 that with the fewest decimals
    assert stairs.cost(value) == 40**2


def test_the_steps_beside_it_are_the_next_that_there_are():
    stairs = Staircase(channels(64, 8), 1.0)
    below, above = stairs.beside(0.6)
    assert [stairs.cost(below), stairs.cost(above)] == [32**2, 48**2]
    assert (below, above) == (0.5, 0.7)  # of 0.4375 to 0.5625, and of 0.6875 to 0.8125


@pytest.mark.parametrize("target", [1, 5, 30, 999, 12_345, 10**7])
def test_a_whole_number_is_the_nearest_square_root(target):
    stairs = Staircase(lambda n: int(n) ** 2, 16.0, whole=True)
    assert stairs.nearest(target) == min(range(1, 5000), key=lambda n: abs(n * n - target))


def test_an_exact_cost_is_found_exactly():
    stairs = Staircase(lambda n: 9 * int(n), 16.0, whole=True)
    assert stairs.nearest(9 * 77) == 77
    assert stairs.beside(77) == [76, 78]


def test_a_cost_that_falls_as_the_number_grows_is_followed_the_other_way():
    stairs = Staircase(lambda groups: 4096 // int(groups), 8.0, whole=True)
    assert stairs.rises is False
    assert stairs.nearest(128) == 32
    assert stairs.nearest(4000) == 1


def test_numbers_that_nothing_can_be_built_with_are_passed_over():
    stairs = Staircase(lambda n: int(n) ** 2 if n % 4 == 0 else None, 16.0, whole=True)
    assert stairs.nearest(30**2) in (28, 32)
    assert stairs.nearest(45**2) == 44
    assert stairs.beside(44) == [40, 48]


def test_of_the_four_widths_of_a_table_the_nearest_is_taken():
    table = {0.5: 41, 1.0: 146, 1.5: 299, 2.0: 591}  # MAdds of ShuffleNet V2, its Table 5
    stairs = Staircase(table.get, 1.0)
    assert stairs.nearest(140) == 1.0
    assert stairs.nearest(50) == 0.5


@pytest.mark.parametrize(("target", "value"), [(50, 1), (10**9, None)])
def test_what_is_out_of_reach_is_none_and_what_was_reached_is_known(target, value):
    stairs = Staircase(lambda n: 100 * min(int(n), 64), 16.0, whole=True)
    assert stairs.nearest(target) is None
    assert stairs.cost(stairs.reached(target)) == (100 if value else 6400)


def test_a_number_that_changes_nothing_is_neither_rising_nor_falling():
    assert Staircase(lambda _: 7, 1.0).rises is None


def test_a_number_from_whose_start_the_cost_changes_later_still_rises():
    assert Staircase(lambda width: max(100, int(40 * width)), 1.0).rises is True


def test_no_number_is_asked_for_below_zero_and_few_are_asked_at_all():
    asked = []

    def cost(width):
        asked.append(width)
        return math.ceil(1000 * width)

    stairs = Staircase(cost, 1.0)
    stairs.beside(stairs.nearest(140))
    assert min(asked) > 0
    assert len(set(asked)) < 100
