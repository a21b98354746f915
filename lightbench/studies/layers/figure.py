"""Where a network's time, multiply-adds and memory access are: its largest layers with their shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.bars import EDGE, bars
from lightbench.figures.labels import fitted, title
from lightbench.figures.style import LITERAL, style
from lightbench.records import Record
from lightbench.records.facets import FACETS, shared
from lightbench.studies.count.figure import COSTLY
from lightbench.studies.count.groups import BY, GROUPS
from lightbench.studies.layers.shares import costs_and_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 15  # layers of a panel
NAME = 26  # letters of one
# Colour and hatch tell kinds apart, each alone, in the order of GROUPS.
LOOKS = dict(
    zip(
        GROUPS,
        (("#9ecae1", ""), ("#fdd0a2", "////"), ("#c7e9c0", "...."), ("white", "")),
        strict=True,
    )
)
HEADINGS = {"time_s": "Time", "madds": "MAdds", "mem_bytes": "Memory access"}
METRICS: dict[str, Callable[[float], str]] = {
    "time_s": units.seconds,
    "madds": units.count,
    "mem_bytes": units.size,
}


class Layer(NamedTuple):
    """What the operators of one module come to; the time is None where none was taken. ``kind`` is that of the first of
    them that has multiply-adds, or of the first."""

    name: str
    kind: str
    time_s: float | None
    madds: float
    mem_bytes: float


def draw(records: Sequence[Record]) -> Figure:
    """A panel for time, where it was taken, one for multiply-adds and one for memory access: the 15 layers of the first
    record that have most of it, each with its share of the network's. The look of a bar is the kind of its operators.
    Raises UsageError for records without operators."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    record = next((r for r in records if r.costs and r.costs.ops), None)
    if record is None:
        raise UsageError("no record has layers: there is nothing to draw.")
    layers = layers_of(record)
    shown = [key for key in HEADINGS if any(getattr(layer, key) for layer in layers)]
    with style():
        high = 1.5 + 0.27 * max(min(len(layers), MOST), 3)
        figure = Figure(figsize=(10, high), layout="constrained")
        panels = figure.subplots(1, max(len(shown), 1), squeeze=False)[0]
        for axes, key in zip(panels, shown, strict=False):
            _panel(axes, layers, key)
        words = title([f"Layers of {record.case.model}", *_conditions(record)])
        figure.suptitle(words, x=0.01, ha="left", fontsize=10, **LITERAL)
        kinds = [kind for kind in LOOKS if any(layer.kind == kind for layer in layers)]
        patches = [Patch(facecolor=LOOKS[k][0], hatch=LOOKS[k][1], edgecolor=EDGE) for k in kinds]
        figure.legend(
            patches, kinds, loc="outside lower left", ncols=len(LOOKS), frameon=False, fontsize=8
        )
    return figure


def _conditions(record: Record) -> list[str]:
    """How its layers were timed; where they were not, only what counts depend on."""
    if record.layers is not None:
        return shared([record])
    return [word for facet in FACETS if facet.key in COSTLY for word in facet.said(record)]


def layers_of(record: Record) -> list[Layer]:
    """The layers of a record, in the order in which they run first."""
    times: Sequence[float] | None = None
    if record.layers is not None:
        times = [part.time_s.median for part in costs_and_times(record)[1].operators]
    ops = record.costs.ops if record.costs else ()
    found: dict[str, Layer] = {}
    for i, op in enumerate(ops):
        name = op.path or "(network)"
        kind = BY["group"](op)
        before = found.get(name, Layer(name, kind, None if times is None else 0.0, 0, 0))
        found[name] = Layer(
            name,
            before.kind if before.madds or not op.madds else kind,
            None if times is None or before.time_s is None else before.time_s + times[i],
            before.madds + op.madds,
            before.mem_bytes + op.mem_bytes,
        )
    return list(found.values())


def _panel(axes: Axes, layers: Sequence[Layer], key: str) -> None:
    values = {layer.name: getattr(layer, key) or 0 for layer in layers}
    whole = sum(values.values())
    ordered = sorted(layers, key=lambda layer: -values[layer.name])
    rows = [layer for layer in ordered[:MOST] if values[layer.name]]
    shares = [values[row.name] / whole for row in rows]
    heading = f"{HEADINGS[key]}: {METRICS[key](whole)}"
    looks = [LOOKS[row.kind] for row in rows]
    bars(axes, shares, units.percent, heading=heading, log=False, looks=looks)
    axes.set_yticks(
        range(len(rows)), [fitted(row.name, NAME) for row in rows], fontsize=8, **LITERAL
    )
    if rest := len(layers) - len(rows):
        left = units.percent(max(1 - sum(shares), 0.0))
        word = "layer" if rest == 1 else "layers"
        axes.set_xlabel(f"{units.exact(rest)} other {word}: {left}", loc="left", fontsize=8)
