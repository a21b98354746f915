"""Has it become slower, or more? Against a commit, a baseline, budgets: every model in its own fresh
process, so that a crash is an answer and nothing of an earlier measurement is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lightbench import apart, devices, rounds, suite
from lightbench.devices._memory import keep_freed_memory
from lightbench.errors import (
    LightbenchError,
    ModelError,
    NotAvailable,
    NotThere,
    OutOfMemory,
    UntrustedCode,
    UsageError,
)
from lightbench.models import sources
from lightbench.models._inputs import specs_of
from lightbench.models._trees import Tree
from lightbench.records import Case, Record
from lightbench.regression import checkout, judging
from lightbench.regression.apart import compare_apart
from lightbench.regression.budgets import Config, Limits, limits_of
from lightbench.regression.comparison import Comparison
from lightbench.regression.counting import count_apart
from lightbench.regression.judging import Tools
from lightbench.regression.moved import earlier_name
from lightbench.regression.one_sided import new_in_file, one_sided, other_spellings
from lightbench.regression.pairing import Gate
from lightbench.regression.rows import GONE, NEW, Row
from lightbench.regression.worker import Request, Version
from lightbench.timing.environment import DIRTY
from lightbench.timing.sampling import Rule
from lightbench.timing.verdict import TOLERANCE

SECONDS = 60.0  # for each comparison, at most
ALONE_S = 10.0  # for a model that is timed alone, at most
# What is wrong with the request, not with the network.
BAD_INPUT = ("UsageError", "UnknownName", "NotThere")


@dataclass(frozen=True)
class How:
    """How models are measured: options of the command, then of the project's configuration."""

    tolerance: float = TOLERANCE
    seconds: float = SECONDS
    latency: bool = True  # False: only what is counted, and no time at all
    isolate: bool = False
    old_python: str | None = None
    seed: int | None = None
    trusted: bool = True
    say: rounds.Say = lambda _text: None
    progress: rounds.Report | None = None


def plan_cases(models: Sequence[str], config: Config, typed: Mapping[str, Any]) -> list[Case]:
    """One case for each model, under the settings typed, or else those of the configuration. Raises
    the error of a model that cannot be found."""
    settings = {
        key: value
        for key in ("batch", "device", "engine", "threads", "dtype", "layout", "input")
        if (value := typed.get(key, getattr(config, key))) is not None
    }
    inputs = specs_of(settings.pop("input", None))
    axes: dict[str, Any] = {axis: [value] for axis, value in settings.items()}
    cases, errors = suite.plan(models, inputs=inputs, **axes)
    for error in errors.values():
        raise error
    if len(cases) > len(dict.fromkeys(models)):
        raise UsageError("a check runs on one device.", "Name one: --device cuda:0.")
    return cases


def check(
    cases: Sequence[Case],
    config: Config,
    how: How,
    *,
    against: str | None = None,
    baseline: Sequence[Record] | None = None,
    named: bool = True,
) -> list[Row]:
    """The rows of all models, in their order. Without ``against`` and ``baseline`` there are budgets.
    ``named``: by the user, and not by the baseline, of which a model may be gone.

    Raises UsageError where nothing is asked for, DeviceUnavailable, and for ``against`` what
    `checkout` raises. What cannot be compared is a row that says why.
    """
    Gate(how.tolerance, how.seconds)  # raises for what cannot be meant
    limits = [limits_of(config, case.model) for case in cases]
    if against is None and baseline is None and not any(limits):
        raise UsageError(
            "there is nothing to check against.",
            "Try --against origin/main, --baseline FILE, or a budget in lightbench.toml.",
        )
    for name in dict.fromkeys(case.device for case in cases):
        if reason := devices.find(name, ()).unavailable():
            raise reason
    follow(cases, baseline or ())
    keep_freed_memory()
    tools = _tools(how, comparisons=len(cases))
    rows: list[Row] = []
    with ExitStack() as stack:
        trees: dict[str, Tree] = {}

        def tree_of(ref: str, beside: Path) -> Tree:
            if ref not in trees:
                how.say(f"check out {ref}")
                trees[ref] = stack.enter_context(checkout.checkout(ref, beside))
            return trees[ref]

        def rows_of(case: Case, limit: Limits) -> list[Row]:
            if against is not None:
                return _against(case, limit, against, tree_of, how, tools)
            if baseline is not None:
                return _beside_baseline(case, limit, baseline, tree_of, how, tools)
            return _budgets(case, limit, tools)

        for case, asked in zip(cases, limits, strict=True):
            counted, unchecked = judging.split_counted(case.model, asked)
            try:
                rows += rows_of(case, asked if how.latency else counted)
            except (ModelError, OutOfMemory, NotAvailable) as error:  # of this model: others go on
                rows.append(_not_comparable(case, error.message))
            except NotThere as error:
                if named:
                    raise
                rows.append(
                    one_sided(case.model, GONE, f"only the baseline has it: {error.message}")
                )
            rows += [] if how.latency else unchecked
    return [*rows, *other_spellings(cases, config)]


