"""Does a device bear a guideline out? One rule, on the interval of one ratio.

The verdict is about the row that breaks the guideline most, beside the row that follows it, by time
per multiply-add. In this order:

1. *launch-bound*: starting the operators takes at least half the time of either row. What is compared
   then is the number of operators, whatever the ratio.
2. *supported*: the whole 95 % interval of the ratio is above 1.03.
3. *contradicted*: the whole interval is below 1 / 1.03.
4. *not detectable*: everything else, also too few rounds for an interval.

Where one of the two rows has no time, there is *no result*.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lightbench import registry, units
from lightbench.records import Record
from lightbench.stats.ratio import Ratio
from lightbench.studies.sweep.relative import Relative, relatives, sweeps

Word = Literal["supported", "not detectable", "launch-bound", "contradicted", "no result"]
EFFECT = math.log1p(0.03)  # smaller effects are not worth a guideline
LAUNCH_SHARE = 0.5


@dataclass(frozen=True)
class Finding:
    """The answer for one guideline, one set of channels and one width."""

    guideline: str
    claim: str
    channels: str
    width: int
    word: Word
    row: str  # the one that breaks the guideline most
    reference: str
    effect: Ratio | None  # time per multiply-add of ``row`` over that of ``reference``
    launch_share: float | None  # the larger of the two
    relatives: tuple[Relative, ...]  # all points of the sweep

    @property
    def too_few(self) -> bool:
        """Is there a ratio, but too few rounds for its interval?"""
        return self.effect is not None and self.effect.log_low is None

    @property
    def record(self) -> Record:
        """A record of the sweep, for what all of them share."""
        return self.relatives[0].record

    def __str__(self) -> str:
        if self.effect is None:
            return f"{self.word}: {self.row} has no time"
        ratio = units.factor(self.effect.ratio)
        size = f"{self.row} takes {ratio} times as long as {self.reference}"
        low, high = units.factor(self.effect.low), units.factor(self.effect.high)
        within = "too few rounds: measure longer" if self.too_few else f"{low} to {high}"
        return f"{self.word}: {size} per MAdd ({within})"


def judge(effect: Ratio, launch_share: float | None) -> Word:
    """The rule of this file. ``effect`` is time per MAdd of the row that breaks the guideline over
    that of the row that follows it."""
    if launch_share is not None and launch_share >= LAUNCH_SHARE:
        return "launch-bound"
    if effect.log_low is not None and effect.log_low > EFFECT:
        return "supported"
    if effect.log_high is not None and effect.log_high < -EFFECT:
        return "contradicted"
    return "not detectable"


def finding(records: Sequence[Record]) -> Finding | None:
    """The finding of one sweep; None for another experiment, or where the reference has no time."""
    points = relatives(records)
    first = records[0].sweep
    if not points or first is None or first.experiment not in registry.names("guideline"):
        return None
    guideline = registry.load("guideline", first.experiment)
    row = guideline.STRONGEST.get(first.channels.partition(" ")[0])
    if row is None:
        return None
    (reference,) = (point for point in points if point.point.reference)
    strongest = next((point for point in points if point.point.point == row), None)
    pair = (strongest, reference)
    shares = [p.launch_share for p in pair if p and p.launch_share is not None]
    share = max(shares, default=None)
    return Finding(
        guideline=first.experiment,
        claim=guideline.CLAIM,
        channels=first.channels,
        width=first.width,
        word=judge(strongest.per_madd, share) if strongest else "no result",
        row=row,
        reference=reference.point.point,
        effect=strongest.per_madd if strongest else None,
        launch_share=share,
        relatives=tuple(points),
    )


def findings(records: Sequence[Record]) -> list[Finding]:
    """A finding for every sweep of a guideline among the records, in their order."""
    return [found for group in sweeps(records) if (found := finding(group)) is not None]
