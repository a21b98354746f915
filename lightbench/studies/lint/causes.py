"""What lint found, one cause over the whole network each, sorted by what its change would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lightbench.records.findings import Finding, Tried

Key = tuple[str, str, str]  # guideline, kind of cause, change


@dataclass(frozen=True)
class Cause:
    """The findings that one change would answer, and what became of the network that was ``tried`` with it.
    Sums are of all findings; None where one of them is not known."""

    guideline: str
    kind: str
    change: str
    findings: Sequence[Finding] = ()
    tried: Tried | None = None

    @property
    def mem_bytes(self) -> float | None:
        """The memory access that the cause adds; None for settings, which add none."""
        return sum(one.mem_bytes for one in self.findings) if self.findings else None

    @property
    def estimate_s(self) -> float | None:
        """What the change saves by the device card: as the rewritten network tells, where there is one, else what
        the cause takes."""
        if self.tried and self.tried.estimate_s is not None:
            return self.tried.estimate_s
        known = [one.estimate_s for one in self.findings if one.estimate_s is not None]
        return sum(known) if known and len(known) == len(self.findings) else None

    @property
    def measured_s(self) -> float | None:
        """What all its findings were measured to cost, one by one."""
        known = [one.measured_s.median for one in self.findings if one.measured_s]
        return sum(known) if known and len(known) == len(self.findings) else None

    @property
    def saves_s(self) -> float | None:
        """The best that is known of it: of the network that was tried, of its findings, estimated."""
        tried = self.tried.saved_s if self.tried else None
        return next((s for s in (tried, self.measured_s, self.estimate_s) if s is not None), None)


def causes(findings: Sequence[Finding], tried: Sequence[Tried] = ()) -> list[Cause]:
    """Those that bring most first; then those of which no time is known, by memory access."""
    groups: dict[Key, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.key, []).append(finding)
    trials = {(one.guideline, one.kind, one.change): one for one in tried}
    found = [
        Cause(*key, tuple(groups.get(key, ())), trials.get(key))
        for key in dict.fromkeys((*groups, *trials))
    ]
    return sorted(found, key=_worth, reverse=True)


def _worth(cause: Cause) -> tuple[bool, float, float]:
    known = cause.saves_s
    return known is not None, known or 0.0, cause.mem_bytes or 0.0
