"""Checks from Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

from lightbench.errors import UsageError
from lightbench.models.inputs import Inputs
from lightbench.records import Case, Record
from lightbench.records.axes import SETUP
from lightbench.records.findings import Check
from lightbench.records.parse import parse_fraction
from lightbench.runner.how import How, control_of, said, spelled
from lightbench.runner.record import untimed
from lightbench.studies.check import gate
from lightbench.studies.check.as_saved import as_saved, differs
from lightbench.studies.check.beside_baseline import baseline_cases, read_baseline
from lightbench.studies.check.project import find_config, read_project, settings_of
from lightbench.studies.check.table import check_view
from lightbench.studies.compare.rows import Row, exit_code, stored
from lightbench.studies.result import Shown, Source
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class Checked(Shown):
    """What `check` found: ``rows``, of each model in turn. ``against`` names what it was held against."""

    cases: tuple[Case, ...]
    rows: tuple[Row, ...]
    against: str
    strict: bool = False

    drawn_as = "check"

    @property
    def view(self) -> View:  # type: ignore[override]
        return check_view(self.rows, strict=self.strict)

    @property
    def exit_code(self) -> int:
        """What the command would end with: 0 no regression, 1 a confirmed one, 4 not comparable, or
        nothing at all; if strict also 3 unclear, and 4 new."""
        return exit_code(self.rows, strict=self.strict)

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """What is stored of it: one record a case, with its rows."""
        return tuple(untimed(case, found=self._of(case)) for case in self.cases)

    def _of(self, case: Case) -> Check:
        rows = (stored(row) for row in self.rows if row.model == case.model)
        return Check(against=self.against, metrics=tuple(rows))


@spelled(How, **dict.fromkeys(SETUP))  # None: what the project says
def check(
    models: str | Sequence[str] = (),
    *,
    against: str | None = None,
    baseline: Source | None = None,
    config: str | Path | None = None,
    tolerance: float | str | None = None,
    seconds: float | None = None,
    latency: bool = True,
    strict: bool = False,
    isolate: bool = False,
    old_python: str | Path | None = None,
    batch: int | None = None,
    mode: str | None = None,
    input: Inputs = None,  # noqa: A002  the word of the command line
    trusted: bool = False,
    **how: Unpack[How],
) -> Checked:
    """Slower than a commit or a baseline, or over a budget? Each of ``models`` in a fresh process; a
    slowdown is confirmed in another one.

    Models are names (see `load_model`); without any they are those of the project, or of the baseline.
    ``against`` is a commit, whose source is measured in pairs with yours; ``baseline`` a file of
    `baseline save`, or records. Budgets are those of ``config``, or of the project that we are in, and
    so is every setting that is None. A slowdown up to ``tolerance`` (0.02 or "2%") is none; each
    comparison takes at most ``seconds``; without ``latency`` only counts are compared. With ``isolate``
    two processes take turns, the old side's run by ``old_python``. Python files that only a baseline
    names are run only if ``trusted``. What is said nowhere of how a network is run is as in the baseline.

    What cannot be compared is a row that says why. Raises UsageError where nothing is asked for or it
    cannot be meant, UnknownName, UntrustedCode, DeviceUnavailable, NotAvailable without git or commit,
    StoreError.
    """
    if against is not None and baseline is not None:
        raise UsageError("--against and --baseline are two questions.", "Ask one at a time.")
    if old_python and not isolate:
        raise UsageError("--old-python is for --isolate.", "Add --isolate.")
    read = Path(config) if config else find_config(Path())
    project = read_project(read)
    typed = _names(models)
    chosen = typed or project.models
    known = None if baseline is None else read_baseline(baseline)
    own = {**said(how), **_said(batch=batch, mode=mode, input=input)}
    if known is not None and not chosen:
        cases = baseline_cases(known, trusted=trusted)
        if own:
            names = [case.model for case in cases]
            cases = gate.plan_cases(names, project, own, gone=True)
    elif chosen:
        cases = gate.plan_cases(chosen, project, own, gone=against is not None)
    else:
        raise UsageError("no model is named.", "Name one, or list `models` in lightbench.toml.")
    usual = cases
    if known is not None and (chosen or own):
        cases = [as_saved(c, {*settings_of(project, c.model), *own}, known) for c in cases]
    allowed = project.tolerance if tolerance is None else tolerance
    measured = gate.How(
        **_said(
            tolerance=None if allowed is None else parse_fraction(str(allowed)),
            seconds=project.seconds if seconds is None else seconds,
        ),
        latency=latency,
        isolate=isolate,
        old_python=str(old_python) if old_python else None,
        control=control_of(how, trusted=trusted or bool(chosen)),
    )
    rows = gate.check(
        cases,
        project,
        measured,
        against=against,
        baseline=known,
        named=bool(chosen),
        whole=not typed,
        read=read,
    )
    both = zip(cases, usual, strict=True)
    taken = {case.model: differs(case, planned) for case, planned in both}
    return Checked(tuple(cases), tuple(_told(rows, taken)), _held(against, baseline), strict)


def _told(rows: Iterable[Row], taken: dict[str, str]) -> Iterator[Row]:
    """The rows; the first of a model says which settings were ``taken`` from the baseline."""
    left = {model: words for model, words in taken.items() if words}
    for row in rows:
        words = left.pop(row.model, "")
        said = f"as in the baseline: {words}." if words else ""
        yield replace(row, note=" ".join(filter(None, (said, row.note)))) if said else row


def _names(models: Any) -> tuple[str, ...]:
    """Raises UsageError for a network itself."""
    found = (models,) if isinstance(models, str) else models
    if not isinstance(found, Sequence) or not all(isinstance(one, str) for one in found):
        raise UsageError(
            "a check builds networks in fresh processes, by their names.",
            'Try "mobilenet_v2", or "path/file.py:Class"; of modules `compare` says which is slower.',
        )
    return tuple(found)


def _said(**settings: Any) -> dict[str, Any]:
    """Without those that are left to whoever knows better: the project, or what is usual."""
    return {name: value for name, value in settings.items() if value is not None}


def _held(against: str | None, baseline: Source | None) -> str:
    if baseline is None:
        return against or "budgets"
    return str(baseline) if isinstance(baseline, (str, Path)) else "a baseline"
