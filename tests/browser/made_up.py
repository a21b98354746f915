"""A made-up report with a hostile name in it, and where a reader finds things on its page."""

from __future__ import annotations

from lightbench.figures.hover import tip
from lightbench.figures.style import style
from lightbench.units import count, milliseconds
from lightbench.views.section import Document, Drawing, Section
from lightbench.views.table import Column, Table, View

HOSTILE = "<img src=x onerror=alert(1)>"
TIMES = {"small": 0.009, HOSTILE: None, "large": 0.1, "middle": 0.020, "x2": 0.011}
MADDS = (1_200_000_000, 900_000_000, 8_000, 2_000_000, 30)
UP = ["small", "x2", "middle", "large", HOSTILE]


def draw():
    """A point for each network with a time, left to right in the order of the table."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(8, 4))
        axes = figure.subplots()
        for i, (model, time) in enumerate(TIMES.items()):
            if time:
                (point,) = axes.plot([i], [time], "o")
                tip(point, f"{model}: {milliseconds(time)} ms", model)
    return figure


def compared():
    columns = (
        Column("model", "model", align="left"),
        Column("latency_s", "latency (ms)", milliseconds),
        *(Column(f"c{i}", f"another number {i}", align="right") for i in range(12)),
        Column("device", "device", align="left"),
        Column("madds", "MAdds", count),
    )
    rows = tuple(
        (model, time, *(10 ** (i % 5) for i in range(12)), "CPU" if i % 2 else "cuda", MADDS[i])
        for i, (model, time) in enumerate(TIMES.items())
    )
    return Table("Comparison", columns, rows)


def small(model):
    columns = (Column("layer", "layer", align="left"), Column("madds", "MAdds"))
    return Table(f"Layers of {model}", columns, (("conv1", 2), ("fc", 10), ("bn", None)))


def made_up():
    view = View(compared(), None)
    folded = View(compared(), None, folded=small("all"))
    inner = tuple(
        Section(m, ("Inside a fold.",), views=(View(small(m), None),), model=m) for m in TIMES
    )
    sections = (
        Section("In short", ("The first sentence.",)),
        Section("Comparison", drawings=(Drawing("f", "Times.", draw),), views=(view, folded)),
        Section("Each", inner=inner),
        Section("How to reproduce", commands=("lightbench report a.jsonl \\\n  -o b.html",)),
    )
    return Document("A report", sections)


def column(page, i=1):
    """The cells of the comparison that are seen, from top to bottom."""
    cells = page.locator(f"section:nth-of-type(2) > figure tbody tr > :nth-child({i})")
    return [cell.text_content() for cell in cells.all() if cell.is_visible()]


def head(page, name):
    return page.locator(
        "section:nth-of-type(2) > figure th", has=page.get_by_role("button", name=name)
    )


def choice(page, model):
    return page.get_by_role("checkbox", name=model, exact=True)


def points(page):
    return page.locator(".picture .tip")


def seen(locator):
    return [one.is_visible() for one in locator.all()]