def follow(cases: Sequence[Case], stored: Sequence[Record]) -> None:
    """Decide how many threads those cases have that do not say: one number for all processes that
    measure, that of what is stored."""
    for case in cases:
        if case.threads is None:
            rounds.follow(stored, devices.find(case.device, case.options), case.device)


Trees = Callable[[str, Path], Tree]


def _budgets(case: Case, limits: Limits, tools: Tools) -> list[Row]:
    peak = tools.measure(case) if judging.PEAK in limits else None
    return [
        *judging.ceiling_rows(case, peak, limits, tools),
        *judging.count_rows(case.model, None, tools.costs(_own(case)), limits, exact=False),
        *judging.peak_rows(case.model, peak, None, limits),
    ]


def _against(
    case: Case, limits: Limits, ref: str, tree_of: Trees, how: How, tools: Tools
) -> list[Row]:
    file = source_file(case.model)
    if file is None:
        said = _no_other_version(case.model)
        return [_not_comparable(case, said), *_budgets(case, limits, tools)]
    tree = tree_of(ref, file.parent)
    before, said = _earlier(case, file, tree)
    if before is None:
        new = f"{file.name} is not there at {ref}: it is new, and there is nothing to compare with."
        return [one_sided(case.model, NEW, new), *_budgets(case, limits, tools)]
    old, own = _versions(case, tree, before)
    if not how.latency:
        now = tools.costs(own)  # first: what is wrong with both is wrong with the request
        try:
            rows = judging.count_rows(case.model, tools.costs(old), now, limits, exact=False)
        except NotThere as error:
            alone = one_sided(case.model, NEW, new_in_file(ref, error.message))
            return [alone, *judging.count_rows(case.model, None, now, limits, exact=False)]
        except UsageError as error:  # such as arguments that it does not take yet
            return [_not_comparable(case, f"at {ref}: {error.message}")]
        return _told(rows, said)
    rows, found = judging.pair_rows(old, own, limits, how.tolerance, tools)
    if found.b.failure and found.b.failure.error in BAD_INPUT:  # no such class, not its arguments
        raise UsageError(found.b.failure.message, found.b.failure.hint)
    if found.a.failure and found.a.failure.error == NotThere.__name__:
        said = new_in_file(ref, found.a.failure.message)
        return [one_sided(case.model, NEW, said), *_budgets(case, limits, tools)]
    return _told(
        [
            *rows,
            *judging.ceiling_rows(case, found.b, limits, tools),
            *judging.count_rows(case.model, found.a.costs, found.b.costs, limits, exact=False),
            *judging.peak_rows(case.model, found.b, found.a, limits),
        ],
        said,
    )


def _no_other_version(model: str) -> str:
    """Why, in a sentence; what git refuses, as where the folder is another user's, in its own words."""
    path = sources.file_of(model)
    if path is None:
        return f"{model} is no file of yours: it is the same at every commit."
    try:
        checkout.toplevel(path.resolve().parent)
    except LightbenchError as error:
        if "not in a git repository" not in error.message:
            return f"{model}: {error.message}"
    return f"{model} is not in a git repository, so it has no other version."


def _earlier(case: Case, file: Path, tree: Tree) -> tuple[Case | None, str]:
    """The case with the name that its file had in ``tree``, and in words that it was another one. None
    where the file is new."""
    place = file.relative_to(tree.instead_of)
    if (tree.root / place).is_file():
        return case, ""
    old = earlier_name(file, tree.instead_of, checkout.resolve("HEAD", tree.root))
    if old is None:
        return None, ""
    call = case.model.rpartition(".py:")[2]
    moved = replace(case, model=f"{tree.instead_of / old}:{call}")
    return moved, f"renamed from {old}."


def _told(rows: Sequence[Row], said: str) -> list[Row]:
    """The rows, the first of them with a sentence more."""
    first, *rest = rows
    return [dataclasses.replace(first, note=f"{said} {first.note}".strip()), *rest]


def _beside_baseline(
    case: Case,
    limits: Limits,
    baseline: Sequence[Record],
    tree_of: Trees,
    how: How,
    tools: Tools,
) -> list[Row]:
    counted = [record for record in baseline if record.costs and _costs_alike(record.case, case)]
    if not counted:
        return [_not_comparable(case, _no_such_case(case, baseline))]
    before, now = counted[-1].costs, tools.costs(_own(case))
    counts = judging.count_rows(case.model, before, now, limits, exact=True)
    if not how.latency:
        return counts
    stored = [record for record in counted if record.case == case]
    if not stored:
        return [_not_comparable(case, _no_such_case(case, counted)), *counts]
    first: Record | None = None
    versions = _rebuilt(case, stored[-1], tree_of)
    if versions is not None:
        rows, found = judging.pair_rows(*versions, limits, how.tolerance, tools)
        first = found.b
    else:
        device = devices.find(case.device, case.options)
        here = rounds.here(device, case.device, device.host_threads(case.threads))
        rows = [judging.stored_row(case, stored, here, tools)]
    ceiling = judging.ceiling_rows(case, first, limits, tools)
    return [*rows, *ceiling, *counts, *judging.peak_rows(case.model, first, stored[-1], limits)]


