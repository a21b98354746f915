"""How accurate a network is: as published, or as the reader says. What was measured is in `models.accuracies`."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.models.torchvision_top1 import TOP1 as TORCHVISION
from lightbench.records import InputSpec, Record

PUBLISHED_FOR = (InputSpec(shape=(3, 224, 224)),)
IMAGENET = "ImageNet"  # its 50,000 validation images
HINT = "Write a CSV file with a heading: model,top1,source,data (source and data may be left out)."


@dataclass(frozen=True)
class Accuracy:
    """Top-1 in percent, who says so, and on which data set. Of what lightbench has measured also on how many ``images``,
    and between which bounds it lies with 95 %."""

    top1: float
    source: str
    measured: bool = False  # by the reader, or here; not published
    data: str = IMAGENET
    images: int | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.top1 <= 100:  # NaN is not
            raise ValueError(f"an accuracy lies between 0 and 100 %, got {self.top1}")

    @property
    def kind(self) -> Literal["published", "own", "measured"]:
        """Where it comes from: *own* is what the reader says."""
        if self.images is not None:
            return "measured"
        return "own" if self.measured else "published"


@cache
def published(model: str) -> Accuracy | None:
    """The published figure for a network's structure at 224x224, None where there is none. Nothing is
    imported or built."""
    prefix, colon, name = model.partition(":")
    if prefix == "torchvision" and colon:
        top1 = TORCHVISION.get(name)
        return Accuracy(top1, "torchvision, IMAGENET1K_V1") if top1 is not None else None
    for family in registry.names("model family"):
        table = registry.literal("model family", family, "TOP1") or {}
        if model in table:
            return Accuracy(*table[model])
    return None


def published_for(record: Record) -> Accuracy | None:
    """The published figure of a record's network, if its input is the one for which that holds."""
    return published(record.case.model) if record.case.inputs == PUBLISHED_FOR else None


def read_accuracy(path: str | Path) -> dict[str, Accuracy]:
    """The reader's figures: a CSV file with columns ``model``, ``top1`` in percent and, if wanted, ``source`` and
    ``data``. Raises UsageError, with the line, for what cannot be read or is there twice."""
    found: dict[str, Accuracy] = {}
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            missing = {"model", "top1"} - set(rows.fieldnames or ())
            if missing:
                raise UsageError(
                    f"{path} has no column {' and no column '.join(sorted(missing))}.", HINT
                )
            for row in rows:
                where = f"{path}, line {rows.line_num}"
                model, accuracy = _read(row, where)
                if model in found:
                    raise UsageError(f"{where}: {model!r} is there twice.", "Keep one of them.")
                found[model] = accuracy
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV file in UTF-8: {error}.", HINT) from error
    if found and all(accuracy.top1 <= 1 for accuracy in found.values()):
        raise UsageError(f"{path} has only values up to 1.", "Write percent: 71.9, not 0.719.")
    return found


def _read(row: Mapping[str, str | None], where: str) -> tuple[str, Accuracy]:
    model, text = (row["model"] or "").strip(), (row["top1"] or "").strip()
    if not model or None in row:
        raise UsageError(f"{where}: a model, its top-1 and perhaps a source are expected.", HINT)
    try:
        top1 = float(text)
    except ValueError:
        top1 = math.nan
    if not 0 <= top1 <= 100:
        raise UsageError(
            f"{where}: {text!r} is no accuracy.", "Write percent, from 0 to 100: 71.9."
        )
    source, data = ((row.get(column) or "").strip() for column in ("source", "data"))
    return model, own_accuracy(top1, source, data)


def own_accuracy(top1: float, source: str = "", data: str = "") -> Accuracy:
    """A figure of the reader's, in percent; on ImageNet, unless another data set is named. Raises UsageError."""
    if isinstance(top1, bool) or not isinstance(top1, (int, float)) or not 0 <= top1 <= 100:
        raise UsageError(f"{top1!r} is no accuracy.", "Write percent, from 0 to 100: 71.9.")
    who = source or "given by the reader"
    return Accuracy(float(top1), who, measured=True, data=data or IMAGENET)
