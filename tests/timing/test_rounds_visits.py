"""How often a visit calls its case: what spoils the caches, and what is worth more than one sample."""

from itertools import repeat

import pytest
from scripted import MS, TICK, WARM, Machine

from lightbench.timing.rounds import MAX_VISIT, samples_per_round
from lightbench.timing.stopping import Rule


@pytest.mark.parametrize(("longer", "untimed"), [(1.0, 0), (1.25, 0), (1.26, 1), (1.5, 1)])
def test_only_calls_of_about_the_same_length_go_without_an_untimed_one(longer, untimed):
    """At 1.5 the ratio was 1.5 % off without it; it is for who decides himself when enough is known."""
    machine = Machine()
    steps = {
        name: machine.network(name, repeat(s)) for name, s in (("a", TICK), ("b", longer * TICK))
    }
    results = machine.collect(steps, Rule(max_s=2.0), enough=lambda *_: False)
    rounds = len(results["a"].wall_s)
    assert len(machine.log) == 2 * WARM + rounds * 2 * (1 + untimed)


def test_what_is_compared_with_nothing_is_timed_once_a_round_however_short():
    machine = Machine()
    walls = {"ref": 40 * MS, "short": 2 * MS, "probe": 2 * MS}
    steps = {name: machine.network(name, repeat(wall)) for name, wall in walls.items()}
    results = machine.collect(steps, Rule(rel=0.5), compared={"short": "ref"})
    found = {name: samples.samples_per_round for name, samples in results.items()}
    assert found == {"ref": 1, "short": 5, "probe": 1}


def test_a_visit_has_at_most_thirty_one_samples():
    assert [samples_per_round(1.0, 4.0 * n) for n in (30, 31, 32, 33)] == [29, 31, 31, 31]
    assert MAX_VISIT % 2  # a median of an odd number is one of them
