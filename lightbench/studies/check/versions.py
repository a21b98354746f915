"""Which file a model is, in which repository, and that repository at other commits."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from lightbench.errors import LightbenchError
from lightbench.models import sources
from lightbench.models.sources.source_trees import Tree
from lightbench.records import Case
from lightbench.runner.control import Say
from lightbench.studies.check import checkout
from lightbench.studies.compare.worker import Version


class Trees:
    """Commits in folders of their own, each made once and removed at the end of the block."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._stack = ExitStack()
        self._made: dict[tuple[str, Path], Tree] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, at)

    def at(self, ref: str, beside: Path) -> Tree:
        """The commit ``ref`` of the repository that holds ``beside``. Raises what `checkout` raises."""
        key = ref, checkout.toplevel(beside)
        if key not in self._made:
            self._say(f"check out {ref}")
            self._made[key] = self._stack.enter_context(checkout.checkout(ref, beside))
        return self._made[key]


def source_file(model: str) -> Path | None:
    """The file of a model that is one in a git repository, as a link in it is written; or None."""
    path = sources.file_of(model)
    if path is None:
        return None
    file = path.parent.resolve() / path.name
    try:
        top = checkout.toplevel(file.parent)
    except LightbenchError:
        return None
    return file if file.resolve().is_relative_to(top) else None


def no_other_version(model: str) -> str:
    """Why, in a sentence; what git refuses, as where the folder is another user's, in its own words."""
    path = sources.file_of(model)
    if path is None:
        return f"{model} is no file of yours: it is the same at every commit."
    file = path.resolve()
    where = f"{path} is a link to {file}, which" if path.is_symlink() else model
    try:
        top = checkout.toplevel(path.parent.resolve())
    except LightbenchError as error:
        if "not in a git repository" not in error.message:
            return f"{model}: {error.message} {error.hint}"
        return f"{where} is not in a git repository, so it has no other version."
    return f"{where} is not in the repository {top}: it is the same at every commit of that."


def versions(case: Case, tree: Tree, before: Case | None = None) -> tuple[Version, Version]:
    """The old one, which may have had another name ``before``, and the user's own, which is loaded
    afresh in the same way."""
    own = str(tree.instead_of)
    old = before or case
    name = old.model.removeprefix(f"{own}/")
    return (
        Version(old, label=f"{name} at {tree.label}", root=str(tree.root), instead_of=own),
        Version(case, label=case.model, root=own, instead_of=own),
    )


def own_version(case: Case) -> Version:
    """The user's own version; of a file in a repository what it imports is of that, too."""
    file = source_file(case.model)
    top = None if file is None else str(checkout.toplevel(file.parent))
    return Version(case, label=case.model, root=top, instead_of=top)
