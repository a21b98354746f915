"""Where a cost that rises or falls with one number comes nearest to a target, and the steps beside that: channels are
whole numbers, so that the cost is a staircase."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

RESOLUTION = 1e-4  # of a number that is not whole, relative
DOUBLINGS = 24
QUIET = 4  # halvings or doublings without any change end a search
TRIES = 24  # of other numbers, where one cannot be built
DECIMALS = 6


@dataclass(frozen=True)
class Staircase:
    """``cost`` of a number, None for one that nothing can be built with; it keeps what it was asked. ``whole``: only whole
    numbers from 1 have one."""

    cost: Callable[[float], int | None]
    start: float
    whole: bool = False

    def nearest(self, target: float) -> float | None:
        """The number whose cost is nearest to the target; None where that is out of reach: then `reached` is as near as
        it comes."""
        bracket = self._bracket(target)
        if bracket is None:
            return None
        low, high = bracket
        while (middle := self._between(low, high)) is not None:
            if (self._of(middle) < target) == (self._of(low) < target):
                low = middle
            else:
                high = middle
        return self._centred(min((low, high), key=lambda value: abs(self._of(value) - target)))

    def reached(self, target: float) -> float:
        """The number with the cost nearest to a target that is out of reach."""
        return self._short(list(self._walk(self._upwards(target)))[-1])

    def beside(self, value: float) -> list[float]:
        """The first numbers below and above with another cost; fewer where there are none."""
        found = (self._change(value, sign) for sign in (-1, 1))
        return [self._short(one) for one in found if one is not None]

    @cached_property
    def rises(self) -> bool | None:
        """Does a larger number cost more? None: the cost is always the same."""
        first = self._of(self.start)
        for upwards in (True, False):
            for value in self._walk(upwards):
                if self._of(value) != first:
                    return (self._of(value) > first) == upwards
        return None

    def _upwards(self, target: float) -> bool:
        return (self._of(self.start) < target) == self.rises

    def _bracket(self, target: float) -> tuple[float, float] | None:
        """Two numbers with the target between their costs."""
        below = self._of(self.start) < target
        last = self.start
        for value in self._walk(self._upwards(target)):
            if self._of(value) == target or (self._of(value) < target) != below:
                return last, value
            last = value
        return None

    def _walk(self, upwards: bool) -> Iterator[float]:  # noqa: FBT001
        """Numbers that have a cost, from the start on: twice or half as large each time, until nothing changes more."""
        last, quiet = self.start, 0
        yield last
        for _ in range(DOUBLINGS):
            value = last * 2 if upwards else last / 2
            value = float(int(value)) if self.whole else value
            if value <= 0:
                return
            if self.cost(value) is None:
                nearer = self._between(last, value)
                if nearer is None:
                    return
                value = nearer
            quiet = quiet + 1 if self.cost(value) == self.cost(last) else 0
            yield value
            if quiet == QUIET:
                return
            last = value

    def _between(self, one: float, other: float) -> float | None:
        """A number in the middle of two, or near that, which has a cost; None where there is no more."""
        gap = abs(other - one)
        if gap <= (1 if self.whole else RESOLUTION * max(abs(one), abs(other))):
            return None
        middle = (one + other) / 2
        for i in range(TRIES):
            away = (i + 1) // 2 * (1 if self.whole else gap / (TRIES + 2)) * (-1) ** i
            value = float(int(middle + away)) if self.whole else middle + away
            if min(one, other) < value < max(one, other) and self.cost(value) is not None:
                return value
        return None

    def _change(self, value: float, sign: int) -> float | None:
        away = 1.0 if self.whole else RESOLUTION * value
        for _ in range(DOUBLINGS):
            other = value + sign * away
            if other <= 0:
                return None
            if self.cost(other) not in (None, self.cost(value)):
                return self._first_change(value, other)
            away *= 2
        return None

    def _first_change(self, value: float, other: float) -> float:
        """Of all numbers between them the one nearest to ``value`` with another cost."""
        same = value
        while (middle := self._between(same, other)) is not None:
            if self.cost(middle) == self.cost(value):
                same = middle
            else:
                other = middle
        return other

    def _centred(self, value: float) -> float:
        """The shortest number on the same step, in its middle."""
        below, above = (self._change(value, sign) or value for sign in (-1, 1))
        middle = (below + above) / 2
        alike = not self.whole and self.cost(middle) == self.cost(value)
        return self._short(middle if alike else value)

    def _short(self, value: float) -> float:
        """Of the numbers around one that cost the same, one with the fewest decimals."""
        for scale in (10**digits for digits in range(DECIMALS)):
            for near in (round, math.floor, math.ceil):
                one: float = near(value * scale) / scale
                if one > 0 and self.cost(one) == self.cost(value):
                    return one
        return value

    def _of(self, value: float) -> int:
        found = self.cost(value)
        if found is None:
            raise ValueError(f"nothing can be built with {value}")
        return found
