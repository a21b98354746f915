"""What a report is about: the records, and what the reader asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lightbench.cases import shared
from lightbench.errors import UnknownName
from lightbench.evidence import Evidence
from lightbench.models._accuracy import Accuracy, accuracy_of
from lightbench.records import Record


@dataclass(frozen=True)
class Subject:
    """``reference`` is the model that others are held against; ``accuracies`` are the reader's own;
    ``commands`` made the report."""

    evidence: Evidence
    reference: str | None = None
    accuracies: Mapping[str, Accuracy] = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = dict.fromkeys(record.case.model for record in self.evidence.profiles)
        if self.reference is not None and self.reference not in known:
            hint = "It must be one of the models in the records."
            raise UnknownName("reference", self.reference, tuple(known), hint)

    @cached_property
    def main(self) -> Sequence[Record]:
        """The largest set of profiles whose times may be compared, in the order of the records;
        none if no case has a time."""
        return self.evidence.groups[0] if self.evidence.groups else ()

    def beside(self, record: Record) -> Record | None:
        """The reference of a profile: the chosen model, or the first, of those it may be compared
        with."""
        for group in self.evidence.groups:
            if record in group:
                chosen = (r for r in group if r.case.model == self.reference)
                return next(chosen, None) if self.reference else group[0]
        return None

    def accuracy(self, record: Record) -> Accuracy | None:
        """Top-1 on ImageNet, if it is known for this network and input."""
        return accuracy_of(record, self.accuracies)


def conditions(records: Sequence[Record]) -> str:
    """What all cases share, to stand in a title: ``cpu, eager, float32, threads 1``."""
    return ", ".join(word for word in shared(records) if not word.startswith("input"))
