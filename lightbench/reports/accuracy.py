"""What a reader of a report must know of its accuracies: on which data they are, and of which networks there is none."""

from __future__ import annotations

from collections.abc import Iterator

from lightbench import units
from lightbench.models.accuracies import Accuracies
from lightbench.models.accuracy import IMAGENET, Accuracy
from lightbench.records import Record
from lightbench.records.facets import names
from lightbench.studies.subject import Subject
from lightbench.views.sentence import Name, Sentence, listed
from lightbench.views.table import Column, Table, View, own_words


def bounds(accuracy: Accuracy) -> str | None:
    """``96.4 to 99.2``; None where it is not known."""
    if accuracy.low is None or accuracy.high is None:
        return None
    return f"{units.number(accuracy.low)} to {units.number(accuracy.high)}"


def on_data(rated: Accuracies) -> tuple[str, ...]:
    """Parts of a sentence: `` on digits``; nothing for ImageNet, which is what a reader expects."""
    return () if rated.data == IMAGENET else (" on ", Name(rated.data))


def about(subject: Subject) -> Iterator[str]:
    """Notes for a table: what was measured here, and what is left out."""
    found = [a for record in subject.evidence.profiles if (a := subject.accuracy(record))]
    images = dict.fromkeys(units.exact(a.images) for a in found if a.images is not None)
    if images:
        every = all(a.images is not None for a in found)
        yield (
            f"top-1: {'' if every else 'with an interval '}measured here on {' and '.join(images)} images of"
            f" {subject.rated.data}; of one training Wilson's interval, of several their mean with Student's."
        )
    yield from left_out(subject.rated)


def left_out(rated: Accuracies) -> Iterator[Sentence]:
    """Which networks have an accuracy on other data alone: two data sets are not held against each other."""
    for data, models in rated.left.items():
        yield Sentence(
            "Accuracy is that on ",
            Name(rated.data),
            "; left out, as theirs is known on ",
            Name(data),
            " alone: ",
            *listed(models),
            ".",
        )


def sources_view(subject: Subject) -> View | None:
    """Where the accuracies come from; None without any."""
    rated = [(r, own) for r in subject.evidence.profiles if (own := subject.accuracy(r))]
    if not rated:
        return None
    found: dict[str, dict[Accuracy, Record]] = {}
    for record, own in rated:
        found.setdefault(record.case.model, {}).setdefault(own, record)
    several = [record for of in found.values() if len(of) > 1 for record in of.values()]
    called = dict(zip(map(id, several), names(several), strict=True))
    each = [
        (called.get(id(record), model), own)
        for model, of in found.items()
        for own, record in of.items()
    ]
    columns = (
        Column("model", "model", align="left"),
        Column("top1", "top-1 (%)", units.number),
        Column("interval", "95 %", own_words, align="left", sparse=True),
        Column("images", "images", units.exact, sparse=True),
        Column("kind", "kind", own_words, align="left"),
        Column("source", "source", align="left"),
    )
    rows = tuple((name, a.top1, bounds(a), a.images, a.kind, a.source) for name, a in each)
    title = f"Top-1 accuracy on {subject.rated.data}, and where it comes from"
    table = Table(title, columns, rows)
    return View(table, [table.named(row) for row in rows], folded=table)
