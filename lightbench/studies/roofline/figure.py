"""The roofline as a figure: networks, and their layers, below the ceilings of the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lightbench import units
from lightbench.errors import UsageError
from lightbench.figures.hover import tip
from lightbench.figures.labels import shorten, title
from lightbench.figures.numbers import DOT, number_points
from lightbench.figures.style import LITERAL, style
from lightbench.figures.ticks import ticks
from lightbench.records import Record
from lightbench.studies.roofline.ceilings import Ceilings
from lightbench.studies.roofline.placed import Found, Placed, found_in
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Dot = tuple[float, float]  # MAdds per byte, MAdds per second
NAME, ROWS = 34, 30  # letters of a name in the key, and lines of one of its columns


def draw(records: Sequence[Record]) -> Figure:
    """Of records that hold a roofline what `drawn` draws. Raises UsageError where they hold none."""
    found = found_in(records)
    if found is None:
        raise UsageError("these records hold no roofline: there is nothing to draw.")
    return drawn(found)


def drawn(found: Found) -> Figure:
    """Attained MAdds/s against MAdds per byte, both logarithmic, below the roof of the peak and of memory: of data
    that stay in the nearest cache, and of the largest map. Networks are numbered points, of which the key says name
    and efficiency; their layers are small grey ones. What has no multiply-adds, or no time, has no point."""
    from matplotlib.figure import Figure

    networks = [(row, dot) for row in found.networks if (dot := _dot(row))]
    layers = [(row, dot) for row in found.layers if (dot := _dot(row))]
    with style():
        figure = Figure(
            figsize=(10, max(4.6, 1.2 + 0.17 * min(len(networks), ROWS))), layout="constrained"
        )
        axes, key = figure.subplots(1, 2, width_ratios=(5, 3))
        _roof(axes, found.ceilings, [dot for _, dot in (*networks, *layers)])
        _points(axes, layers, "o", 0.7 * DOT, "0.7")
        _points(axes, networks, "o", 2 * DOT, "black")
        _key(key, networks, found)
        figure.suptitle(
            title(["Roofline", *found.ceilings.words]), x=0.01, ha="left", fontsize=10, **LITERAL
        )
        figure.draw_without_rendering()  # now the layout is known, which numbers need
        number_points(
            axes, [str(i) for i, _ in enumerate(networks, 1)], [dot for _, dot in networks]
        )
    return figure


def _dot(row: Placed) -> Dot | None:
    """Where it stands; None for what has no place on logarithmic axes."""
    if not row.intensity or row.time is None or not row.time.median:
        return None
    return row.intensity, row.madds / row.time.median


def _roof(axes: Axes, ceilings: Ceilings, dots: Sequence[Dot]) -> None:
    peak = ceilings.product.value
    ridges = [peak / bandwidth for bandwidth in (ceilings.cached, ceilings.beyond)]
    low = min([x for x, _ in dots] + ridges) / 3
    high = max([x for x, _ in dots] + ridges) * 3
    roofs = (("-", ceilings.cached, "in cache"), ("--", ceilings.beyond, "largest map"))
    for line, bandwidth, where in roofs:
        ridge = peak / bandwidth
        label = f"{where}: {units.number(bandwidth / 1e9)} GB/s"
        axes.plot(
            [low, ridge, high],
            [bandwidth * low, peak, peak],
            line,
            color="black",
            lw=1,
            label=label,
        )
    if ceilings.spatial.value > peak:
        label = f"3x3 convolutions: {units.number(ceilings.spatial.value / 1e9)} GMAdds/s"
        axes.axhline(ceilings.spatial.value, color="0.5", lw=1, ls=":", label=label)
    floor = min([y for _, y in dots] + [ceilings.beyond * low]) / 2
    axes.set(
        xscale="log", yscale="log", xlim=(low, high), ylim=(floor, 2.5 * ceilings.spatial.value)
    )
    across, up = ticks(*axes.get_xlim()), ticks(*axes.get_ylim())
    axes.set_xticks(across, [units.number(tick) for tick in across])
    axes.set_yticks(up, [units.count(tick, 1) for tick in up])
    axes.tick_params(which="minor", bottom=False, left=False, labelbottom=False, labelleft=False)
    axes.set_xlabel("MAdds/byte")
    axes.set_title(f"Attained MAdds/s; at most {units.number(peak / 1e9)} GMAdds/s")
    axes.legend(loc="lower right", borderaxespad=0.2, fontsize=8, frameon=False)


def _points(
    axes: Axes, rows: Sequence[tuple[Placed, Dot]], mark: str, size: float, grey: str
) -> None:
    for row, (x, y) in rows:
        (dot,) = axes.plot(x, y, mark, markersize=size, color=grey, markeredgecolor="none")
        if row.beyond:
            dot.set(markerfacecolor="white", markeredgecolor="black")
        model = row.record.case.model
        name = f"{model}, {row.layer.path}" if row.layer else model
        tip(dot, f"{name}; {_efficiency(row)} of its roofline; {row.bound}", model)


def _efficiency(row: Placed) -> str:
    return units.percent(row.efficiency.median if row.efficiency else None)


def _key(axes: Axes, networks: Sequence[tuple[Placed, Dot]], found: Found) -> None:
    """Number, name and efficiency of each network."""
    axes.set_axis_off()
    lines = [
        f"{i:>2}  {shorten(visible(row.record.case.model), NAME)}  {_efficiency(row)}"
        for i, (row, _) in enumerate(networks, 1)
    ]
    if found.layers:
        lines.append("grey: layers")
    if any(row.beyond for row in found.rows):
        lines.append("white: faster than the ceilings allow")
    columns = [lines[i : i + ROWS] for i in range(0, len(lines), ROWS)]
    for i, column in enumerate(columns):
        size = 8 if len(columns) == 1 else 6.5
        words: dict[str, Any] = {"va": "top", "fontsize": size, **LITERAL}
        axes.text(i / len(columns), 1, "\n".join(column), transform=axes.transAxes, **words)
