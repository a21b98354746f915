"""A training as a table: a row for each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from lightbench import units
from lightbench.studies.learned import About
from lightbench.studies.train.checkpoint import Epoch
from lightbench.views.table import Column, Table, View

COLUMNS = (
    Column("epoch", "epoch"),
    Column("loss", "loss", units.number, drop=2),
    Column("accuracy", "accuracy", units.percent, drop=1),
    Column("test_loss", "test loss", units.number, drop=3),
    Column("test_accuracy", "test accuracy", units.percent),
    Column("lr", "learning rate", units.number, drop=4),
    Column("images_s", "images/s", units.number, drop=5),
    Column("time_s", "time (s)", units.number, drop=6),
)
LEARNING = (
    "accuracy, loss: of the images that are learned from, augmented, while the weights change."
)
FEW = 12  # epochs that are all shown; of more it is the last ones, and the best


def train_view(
    about: About, epochs: Sequence[Epoch], best: Epoch, warnings: Sequence[str] = ()
) -> View:
    """All epochs; of many, people see the best and the last."""
    rows = tuple(tuple(getattr(epoch, c.key) for c in COLUMNS) for epoch in epochs)
    notes = (
        f"best.pt: epoch {best.epoch}, {units.percent(best.test_accuracy)} of the test images right.",
    )
    title = f"{about.model} on {about.data}, seed {about.seed}"
    table = Table(title, COLUMNS, rows, notes, tuple(warnings), more=(LEARNING,))
    data = {"about": msgspec.to_builtins(about), "epochs": msgspec.to_builtins(list(epochs))}
    if len(epochs) <= FEW:
        return View(table, data)
    few = [i for i, e in enumerate(epochs) if e is best or i >= len(epochs) - FEW + 1]
    cut = replace(table, rows=tuple(rows[i] for i in few), notes=(*notes, f"{len(few)} of {len(epochs)} epochs are shown."))  # fmt: skip
    return View(table, data, folded=cut)
