"""Which accuracy each network of some records has: all on one data set, as figures of several do not mix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lightbench.models.accuracy import IMAGENET, PUBLISHED_FOR, Accuracy, published_for
from lightbench.records import Record
from lightbench.records.case import WIDE, Case
from lightbench.records.collection import Evidence
from lightbench.records.findings import Evaluation
from lightbench.stats.mean import mean_of

TestedOn = tuple[
    str, int, tuple[str, ...]
]  # see `Evaluation.tested_on`; a figure knows the name alone


@dataclass(frozen=True, eq=False)
class Accuracies:
    """``own`` are the reader's figures by model. They go before what was measured, and that before what was published.
    Of several data sets it is the one on which most networks have an accuracy."""

    evidence: Evidence
    own: Mapping[str, Accuracy]

    def of(self, record: Record) -> Accuracy | None:
        """That of a record's network, in its input and precision, on `data`; None where it is not known."""
        return self._known(record).get(self._chosen)

    @property
    def data(self) -> str:
        """The name of the data set."""
        return self._chosen[0]

    @cached_property
    def left(self) -> dict[str, tuple[str, ...]]:
        """Other data sets -> networks that have an accuracy on those alone."""
        found: dict[str, dict[str, None]] = {}
        for record in self.evidence.profiles:
            known = self._known(record)
            if known and self._chosen not in known:
                for data, *_ in known:
                    found.setdefault(data, {})[record.case.model] = None
        return {data: tuple(models) for data, models in found.items()}

    @cached_property
    def _chosen(self) -> TestedOn:
        networks = {
            (of, record.case.model, record.case.inputs): of
            for record in self.evidence.profiles
            for of in self._known(record)
        }
        times = Counter(networks.values())
        measured = {one.tested_on for one in self._evaluations}
        return max(times, key=lambda of: (times[of], of in measured), default=(IMAGENET, 0, ()))

    def _known(self, record: Record) -> dict[TestedOn, Accuracy]:
        """On each data set."""
        case = record.case
        key = case.model, case.inputs, case.engine, case.dtype, record.identity
        if key not in self._found:
            self._found[key] = self._find(record)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[object, dict[TestedOn, Accuracy]]:
        return {}

    def _find(self, record: Record) -> dict[TestedOn, Accuracy]:
        found: dict[TestedOn, Accuracy] = {}
        for figure in filter(None, (published_for(record), self._own(record))):
            found[self._named(figure.data)] = figure
        for of in dict.fromkeys(one.tested_on for one in self._evaluations):
            measured = self._measured(record, of)
            if measured and (of not in found or found[of].kind == "published"):
                found[of] = measured
        return found

    def _own(self, record: Record) -> Accuracy | None:
        """A figure that is given for a name is for one of several inputs: the usual one."""
        several = self._inputs[record.case.model] > 1
        return (
            None
            if several and record.case.inputs != PUBLISHED_FOR
            else self.own.get(record.case.model)
        )

    def _named(self, data: str) -> TestedOn:
        """What was measured on a data set of this name, if that is one."""
        alike = {one.tested_on for one in self._evaluations if one.data == data}
        return alike.pop() if len(alike) == 1 else (data, 0, ())

    def _measured(self, record: Record, of: TestedOn) -> Accuracy | None:
        """By the latest pass in its engine and precision. What is measured in float32 holds for all engines in that, as
        these are held against the network; of what is less precise only its own evaluation says it."""
        same = [r for r, one in self._evaluated if one.tested_on == of and _same_network(r, record)]
        for alike in (_run_alike, _both_wide):
            found = [r for r in same if alike(r.case, record.case)]
            if found:
                return _accuracy([r for r in found if _one_pass(r, found[-1])])
        return None

    @cached_property
    def _evaluated(self) -> list[tuple[Record, Evaluation]]:
        return [(r, one) for r in self.evidence.records if (one := r.evaluation)]

    @property
    def _evaluations(self) -> Iterator[Evaluation]:
        return (one for _, one in self._evaluated)

    @cached_property
    def _inputs(self) -> Counter[str]:
        """How many inputs each network was given."""
        cases = {(r.case.model, r.case.inputs) for r in self.evidence.profiles}
        return Counter(model for model, _ in cases)


def accuracies(records: Sequence[Record], own: Mapping[str, Accuracy] | None = None) -> Accuracies:
    """Those of some records: what was evaluated, the reader's ``own``, what was published."""
    return Accuracies(Evidence(tuple(records)), own or {})


def _same_network(one: Record, other: Record) -> bool:
    """Is it known that both are of the same code and structure, with the same input? Weights have no part in that."""
    a, b = one.identity, other.identity
    if a is None or b is None or one.case.inputs != other.case.inputs:
        return False
    known = (a.structure, a.code, a.packages) == (b.structure, b.code, b.packages)
    return known and one.case.model == other.case.model


def _run_alike(a: Case, b: Case) -> bool:
    return (a.engine, a.dtype) == (b.engine, b.dtype)


def _both_wide(a: Case, b: Case) -> bool:
    return a.dtype in WIDE and b.dtype in WIDE


def _one_pass(a: Record, b: Record) -> bool:
    """Do they differ in nothing but weights?"""
    return (
        bool(a.evaluation and b.evaluation and a.evaluation.run == b.evaluation.run)
        and a.case == b.case
    )


def _accuracy(records: Sequence[Record]) -> Accuracy:
    """With Wilson's interval; of several weights their mean with Student's."""
    by_digest = {one.digest: one for record in records if (one := record.evaluation)}
    found = list(by_digest.values())
    mean = mean_of([one.top1 for one in found])
    bounds = found[0].interval if len(found) == 1 else mean
    low, high = bounds.low, bounds.high
    case, weights = records[0].case, found[0].weights or "weights as built"
    what = weights if len(found) == 1 else f"mean of {len(found)} weights"
    return Accuracy(
        100 * mean.mean,
        f"{what}, {case.engine}, {case.dtype}",
        measured=True,
        data=found[0].data,
        images=found[0].images,
        low=None if low is None else max(100 * low, 0.0),
        high=None if high is None else min(100 * high, 100.0),
    )