def _rebuilt(case: Case, stored: Record, tree_of: Trees) -> tuple[Version, Version] | None:
    """The model as it was when the baseline was saved, from its commit; None where that is not to be
    had: no file of a repository, changed files, a commit that is not here."""
    commit, file = stored.environment.noted.get("commit"), source_file(case.model)
    if not isinstance(commit, str) or commit.endswith(DIRTY) or file is None:
        return None
    try:
        if not checkout.commit_at_hand(commit, file.parent):
            return None
        tree = tree_of(commit, file.parent)
    except NotAvailable:
        return None
    if not (tree.root / file.relative_to(tree.instead_of)).is_file():
        return None
    return _versions(case, tree)


def _versions(case: Case, tree: Tree, before: Case | None = None) -> tuple[Version, Version]:
    """The old one, which may have had another name ``before``, and the user's own, which is loaded
    afresh in the same way."""
    own = str(tree.instead_of)
    old = before or case
    name = old.model.removeprefix(f"{own}/")
    return (
        Version(old, label=f"{name} at {tree.label}", root=str(tree.root), instead_of=own),
        Version(case, label=case.model, root=own, instead_of=own),
    )


def source_file(model: str) -> Path | None:
    """The file of a model that is one in a git repository, or None."""
    if not sources.is_file(model):
        return None
    path = Path(sources.file_of(model) or model).resolve()
    try:
        checkout.toplevel(path.parent)
    except LightbenchError:
        return None
    return path


def _not_comparable(case: Case, why: str) -> Row:
    return Row(
        case.model, judging.LATENCY, None, None, "not comparable", "not comparable", note=why
    )


def _no_such_case(case: Case, baseline: Sequence[Record]) -> str:
    same = [record.case for record in baseline if record.case.model == case.model]
    if not same:
        return f"the baseline has no {case.model}: save it with `lightbench baseline save`."
    both = [(f, getattr(same[-1], f), getattr(case, f)) for f in case.__struct_fields__]
    said = [f"{f} {_said(old)}, here {_said(new)}" for f, old, new in both if old != new]
    return f"the baseline has {case.model} with {'; '.join(said)}."


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "not said" if value is None else str(value)


def _costs_alike(a: Case, b: Case) -> bool:
    """Do they cost the same, if they are the same network? Where they run does not matter."""
    fields = ("model", "inputs", "batch", "dtype")
    return all(getattr(a, field) == getattr(b, field) for field in fields)


def baseline_models(baseline: Sequence[Record], *, trusted: bool) -> list[Case]:
    """The cases of a baseline, where none are typed. Raises UntrustedCode for files that it names."""
    cases = list(dict.fromkeys(record.case for record in baseline))
    for case in cases:
        if sources.is_file(case.model) and not trusted:
            raise UntrustedCode(
                f"the baseline names {case.model!r}, whose code would run.",
                "Name the models yourself, or in lightbench.toml, or add --trust-code.",
            )
    return cases


def _tools(how: How, *, comparisons: int) -> Tools:
    def compare(a: Version, b: Version, tolerance: float) -> Comparison:
        request = Request(
            a=a,
            b=b,
            tolerance=tolerance,
            seconds=how.seconds,
            comparisons=comparisons,
            seed=how.seed,
            trusted=how.trusted,
        )
        if how.isolate:
            from lightbench.regression.isolate import compare_isolated

            python = (how.old_python, None)
            return compare_isolated(request, python=python, say=how.say, progress=how.progress)
        return compare_apart(request, say=how.say, progress=how.progress)

    return Tools(compare, partial(measure_apart, how=how), count_apart)


def _own(case: Case) -> Version:
    """The user's own version; of a file in a repository what it imports is of that, too."""
    file = source_file(case.model)
    top = None if file is None else str(checkout.toplevel(file.parent))
    return Version(case, label=case.model, root=top, instead_of=top)


def measure_apart(case: Case, how: How, seconds: float = ALONE_S) -> Record:
    """One case alone, in a fresh process that keeps freed memory, as those that compare do."""
    keep_freed_memory()
    records: list[Record] = []
    apart.measure(
        rounds.Group({0: case}, Rule(max_s=seconds), seed=how.seed, trusted=how.trusted),
        devices.find(case.device, case.options),
        say=how.say,
        progress=how.progress,
        finish=lambda _, record: records.append(record),
    )
    return records[-1]
