"""Files that git ignores, as those that a build writes: no commit has them, and both sides need them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from lightbench.models.sources.project_files import project_files
from lightbench.models.sources.source_trees import Tree
from lightbench.studies.check.checkout import run_git

_LIST = ("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--")


def ignored(places: Iterable[Path], top: Path) -> list[Path]:
    """Those of the paths below ``top`` that git ignores. Raises NotAvailable."""
    asked = [f":(top,literal){place}" for place in places]
    said = run_git(top, *_LIST, *asked) if asked else ""
    return [Path(name) for name in said.split("\0") if name]


def lend_ignored(file: Path, tree: Tree) -> list[Path]:
    """Give ``tree`` what ``file`` is seen to import here, git ignores and ``tree`` lacks, such as a
    ``_version.py`` that an installation has written: which files they are, below its top."""
    top = tree.instead_of
    used = (path.relative_to(top) for path in project_files(file) if path.is_relative_to(top))
    lent = ignored([place for place in used if not (tree.root / place).exists()], top)
    for place in lent:
        (tree.root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(top / place, tree.root / place)
    return lent
