"""What a report is about: the records, and what the reader asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lightbench.errors import UnknownName, UsageError
from lightbench.models.accuracies import Accuracies
from lightbench.models.accuracy import Accuracy
from lightbench.records import Record
from lightbench.records.collection import Evidence


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
        if self.reference is None:
            return
        if self.reference not in known:
            hint = "It must be one of the models in the records."
            raise UnknownName("reference", self.reference, tuple(known), hint)
        if not any(map(self._chosen, self.evidence.groups)):
            raise UsageError(
                f"{self.reference!r} has no measured time that others can be held against.",
                "Name another reference, or measure it again with the others: --force.",
            )

    @cached_property
    def main(self) -> Sequence[Record]:
        """The largest set of profiles whose times may be compared, in the order of the records, of
        those that have the chosen reference; none if no case has a time."""
        groups = self.evidence.groups
        return next((g for g in groups if not self.reference or self._chosen(g)), ())

    def beside(self, record: Record) -> Record | None:
        """The reference of a profile: the chosen model, or the first, of those it may be compared
        with."""
        placed = self.evidence.comparable(record) or record
        return self._references.get(id(placed))

    @cached_property
    def rated(self) -> Accuracies:
        """The accuracies of all networks, on one data set."""
        return Accuracies(self.evidence, self.accuracies)

    def accuracy(self, record: Record) -> Accuracy | None:
        """Top-1 on the data set of most networks, if it is known for this network and input."""
        return self.rated.of(record)

    def _chosen(self, group: Sequence[Record]) -> Record | None:
        return next((r for r in group if r.case.model == self.reference), None)

    @cached_property
    def _references(self) -> dict[int, Record | None]:
        return {
            id(record): self._chosen(group) if self.reference else group[0]
            for group in self.evidence.groups
            for record in group
        }
