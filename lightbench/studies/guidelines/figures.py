"""Which records of guidelines make one figure, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lightbench import registry
from lightbench.records import Record
from lightbench.records.facets import telling
from lightbench.studies.sweep.relative import relatives, sweeps


def by_figure(records: Sequence[Record]) -> dict[str, list[Record]]:
    """The records of each figure: one guideline in one set of channels and one setup, by file name."""
    differs = [facet for facet in telling(records) if facet.key not in ("input", "batch")]
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.sweep and record.sweep.experiment in registry.names("guideline"):
            setup = [facet.phrase.format(facet.value(record)) for facet in differs]
            words = [record.sweep.experiment, record.sweep.channels, *setup]
            groups.setdefault(_file_name(words), []).append(record)
    return {name: group for name, group in groups.items() if any(map(relatives, sweeps(group)))}


def _file_name(words: Sequence[str]) -> str:
    """The words of a record as a name that stays in its folder, whatever they are."""
    return re.sub("[^A-Za-z0-9_-]+", "-", "-".join(words))[:100]
