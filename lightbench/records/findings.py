"""What explains a record: times of its operators, findings of lint, counts of other tools."""

from __future__ import annotations

from lightbench.records.noun import Noun
from lightbench.stats.interval import Interval


class PartTime(Noun, frozen=True, kw_only=True):
    """Time of one operator or a group of them: seconds, and the share of the time of all."""

    name: str
    time_s: Interval
    share: Interval

    def __post_init__(self) -> None:
        if self.time_s.median < 0:
            raise ValueError("a time is not negative")


class LayerTimes(Noun, frozen=True, kw_only=True):
    """How long each operator of a case took in place (see `lightbench.layers`)."""

    rounds: int
    total_s: Interval  # all operators together, views included
    over_whole: Interval  # the same over the whole call
    operators: tuple[PartTime, ...]  # one for each row of the costs, in that order
    kinds: tuple[PartTime, ...]  # as in Figure 2 of the ShuffleNet V2 paper
    views: PartTime  # operators that move nothing, and have no row


class Finding(Noun, frozen=True, kw_only=True):
    """One guideline strained at one place of a network, and what that costs."""

    guideline: str  # "G1" to "G4"
    path: str
    cause: str
    remedy: str
    mem_bytes: float  # memory access that the cause adds
    estimate_s: float | None = None  # from a device card
    measured_s: Interval | None = None


class Opinion(Noun, frozen=True, kw_only=True):
    """What another counter says about a case, beside our count in its convention."""

    tool: str
    version: str | None = None
    ours: int
    theirs: int | None = None
    problem: str = ""

    @property
    def verdict(self) -> str:
        """``agrees``, ``differs by +1,234``, or why there is no number."""
        if self.theirs is None:
            return self.problem
        return "agrees" if self.theirs == self.ours else f"differs by {self.theirs - self.ours:+,}"


class CheckedMetric(Noun, frozen=True, kw_only=True):
    """A metric of a case before and now, as `lightbench check` judged it; fields as of its rows."""

    metric: str
    before: float | None
    now: float | None
    verdict: str
    state: str
    change: float | None = None
    low: float | None = None
    high: float | None = None
    limit: str = ""
    note: str = ""
    seconds: float | None = None
    alone: bool = False


class Check(Noun, frozen=True, kw_only=True):
    """What a check found for a case, and what it was held against: a commit, a file, budgets."""

    against: str
    metrics: tuple[CheckedMetric, ...]
