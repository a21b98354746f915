"""What networks cost, beside one another: params, multiply-adds and memory access."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.bars import bars
from lightbench.figures.hover import tip
from lightbench.figures.labels import labels, title
from lightbench.figures.style import LITERAL, style
from lightbench.records import Costs, Record
from lightbench.records.facets import FACETS, Facet, differing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 30  # networks
COSTLY = ("input", "batch", "dtype")  # what of a case its costs depend on
PANELS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("params", "Params", lambda value: units.count(value, 3)),
    ("madds", "MAdds", lambda value: units.count(value, 3)),
    ("mem_bytes", "Memory access", units.size),
)


def draw(records: Sequence[Record]) -> Figure:
    """A row for each network that was counted, at most 30, in the order given: its params (of a model file those that
    it stores), its MAdds and what eager PyTorch reads and writes, each with its ratio to the first. Raises UsageError
    if none was counted."""
    from matplotlib.figure import Figure

    counted = [record for record in records if record.costs]
    if not counted:
        raise UsageError("no network was counted: there is nothing to draw.")
    drawn = counted[:MOST]
    with style():
        figure = Figure(figsize=(10, 1.3 + 0.3 * max(len(drawn), 3)), layout="constrained")
        panels = figure.subplots(1, len(PANELS), sharey=True)
        differs = [facet for facet in differing(drawn) if facet.key in COSTLY]
        names, _ = labels(drawn, differs)
        for axes, (key, heading, text) in zip(panels, PANELS, strict=True):
            _panel(axes, drawn, key, heading, text)
        panels[0].set_yticks(range(len(drawn)), names, **LITERAL)
        words = _caption(drawn, differs, len(records))
        figure.supxlabel(words, x=0.01, ha="left", fontsize=8, **LITERAL)
    return figure


def _panel(
    axes: Axes, drawn: Sequence[Record], key: str, heading: str, text: Callable[[float], str]
) -> None:
    values = [_of(record.costs, key) for record in drawn]
    times = [_ratio(value, values[0]) if i else "" for i, value in enumerate(values)]
    found = bars(axes, values, text, heading=heading, beside=times)
    for bar, value, record in zip(found, values, drawn, strict=True):
        if bar is not None and value is not None:
            tip(bar, f"{record.case.model}: {heading} {text(value)}", record.case.model)


def _of(costs: Costs | None, key: str) -> float | None:
    value: float | None = getattr(costs, key)
    return costs.stored_params if costs and value is None and key == "params" else value


def _ratio(value: float | None, first: float | None) -> str:
    return f"x{units.number(value / first)}" if value is not None and first else ""


def _caption(drawn: Sequence[Record], differs: Sequence[Facet], records: int) -> str:
    same = [facet for facet in FACETS if facet.key in COSTLY and facet not in differs]
    words = [word for facet in same for word in facet.said(drawn[0])]
    said = "memory access: as eager PyTorch reads and writes; x: of the first network's"
    missing = records - len(drawn)
    left_out = f"{missing} of {records} are not shown" if missing else ""
    return "\n".join(filter(None, (title(words), said, left_out)))
