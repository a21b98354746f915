"""A model beside its version at a commit: whatever is wrong is said of the side that it is wrong with."""

from __future__ import annotations

import dataclasses
import filecmp
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from lightbench.errors import LightbenchError, NotThere, UsageError
from lightbench.models import sources
from lightbench.models.sources.project_files import project_files
from lightbench.models.sources.source_trees import Tree
from lightbench.records import Case, Costs, Failure
from lightbench.studies.check import checkout, judge
from lightbench.studies.check.budgets import Limits
from lightbench.studies.check.causes import causes
from lightbench.studies.check.ignored import ignored, lend_ignored
from lightbench.studies.check.judge import Tools
from lightbench.studies.check.moved import earlier_definition, earlier_name, later_name
from lightbench.studies.check.naming import meaning
from lightbench.studies.check.one_sided import not_comparable, one_sided
from lightbench.studies.check.project import parse_config
from lightbench.studies.check.versions import Trees, no_other_version, source_file, versions
from lightbench.studies.compare.rows import GONE, NEW, Row
from lightbench.studies.compare.worker import Version

NOT_THERE = NotThere.__name__
# What is wrong with the request, not with the network.
BAD_INPUT = ("UsageError", "UnknownName", NOT_THERE)


class _Side(NamedTuple):
    """What is known of one side: what it costs, or why not."""

    costs: Costs | None = None
    failure: Failure | None = None


class _Earlier(NamedTuple):
    """The case with the name that its code had at the commit, and in words that it was another one.
    Without a case ``alone`` is the row that says why there is none."""

    case: Case | None
    said: str = ""
    alone: Row | None = None


@dataclass(frozen=True)
class Against:
    """A comparison with ``ref``; without a ``tolerance`` of what is counted. ``followed`` are meanings
    of names that models had there."""

    ref: str
    trees: Trees
    tools: Tools
    tolerance: float | None
    followed: set[str] = field(default_factory=set)


def against_rows(case: Case, limits: Limits, how: Against) -> list[Row]:
    """The rows of a model beside its version at the commit. Raises what `checkout` raises, and
    UsageError for a name that is wrong here."""
    file = source_file(case.model)
    if file is None:
        _must_exist(case.model)
        why = no_other_version(case.model)
        return [not_comparable(case.model, why), *judge.budget_rows(case, limits, how.tools)]
    ref, tree = how.ref, how.trees.at(how.ref, file.parent)
    if not file.exists():
        return [_gone_file(case.model, file, ref, tree)]
    before = _earlier(case, file, ref, tree)
    if before.case is None:
        return [*filter(None, [before.alone]), *judge.budget_rows(case, limits, how.tools)]
    lent = lend_ignored(file, tree)
    said = [before.said, _about(file, ref, tree, lent)]
    rows = _beside(case, before.case, limits, tree, how)
    if rows[0].verdict == NEW and (was := _renamed_class(case, file, tree)):
        said.append(was.said)
        rows = _beside(case, was.case or case, limits, tree, how)
    first, *rest = rows
    # Why it is not compared is read first.
    alone = first.state in ("not comparable", "one-sided")
    notes = (first.note, *said) if alone else (*said, first.note)
    note = " ".join(filter(None, notes))
    return [dataclasses.replace(first, note=note), *rest]


def _must_exist(model: str) -> None:
    path = sources.file_of(model)
    if path is not None and not path.exists():
        raise NotThere(f"there is no file {str(path)!r}.", "Write path/file.py:Class.")


def _gone_file(model: str, file: Path, ref: str, tree: Tree) -> Row:
    if not (tree.root / file.relative_to(tree.instead_of)).exists():
        raise NotThere(f"there is no file {str(file)!r}, here or at {ref}.")
    now = None
    with suppress(LightbenchError):
        now = later_name(file, tree.instead_of, checkout.resolve("HEAD", tree.root))
    where = "is gone" if now is None else f"is {os.path.relpath(tree.instead_of / now)}: name that"
    return not_comparable(model, f"{file.name} is there at {ref}, and here it {where}.", GONE)


def _earlier(case: Case, file: Path, ref: str, tree: Tree) -> _Earlier:
    """What the case was called in ``tree``."""
    top = tree.instead_of
    place = file.relative_to(top)
    if (tree.root / place).is_file():
        return _Earlier(case)
    if ignored([place], top):
        why = f"git ignores {file.name}: no commit has it, so it has no other version."
        return _Earlier(None, alone=not_comparable(case.model, why))
    try:
        old = earlier_name(file, top, checkout.resolve("HEAD", tree.root))
        if old is not None:
            return _called(case, top / old, _call(case.model), f"renamed from {old}.")
        if moved := _renamed_class(case, file, tree):
            return moved
    except LightbenchError as error:
        why = f"{file.name} is not there at {ref}, and whether it was renamed git cannot say:"
        return _Earlier(None, alone=not_comparable(case.model, f"{why} {error}"))
    why = f"{file.name} is not there at {ref}: it is new, and there is nothing to compare with."
    return _Earlier(None, alone=one_sided(case.model, NEW, f"{why} {_if_renamed(ref, case.model)}"))


def _renamed_class(case: Case, file: Path, tree: Tree) -> _Earlier | None:
    """The class or function that it was, of another file or another name."""
    name, arguments = re.fullmatch(r"\s*(\w*)(.*)", _call(case.model), re.DOTALL).groups()  # type: ignore[union-attr]
    found = earlier_definition(file, name, tree, checkout.resolve("HEAD", tree.root))
    if found is None:
        return None
    said = f"taken for {found.place}:{found.name} of then, which is there no more."
    return _called(case, tree.instead_of / found.place, f"{found.name}{arguments}", said)


