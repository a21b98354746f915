"""What a study found out about a case beyond its costs and samples: one noun for each study.

A study that has more to keep adds its noun here and to the union of ``Record.found``; a stored one tells by
its key ``study`` what it is.
"""

from __future__ import annotations

import math

import msgspec

from lightbench.records.noun import Noun
from lightbench.stats.interval import Interval
from lightbench.stats.wilson import wilson


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
    layer: str
    cause: str
    advice: str
    mem_bytes: float  # memory access that the cause adds
    estimate_s: float | None = None  # from a device card
    measured_s: Interval | None = None
    kind: str = ""  # the cause without the numbers of this place; "": as the cause
    change: str = ""  # the advice without them; "": as the advice
    rewrite: str = ""  # what follows it by itself, see `lightbench lint --try`; "": nothing does

    @property
    def key(self) -> tuple[str, str, str]:
        """What findings of one cause share."""
        return self.guideline, self.kind or self.cause, self.change or self.advice


class Tried(Noun, frozen=True, kw_only=True):
    """A network rewritten as lint advises: what that should bring, and what it brought in pairs with the original."""

    rewrite: str  # a file of studies/lint/rewrites
    guideline: str = (
        ""  # of its cause, with kind and change as findings have them; "": the case's settings
    )
    kind: str
    change: str
    answers: str  # "same", "rounded", "retrained"
    places: int = 0  # that were rewritten
    estimate_s: float | None = None  # saved, by the device card for the rewritten network
    saved_s: float | None = None  # measured
    ratio: Interval | None = None  # of its time to the original's
    verdict: str = ""  # as that of `lightbench compare`; "": it was not timed
    why: str = ""  # it was not timed

    def __post_init__(self) -> None:
        if (self.ratio is None) != (self.saved_s is None):
            raise ValueError("what was timed has a ratio and what it saves")


class Linted(Found, frozen=True, kw_only=True, tag="lint"):
    """Where a network strains the guidelines, the dearest first."""

    findings: tuple[Finding, ...]
    tried: tuple[Tried, ...] = ()


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


class Bin(Noun, frozen=True, kw_only=True):
    """The images whose answer was as confident: how many, how many of them right, and their mean confidence, the
    probability of the class that was answered; None where there are none."""

    images: int
    right: int
    confidence: float | None

    def __post_init__(self) -> None:
        if not 0 <= self.right <= self.images or (self.confidence is None) != (not self.images):
            raise ValueError("of a bin's images some are right, and some have a confidence")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ValueError(f"a confidence lies between 0 and 1, got {self.confidence!r}")


class Evaluation(Found, frozen=True, kw_only=True, tag="evaluate"):
    """How a network with certain weights answers the images for testing of a data set (see `lightbench.evaluate`).
    Every image counts once."""

    run: str  # the same for all that were given the images in one pass
    data: str  # "digits"
    weights: str | None  # the file's own name; None: those that the network's code gives it
    digest: str  # of their content, 8 hex digits
    seed: int | None = None  # with which they were learnt, where that is known
    images: int
    right: int
    right5: int | None  # the class is among the five most probable; None for fewer than 6 classes
    loss: float | None  # mean cross-entropy in nats; None: an answer is no number, or impossible
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]  # a row for each class: how often each was answered
    unanswered: tuple[int, ...] = ()  # of each class, images whose answer is no number; (): none
    bins: tuple[Bin, ...]  # of equal width, from confidence 0 to 1
    against: str = ""  # another case with these weights in the same pass: "eager"; "": none
    disagreed: int | None = None  # images that it has answered with another class than that

    def __post_init__(self) -> None:
        n = len(self.classes)
        if n < 2 or len(self.confusion) != n or any(len(row) != n for row in self.confusion):
            raise ValueError("there are two classes or more, and a count for each pair of them")
        if len(self.unanswered) not in (0, n) or any(
            count < 0 for row in (*self.confusion, self.unanswered) for count in row
        ):
            raise ValueError("images are counted from 0")
        answered = sum(map(sum, self.confusion))
        if self.images < 1 or answered + sum(self.unanswered) != self.images:
            raise ValueError("every image counts once")
        if sum(self.confusion[i][i] for i in range(n)) != self.right:
            raise ValueError("what is right stands in the diagonal")
        if (self.right5 is None) != (n < 6) or not (
            self.right <= (self.right if self.right5 is None else self.right5) <= answered
        ):
            raise ValueError("among the five most probable are at least those that are right")
        if (sum(b.images for b in self.bins), sum(b.right for b in self.bins)) != (
            answered,
            self.right,
        ):
            raise ValueError("every answer is in one bin")
        if self.loss is not None and not 0 <= self.loss < math.inf:
            raise ValueError(f"a loss is 0 or more, got {self.loss!r}")
        if self.disagreed is not None and not (self.against and 0 <= self.disagreed <= self.images):
            raise ValueError("images are answered otherwise than by another case")

    @property
    def top1(self) -> float:
        """The share that is right."""
        return self.right / self.images

    @property
    def top5(self) -> float | None:
        """The share whose class is among the five most probable; None for fewer than 6 classes."""
        return None if self.right5 is None else self.right5 / self.images

    @property
    def interval(self) -> Interval:
        """`top1` with the 95 % that Wilson gives it."""
        return wilson(self.right, self.images)

    @property
    def ece(self) -> float | None:
        """Expected calibration error, of what was answered; None where nothing was (Guo et al., On Calibration of Modern
        Neural Networks, ICML 2017, eq. 3)."""
        answered = sum(each.images for each in self.bins)
        if not answered:
            return None
        gaps = (abs(b.right - b.images * (b.confidence or 0.0)) for b in self.bins)
        return math.fsum(gaps) / answered

    @property
    def of_class(self) -> tuple[int, ...]:
        """How many images there are of each class."""
        none = (0,) * len(self.classes)
        return tuple(map(sum, zip(map(sum, self.confusion), self.unanswered or none, strict=True)))

    @property
    def tested_on(self) -> tuple[str, int, tuple[str, ...]]:
        """What two evaluations share that are of the same images, as far as is known."""
        return self.data, self.images, self.classes
