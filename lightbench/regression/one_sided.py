"""What was compared with nothing: networks that only one side has, budgets of another spelling."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from lightbench.records import Case, Record
from lightbench.regression import judging
from lightbench.regression.budgets import Config
from lightbench.regression.rows import GONE, Row


def one_sided(model: str, verdict: str, why: str) -> Row:
    return Row(model, judging.LATENCY, None, None, verdict, "one-sided", note=why)


def new_in_file(ref: str, said: str) -> str:
    return f"at {ref} {said.rstrip('.')}: it is new, and there is nothing to compare with."


def gone_rows(cases: Sequence[Case], baseline: Sequence[Record]) -> list[Row]:
    """A row for each model that only the baseline has, where all are meant."""
    models = {case.model for case in cases}
    return [
        one_sided(model, GONE, "only the baseline has it: save that again, or name the model here.")
        for model in dict.fromkeys(record.case.model for record in baseline)
        if model not in models
    ]


def other_spellings(cases: Sequence[Case], config: Config) -> Iterator[Row]:
    """A row for each budget that names one of the networks in other words, and so is not one of its."""
    meant = {_meaning(case.model): case.model for case in cases}
    for name, allowed in config.budgets.items():
        model = meant.get(_meaning(name), name)
        if model != name:
            why = f"its budget is not applied: it is checked as {model}. Write both the same way."
            metric = next(iter(allowed), judging.LATENCY)
            yield Row(name, metric, None, None, judging.NOT_CHECKED, "one-sided", note=why)


def _meaning(model: str) -> object:
    """The same for two ways to write one network of a file."""
    stem, colon, call = model.rpartition(".py:")
    return (os.path.realpath(f"{stem}.py"), "".join(call.split())) if colon else model
