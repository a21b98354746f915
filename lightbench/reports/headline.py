"""The line below the title: the machine, the date, and how noisy it was."""

from __future__ import annotations

from collections.abc import Sequence

from lightbench import units
from lightbench.records import Record
from lightbench.records.facets import place
from lightbench.stats.median import median
from lightbench.studies.subject import Subject

# Half the 95 % interval of a time, in the median over what was timed -> the grade: two networks are told apart by a
# difference of about twice that.
GRADES = ((0.01, "low"), (0.03, "middling"))
HIGH = "high"
BUSY = 0.1  # of more than this share timed beside other programs, noise is not low


def headline(subject: Subject) -> str:
    """``AMD EPYC, measured 2026-11-27 (UTC). Noise: low, +-0.6 % in the median of 32 times.``"""
    records = subject.evidence.records
    days = sorted({record.time[:10] for record in records})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return " ".join(
        filter(None, (f"{_machines(records)}, measured {when} (UTC).", _noise(subject)))
    )


def _machines(records: Sequence[Record]) -> str:
    known = [place(record) for record in records]
    found = dict.fromkeys(facts.get("product") or facts.get("cpu") for facts in known)
    names = [name for name in found if name]
    if not names:
        return "A machine of unknown name"
    return names[0] if len(names) == 1 else f"{units.exact(len(names))} machines"


def _noise(subject: Subject) -> str:
    timed = [r for r in subject.evidence.profiles if r.latency is not None]
    widths = [r.latency.rel for r in timed if r.latency and r.latency.rel is not None]
    if not widths:
        return ""
    busy = sum(record.contended for record in timed)
    said = f"{units.margin(median(widths))} in the median of {units.exact(len(widths))} times"
    beside = f", {units.exact(busy)} beside other programs" if busy else ""
    return f"Noise: {grade(median(widths), busy / len(timed))}, {said}{beside}."


def grade(width: float, busy: float) -> str:
    """``low``, ``middling`` or ``high``, by half the interval as a fraction, and by which share was disturbed."""
    found = next((name for most, name in GRADES if width <= most), HIGH)
    return GRADES[1][1] if found == GRADES[0][1] and busy > BUSY else found
