"""What was measured for guidelines among stored records."""

from __future__ import annotations

from lightbench import registry
from lightbench.records import Record
from lightbench.records.collection import Evidence


def guideline_records(evidence: Evidence) -> tuple[Record, ...]:
    """All of it, in the order in which it was stored."""
    known = registry.names("guideline")
    return tuple(r for r in evidence.records if r.sweep and r.sweep.experiment in known)
