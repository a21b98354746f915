"""One guideline: measured relative speed beside the paper's, and the memory access that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightbench.errors import UsageError
from lightbench.figures.labels import shorten, title
from lightbench.figures.style import LITERAL, style
from lightbench.records import Record
from lightbench.records.facets import shared
from lightbench.studies.guidelines import paper
from lightbench.studies.sweep.figure import tip_of_point
from lightbench.studies.sweep.relative import Relative, relatives, sweeps
from lightbench.units import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Grey and shape tell the widths apart, outline and shape the paper's devices.
MEASURED = (("o", "black"), ("s", "0.45"), ("D", "0.72"), ("P", "0.25"), ("v", "0.6"))
PAPER = ("^", "x", "+")
GAP = 0.8  # of a row's height is used
ZOOM = 0.6  # where all speeds are above it, the axis need not begin at 0


def draw(records: Sequence[Record]) -> Figure:
    """Left: speed relative to the reference with its 95 % interval, a line a width, beside the paper's
    devices. Right: memory access relative to the reference's. Rows are as in the paper's table.

    The records are those of one guideline, one set of channels and one setup; of two runs at one
    width the later is drawn. Raises UsageError if no sweep
    among them has times.
    """
    from matplotlib.figure import Figure

    latest = {
        found[0].point.width: found for group in sweeps(records) if (found := relatives(group))
    }
    if not latest:
        raise UsageError("no sweep has measured times: there is nothing to draw.")
    by_width = list(latest.values())[: len(MEASURED)]
    rows = list(dict.fromkeys(p.point.point for points in by_width for p in points))
    height = 1.9 + len(rows) * (0.28 + 0.14 * len(by_width))
    with style():
        figure = Figure(figsize=(10, max(height, 3.4)), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(5, 3), sharey=True)
        _speeds(left, by_width, rows)
        _memory(right, by_width, rows)
        left.set_yticks(range(len(rows)), [_label(by_width, row) for row in rows], **LITERAL)
        left.set_ylim(len(rows) - 0.5, -0.5)
        handles, names = left.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower left", ncols=6, frameon=False, fontsize=8)
        figure.suptitle(_title(by_width, len(latest)), x=0.01, ha="left", fontsize=10, **LITERAL)
    return figure


def _title(by_width: Sequence[Sequence[Relative]], widths: int) -> str:
    first = by_width[0][0]
    words = [first.point.experiment.replace("_", " "), f"{first.point.channels} channels"]
    words += [word for word in shared([first.record]) if not word.startswith("input")]
    if len(by_width) < widths:
        words.append(f"the first {len(by_width)} of {widths} widths")
    return title([word for word in words if word.strip() != "channels"])


def _label(by_width: Sequence[Sequence[Relative]], row: str) -> str:
    """The row with its channels at the first width: ``1:4 (48, 192)``."""
    for point in by_width[0]:
        if point.point.point == row:
            settings = point.point.settings
            sizes = [str(settings[k]) for k in ("c1", "c2", "c") if k in settings]
            name = shorten(visible(row), 20)
            return f"{name}  ({', '.join(sizes)})" if sizes else name
    return shorten(visible(row), 20)


def _offset(i: int, count: int) -> float:
    """Where in its row the i-th of ``count`` lines lies."""
    return GAP * ((i + 0.5) / count - 0.5)


def _speeds(axes: Axes, by_width: Sequence[Sequence[Relative]], rows: Sequence[str]) -> None:
    named: set[str] = set()
    for i, points in enumerate(by_width):
        marker, grey = MEASURED[i]
        at = [rows.index(p.point.point) + _offset(i, len(by_width)) for p in points]
        times = [p.compared for p in points]
        speeds = [1 / time.ratio for time in times]
        errors = (
            [speed - 1 / (t.high or t.ratio) for t, speed in zip(times, speeds, strict=True)],
            [1 / (t.low or t.ratio) - speed for t, speed in zip(times, speeds, strict=True)],
        )
        axes.errorbar(
            speeds, at, xerr=errors, fmt=marker, color=grey, markeredgecolor="black",
            ecolor="black", elinewidth=0.8, capsize=2, markersize=5,
            label=f"measured, x{points[0].point.width}",
        )  # fmt: skip
        for point, speed, y in zip(points, speeds, at, strict=True):
            (dot,) = axes.plot(
                speed, y, marker, color=grey, markeredgecolor="black", markersize=5, zorder=3
            )
            tip_of_point(dot, point, speed=True)
        _papers(axes, points, at, named)
    axes.axvline(1, color="0.6", linewidth=0.8, zorder=0)
    for row in range(1, len(rows)):
        axes.axhline(row - 0.5, color="0.9", linewidth=0.8, zorder=0)
    what = "MAdds/s" if by_width[0][0].point.per_madd else "Speed"
    axes.set_title(f"{what} relative to the reference, 95 % interval")
    low, _ = axes.get_xlim()
    axes.set_xlim(left=0 if low < ZOOM else low)
    axes.tick_params(left=False)


def _papers(axes: Axes, points: Sequence[Relative], at: Sequence[float], named: set[str]) -> None:
    """The paper's devices on the same lines; ``named`` are those that the legend has already."""
    experiment = points[0].point.experiment
    reference = next(p.point.point for p in points if p.point.reference)
    for marker, device in zip(PAPER, paper.devices(experiment), strict=False):
        found = [
            (speed, y)
            for p, y in zip(points, at, strict=True)
            if (
                speed := paper.relative_speed(
                    experiment,
                    device,
                    p.point.point,
                    reference,
                    p.point.width,
                    p.point.channels,
                )
            )
            and not p.point.reference
        ]
        if found:
            x, y = zip(*found, strict=True)
            label = None if device in named else f"paper's {device}"
            named.add(device)
            axes.plot(
                x, y, marker, color="black", markersize=5, alpha=0.75, label=label, fillstyle="none"
            )


def _memory(axes: Axes, by_width: Sequence[Sequence[Relative]], rows: Sequence[str]) -> None:
    """The paper's account; where that does not differ (element-wise operators), the eager one."""
    paper_differs = any(
        p.mem_access and abs(p.mem_access - 1) > 1e-9 for ps in by_width for p in ps
    )
    for i, points in enumerate(by_width):
        known = [
            (rows.index(p.point.point) + _offset(i, len(by_width)), ratio)
            for p in points
            if (ratio := p.mem_access if paper_differs else p.mem_bytes) is not None
        ]
        if known:
            at, ratios = zip(*known, strict=True)
            axes.barh(
                at, ratios, height=GAP / len(by_width) * 0.85, color=MEASURED[i][1],
                edgecolor="black", linewidth=0.5,
            )  # fmt: skip
            for y, ratio in known:
                axes.annotate(
                    f"{ratio:.2f}", (ratio, y), (3, 0), textcoords="offset points", va="center",
                    fontsize=7,
                )  # fmt: skip
    account = "paper's account" if paper_differs else "eager account"
    axes.set_title(f"Memory access\n({account}), relative")
    axes.margins(x=0.15)
    axes.set_xlim(left=0)
    axes.tick_params(left=False, labelleft=False)
