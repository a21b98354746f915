"""Records of a history whose times may be compared: those of the last run, and of runs linked with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lightbench.records.links import Key, Links, Time

if TYPE_CHECKING:
    from lightbench.studies.history.entries import Entry, Facts


class Machines:
    """What was timed in which run, on each machine."""

    def __init__(self, found: Sequence[Entry]) -> None:
        every: dict[Facts, dict[str, dict[Key, Time]]] = {}
        for entry in found:
            if entry.latency is not None and entry.run is not None:
                times = every.setdefault(entry.machine, {}).setdefault(entry.run, {})
                if entry.identity is not None:
                    times[entry.case, entry.identity] = entry.latency
        self._links = {machine: Links(runs) for machine, runs in every.items()}

    def alike(self, members: Sequence[Entry]) -> list[Entry]:
        """Of one case on one machine: those of the last run and of runs that are linked with it, their
        latencies as they would have been there."""
        calm = [entry for entry in members if entry.latency is not None and entry.run is not None]
        if not calm:  # nothing to hold it against
            return []
        last = calm[-1]
        linked = self._links[last.machine].drifts(str(last.run), without=last.case)
        return [
            replace(
                entry,
                values={"latency": entry.values["latency"] / math.exp(by.log)},
                unsure=max(by.high - by.log, by.log - by.low),
            )
            for entry in calm
            if (by := linked.get(str(entry.run))) is not None
        ]
