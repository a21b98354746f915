"""What a study found out about a case beyond its costs and samples: one noun for each study.

A study that has more to keep adds its noun here and to the union of ``Record.found``; a stored one tells by
its key ``study`` what it is.
"""

from __future__ import annotations

import msgspec

from lightbench.records.noun import Noun
from lightbench.stats.interval import Interval


class Found(Noun, frozen=True, tag_field="study"):
    """Base of what studies found."""

    @property
    def study(self) -> str:
        """Which of them, by its name on the command line."""
        return str(self.__struct_config__.tag)


class SweepPoint(Found, frozen=True, kw_only=True, tag="sweep"):
    """Where a record stands in a sweep: cases that differ in one thing and were timed in the same
    rounds. Records of one ``run`` may be compared round by round."""

    run: str  # the same for all records of the same rounds
    experiment: str  # "g1_channel_ratio", or an axis of `lightbench sweep`
    point: str  # what differs: "1:4"
    channels: str = ""  # which set of channels: "aligned", "paper-gpu", "paper-arm"
    width: int = 1  # by how much the set is multiplied
    # what the point consists of: {"c1": 48, "c2": 192}
    settings: dict[str, int | str | bool] = msgspec.field(default_factory=dict)
    reference: bool = False  # the point that all others are compared with
    launch: bool = False  # the same operators on a map of one pixel: what starting them takes
    per_madd: bool = False  # points differ in their multiply-adds: what counts is time per one
    note: str = ""

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"a width is 1 or more, got {self.width}")


class PartTime(Noun, frozen=True, kw_only=True):
    """Time of one operator or a group of them: seconds, and the share of the time of all."""

    name: str
    time_s: Interval
    share: Interval

    def __post_init__(self) -> None:
        if self.time_s.median < 0:
            raise ValueError("a time is not negative")


class LayerTimes(Found, frozen=True, kw_only=True, tag="layers"):
    """How long each operator of a case took in place (see `lightbench.layers`)."""

    rounds: int
    total_s: Interval  # all operators together, views included
    over_whole: Interval  # the same over the whole call
    operators: tuple[PartTime, ...]  # one for each row of the costs, in that order
    kinds: tuple[PartTime, ...]  # as in Figure 2 of the ShuffleNet V2 paper
    views: PartTime  # operators that move nothing, and have no row


class KernelTime(Noun, frozen=True, kw_only=True):
    """What an engine runs in one piece, by its own profile: its time as a share of that of all kernels."""

    op: str  # as the engine calls it: "FusedConv"
    kernel: str = ""  # which of several for it, where that is told: "brgconv_avx512_f32"
    modules: tuple[
        str, ...
    ] = ()  # paths of what it computes, or of what is next to a copy; (): not known
    copies: bool = False  # into another layout
    why: str = ""  # off the fast path: why; "": on it
    mem_bytes: int | None = None  # read and written
    share: Interval  # 0 to 1


class EngineTimes(Found, frozen=True, kw_only=True, tag="kernels"):
    """How long each layer of a case takes on an engine that tells so: shares of its own profile, to be taken of
    the time of undisturbed calls, which are the record's samples."""

    calls: int  # that were profiled
    profiled_s: float  # all kernels of such a call together
    kernels: tuple[KernelTime, ...]  # in the order in which they run


class Finding(Noun, frozen=True, kw_only=True):
    """One guideline strained at one place of a network, and what that costs."""

    guideline: str  # "G1" to "G4", or what a rule of lint calls it
    path: str
    cause: str
    remedy: str
    mem_bytes: float  # memory access that the cause adds
    estimate_s: float | None = None  # from a device card
    measured_s: Interval | None = None


class Linted(Found, frozen=True, kw_only=True, tag="lint"):
    """Where a network strains the guidelines, the dearest first."""

    findings: tuple[Finding, ...]


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


class Crosscheck(Found, frozen=True, kw_only=True, tag="crosscheck"):
    """What other counters say about a case."""

    opinions: tuple[Opinion, ...]


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


class Check(Found, frozen=True, kw_only=True, tag="check"):
    """What a check found for a case, and what it was held against: a commit, a file, budgets."""

    against: str
    metrics: tuple[CheckedMetric, ...]
