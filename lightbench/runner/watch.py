"""A network that is timed is looked at in between: does it still answer as it did at first, and whose threads run?"""

from __future__ import annotations

import random
from collections.abc import Iterable
from threading import Thread
from threading import enumerate as alive

from lightbench.engines import Context, Program
from lightbench.records import SUSPECT
from lightbench.runner.answer import Answer, answer
from lightbench.timing.clock import Reading, Step

LOOKS = 0.02  # of calls: how often there is one that is looked at
MORE = 8  # calls that tell another answer from one that varies, which may have few values


class Watch:
    """Of one network: at random, after a timed block, does it still answer as it did at first? ``said``
    is what was found, "" for nothing; ``threads`` are those that it has started and that still run."""

    def __init__(self, program: Program, first: Answer, threads: Iterable[Thread]) -> None:
        self.program, self._first = program, first
        self.threads = frozenset(threads)
        self._random = random.Random()
        self._varies = False  # from call to call, as what draws random numbers does
        self.said = ""

    def around(self, step: Step, context: Context) -> Step:
        """The same step, which calls it in this context, with looks in between."""
        self.program = Program(self.program.call, context)

        def watched(n: int) -> Reading:
            before = threads_now()
            reading = step(n)
            self.threads = (self.threads & before) | (threads_now() - before)
            if self._random.random() < LOOKS * n:
                self.look()
            return reading

        return watched

    def look(self) -> None:
        """Once."""
        if self.said or self._varies or self.call().like(self._first):
            return
        now, *more = (self.call() for _ in range(1 + MORE))
        self._varies = not all(each.like(now) for each in more)
        if not self._varies and not now.like(self._first):
            self.said = f"{SUSPECT}: it answers otherwise while it is timed than in its first call."

    def call(self) -> Answer:
        """What it answers now."""
        with self.program.context():
            return answer(self.program.call())


def threads_now() -> frozenset[Thread]:
    """Python's threads, of whomever."""
    return frozenset(alive())
