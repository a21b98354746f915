"""How accurate a network is on ImageNet: as published, or as the reader measured it."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lightbench import registry
from lightbench.errors import UsageError
from lightbench.models.torchvision_top1 import TOP1 as TORCHVISION
from lightbench.records import InputSpec, Record

PUBLISHED_FOR = (InputSpec(shape=(3, 224, 224)),)
HINT = "Write a CSV file with a heading: model,top1,source (the source may be left out)."


@dataclass(frozen=True)
class Accuracy:
    """Top-1 on ImageNet's 50,000 validation images, in percent, and who says so."""

    top1: float
    source: str
    measured: bool = False  # by the reader, not published

    def __post_init__(self) -> None:
        if not 0 <= self.top1 <= 100:  # NaN is not
            raise ValueError(f"an accuracy lies between 0 and 100 %, got {self.top1}")


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


def accuracy_of(record: Record, own: Mapping[str, Accuracy]) -> Accuracy | None:
    """The reader's own figure for the model of a record; else the published one, if its input is the
    one for which that holds."""
    if record.case.model in own:
        return own[record.case.model]
    return published(record.case.model) if record.case.inputs == PUBLISHED_FOR else None


def read_accuracy(path: str | Path) -> dict[str, Accuracy]:
    """The reader's figures: a CSV file with columns ``model``, ``top1`` in percent and, if wanted,
    ``source``. Raises UsageError, with the line, for what cannot be read or is there twice."""
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
    return model, own_accuracy(top1, (row.get("source") or "").strip())


def own_accuracy(top1: float, source: str = "") -> Accuracy:
    """A figure of the reader's, in percent. Raises UsageError."""
    if isinstance(top1, bool) or not isinstance(top1, (int, float)) or not 0 <= top1 <= 100:
        raise UsageError(f"{top1!r} is no accuracy.", "Write percent, from 0 to 100: 71.9.")
    return Accuracy(float(top1), source or "given by the reader", measured=True)
