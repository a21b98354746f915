"""The record of a case that was looked at and not timed: what it costs, and what was found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lightbench import devices
from lightbench.records import SCHEMA, Case, Costs, Record
from lightbench.rounds import here


def untimed(case: Case, costs: Costs | None = None, **found: Any) -> Record:
    """``found`` are fields of a record that need no time: ``identity``, ``findings``, ``opinions``,
    ``check``. The
    environment is that of the case's device, as if it were timed now. Raises UnknownName, UsageError."""
    device = devices.find(case.device, case.options)
    return Record(
        schema=SCHEMA,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        case=case,
        status="ok",
        environment=here(device, case.device, device.host_threads(case.threads)),
        costs=costs,
        **found,
    )
