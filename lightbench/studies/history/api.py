"""The history of stored records from Python. It needs no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lightbench.errors import UnknownName, UsageError
from lightbench.studies.history.entries import METRICS, Entry, entries, read_entries
from lightbench.studies.history.figure import draw_series
from lightbench.studies.history.series import Series, histories
from lightbench.studies.history.table import history_view
from lightbench.studies.result import Shown, Source, records_of
from lightbench.views.table import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class History(Shown):
    """What `history` found: ``series``, each of one case on one machine, with its ``points`` and
    ``changes``. With ``commits`` the table has a row for each commit."""

    series: tuple[Series, ...]
    commits: bool = False

    @property
    def view(self) -> View:  # type: ignore[override]
        return history_view(self.series, commits=self.commits)

    def plot(self) -> Figure:
        """A panel for each series. Raises UsageError without any."""
        return draw_series(self.series)


def history(
    *sources: Source,
    models: str | Sequence[str] = (),
    metric: str = "latency",
    device: str | None = None,
) -> History:
    """Stored records over commits: where a metric changed its level. Advice, never a gate.

    ``sources`` are files that `profile --store` wrote, records, or results of `profile`; only profiles
    have a history. ``models`` and ``device`` choose among them, and of a single one the commits are
    listed. ``metric`` is "latency" (seconds), "peak_memory_bytes", or a count: "params", "madds",
    "mem_access" (elements), "mem_bytes", "fused_bytes", "param_bytes", "activations". Raises
    UnknownName for what no record has, UsageError where there is nothing to show, StoreError.
    """
    if metric not in METRICS:
        raise UnknownName("metric", metric, METRICS, f"Known: {', '.join(METRICS)}.")
    chosen = (models,) if isinstance(models, str) else tuple(models)
    found = [entry for source in sources for entry in _entries(source)]
    wanted = {"model": chosen, "device": (device,) if device else ()}
    _check_names(wanted, found)
    series = tuple(
        one
        for one in histories(found, metric)  # of all: others show what became of the machine
        if all(getattr(one.case, part) in names for part, names in wanted.items() if names)
    )
    if not series:
        raise UsageError(
            f"no record of {len(found)} has a {metric} that may be compared: of a profile, and undisturbed.",
            "Measure with `lightbench profile MODEL --store FILE.jsonl` on each commit.",
        )
    return History(series, commits=len(chosen) == 1)


def _entries(source: Source) -> Iterator[Entry]:
    """Of a file only what a series needs is read."""
    if isinstance(source, (str, Path)):
        yield from read_entries(str(source))
    else:
        yield from entries(records_of(source))


def _check_names(wanted: Mapping[str, Sequence[str]], found: Sequence[Entry]) -> None:
    """Raises UnknownName for a model or a device that no case has."""
    for part, names in wanted.items():
        known = {getattr(entry.case, part) for entry in found if not entry.anchor}
        for name in names:
            if name not in known:
                there = ", ".join(sorted(known)[:10])
                raise UnknownName(part, name, known, f"These records have: {there}.")
