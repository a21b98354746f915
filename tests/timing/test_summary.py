"""Whether others took the CPU away, at the edges of the rule."""

from __future__ import annotations

from lightbench.records import Samples
from lightbench.timing.summary import contended


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