def _call(model: str) -> str:
    named = sources.split_name(model)
    return named.call if named else ""


def _called(case: Case, file: Path, call: str, said: str) -> _Earlier:
    return _Earlier(replace(case, model=f"{file}:{call}"), said)


def _if_renamed(ref: str, model: str) -> str:
    return (
        f"If it only had another name: `git show {ref}:OLD.py > old.py`, then `lightbench compare"
        f" old.py:Class {model}`."
    )


def _about(file: Path, ref: str, tree: Tree, lent: Sequence[Path]) -> str:
    """What a reader should know of the two sides."""
    said = []
    if _unchanged(file, tree):
        said.append(f"{ref} is what is checked out here, and nothing of it has changed.")
    if lent:
        files = ", ".join(map(str, lent))
        said.append(f"git ignores {files}: both sides have what is here.")
    if (other := _other_repository(tree.instead_of)) is not None:
        said.append(f"{ref} is of {tree.instead_of}, not of the repository {other}.")
    return " ".join(said)


def _unchanged(file: Path, tree: Tree) -> bool:
    """Are both sides the same commit, and the file and what it imports as in that?"""
    top = tree.instead_of
    if checkout.resolve("HEAD", top) != checkout.resolve("HEAD", tree.root):
        return False
    places = [path.relative_to(top) for path in project_files(file) if path.is_relative_to(top)]
    return not any(filecmp.cmpfiles(top, tree.root, map(str, places), shallow=False)[1:])


def _other_repository(top: Path) -> Path | None:
    """The repository that we stand in, if it is another one."""
    with suppress(LightbenchError):
        here = checkout.toplevel(Path.cwd())
        return here if here != top else None
    return None


def _beside(case: Case, before: Case, limits: Limits, tree: Tree, how: Against) -> list[Row]:
    ref, tools = how.ref, how.tools
    how.followed.add(meaning(before.model))
    old, own = versions(case, tree, before)
    rows: list[Row] = []
    found = None
    if how.tolerance is None:
        was, now = _counted(old, own, tools)
    else:
        rows, found = judge.pair_rows(old, own, limits, how.tolerance, tools)
        was, now = (_Side(record.costs, record.failure) for record in (found.a, found.b))
    counts = judge.count_rows(case.model, was.costs, now.costs, limits, exact=False)
    if now.failure:
        return [_broken_here(case.model, now.failure, was.failure, ref, tree), *counts]
    if was.failure and was.failure.error == NOT_THERE:
        rows = [one_sided(case.model, NEW, _new_in_file(ref, was.failure, case.model))]
    elif was.failure:
        why = f"at {ref}: {explained(was.failure, tree)}"
        rows = [not_comparable(case.model, why)]
    if found is None:
        return [*rows, *counts]
    return [
        *rows,
        *judge.ceiling_rows(case, found.b, limits, tools),
        *counts,
        *judge.peak_rows(case.model, found.b, found.a, limits),
    ]


def _counted(old: Version, own: Version, tools: Tools) -> tuple[_Side, _Side]:
    """Both sides, the old one only where something can be learned from it."""
    now = _side(tools.costs, own)
    if now.failure and now.failure.error != NOT_THERE:
        return _Side(), now
    return _side(tools.costs, old), now


def _side(costs: Callable[[Version], Costs], version: Version) -> _Side:
    try:
        return _Side(costs(version))
    except LightbenchError as error:
        failure = Failure(error=type(error).__name__, message=error.message, hint=error.hint)
        return _Side(None, failure)


def _broken_here(
    model: str, failure: Failure, old_failure: Failure | None, ref: str, tree: Tree
) -> Row:
    """Raises UsageError if it is the request that is wrong."""
    if failure.error == NOT_THERE and old_failure is None:
        why = f"here {failure.message.rstrip('.')}, and at {ref} it has. {failure.hint}"
        return not_comparable(model, why, GONE)
    own = Tree(tree.instead_of, tree.instead_of)
    if failure.error in BAD_INPUT:
        kind = NotThere if failure.error == NOT_THERE else UsageError
        raise kind(f"here: {failure.message}", failure.hint)
    return not_comparable(model, f"here: {explained(failure, own)}")


def explained(failure: Failure, tree: Tree) -> str:
    """What went wrong in a version of the project, why that may be, and what to do."""
    return " ".join(filter(None, (failure.message, causes(tree, failure.message) or failure.hint)))


def _new_in_file(ref: str, failure: Failure, model: str) -> str:
    said = failure.message.rstrip(".")
    return f"at {ref} {said}: it is new, and there is nothing to compare with. {_if_renamed(ref, model)}"


def delisted_rows(cases: Sequence[Case], how: Against, read: Path) -> list[Row]:
    """A row for each model that the project's configuration ``read`` lists at the commit, and that is
    not among those checked, where all are meant."""
    with suppress(LightbenchError):  # it was not there, or was no configuration
        commit = checkout.resolve(how.ref, read.parent)
        text = checkout.run_git(read.parent, "show", f"{commit}:./{read.name}")
        known = how.followed.union(meaning(case.model) for case in cases)
        why = f"{read.name} lists it at {how.ref}, and here no more."
        return [
            one_sided(model, GONE, why)
            for model in parse_config(text, read).models
            if meaning(model) not in known
        ]
    return []
