"""Warm-up at the edges of its rules, and with clocks that are broken."""

from __future__ import annotations

from itertools import chain, repeat

import pytest
from scripted import MS, TICK, Machine

from lightbench.timing.clock import Reading, read
from lightbench.timing.stopping import Rule
from lightbench.timing.warmup import MAX_CALLS, is_steady, warm_up


def test_five_percent_is_steady_yet():
    assert is_steady([20.0] * 5 + [21.0] * 5)
    assert is_steady([20.0] * 5 + [19.0] * 5)


def test_a_tenth_of_a_second_is_long_enough_for_what_is_steady():
    clock = chain(repeat(0.0, 10), [0.1, 0.2])  # at its begin, then after each of the blocks
    warm = warm_up(lambda _calls: Reading(10 * MS), Rule(), lambda: next(clock))
    assert warm.warmup_calls == 10


def test_calls_of_a_millisecond_are_a_block_each():
    machine = Machine()
    warm_up(machine.network("a", repeat(1 * MS)), Rule(), machine.clock)
    assert {calls for _, calls in machine.log} == {1}


def test_a_call_is_as_long_as_the_last_five_blocks_say():
    machine = Machine()
    walls = chain([TICK], [4 * TICK] * 5, [TICK] * 5)  # the budget ends with the last of them
    warm = warm_up(machine.network("a", walls), Rule(warmup_s=25 * TICK), machine.clock)
    assert (warm.warmup_calls, warm.typical_s) == (10, TICK)


def test_blocks_end_at_a_million_calls_whatever_the_clock_says():
    machine = Machine()
    warm_up(machine.network("a", repeat(1e-12)), Rule(), machine.clock)
    assert max(calls for _, calls in machine.log) == MAX_CALLS == 2**20


@pytest.mark.parametrize("cpu_s", [-1e-9, float("inf"), float("nan")])
def test_a_threads_clock_that_cannot_be_is_named(cpu_s):
    with pytest.raises(ValueError, match="the thread's CPU clock gave"):
        read(lambda _calls: Reading(1 * MS, cpu_s=cpu_s), 1)


def test_only_the_last_two_windows_tell_whether_it_is_steady():
    assert is_steady([9.0] * 15 + [1.0] * 10)
    assert not is_steady([1.0] * 15 + [9.0] * 5 + [1.0] * 5)
