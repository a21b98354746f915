"""A machine whose clock only the script moves."""

import math
import random
from itertools import chain, repeat

from lightbench.timing.clock import Reading
from lightbench.timing.rounds import collect
from lightbench.timing.stopping import Rule

MS = 1e-3


class Machine:
    """A clock, and networks whose calls move it: everything that was run is in ``log``."""

    def __init__(self):
        self.now = 0.0
        self.log = []
        self.progress = []

    def clock(self):
        return self.now

    def network(self, name, walls, *, cpu=True):
        """A step that takes its times per call from ``walls``; an exception in there is raised."""
        walls = iter(walls)

        def step(calls):
            self.log.append((name, calls))
            wall_s = next(walls)
            if isinstance(wall_s, BaseException):
                raise wall_s
            if not isinstance(wall_s, float):
                return wall_s
            self.now += calls * wall_s if math.isfinite(wall_s) else 0.0
            return Reading(wall_s, wall_s if cpu else None)

        return step

    def collect(self, steps, rule=None, seed=0, **settings):
        return collect(
            steps,
            rule or Rule(),
            clock=self.clock,
            rng=random.Random(seed),
            report=self.progress.append,
            **settings,
        )


def alternating(*walls):
    """Never converges: half of the samples at each of two far values."""
    return chain.from_iterable(repeat(walls))


TICK = 2.0**-6  # 15.6 ms, and sums of it are exact
WARM = 1 + 10  # calls of a steady network before its rounds: the first, and two windows
