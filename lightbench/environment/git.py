"""Calling git so that nothing of the user's is touched: no hook runs, no lock is taken for mere comfort.

What the user set up for reading and writing files still works: content filters, as those of LFS, run
as they do for ``git status``.
"""

from __future__ import annotations

import os
import shutil

# A hook of git's has these set, for the user's tree and index: ours would be taken for them.
OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")
# Ways to read a path: ours say how they are to be read.
OF_PATHS = tuple(f"GIT_{how}_PATHSPECS" for how in ("LITERAL", "GLOB", "NOGLOB", "ICASE"))

# A repository's own configuration may name a program as its file monitor: it is not run.
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
# Where Git LFS is not installed, the user's own tree has pointers in the places of its files.
_WITHOUT_LFS = (
    *("-c", "filter.lfs.required=false"),
    *("-c", "filter.lfs.process="),
    *("-c", "filter.lfs.smudge="),
    *("-c", "filter.lfs.clean="),
)


def command(*arguments: str) -> list[str]:
    """The command line of a call."""
    lfs = () if shutil.which("git-lfs") else _WITHOUT_LFS
    return ["git", *_QUIET, *lfs, *arguments]


def environ() -> dict[str, str]:
    """The environment of a call: git asks nothing, speaks English, and does not rewrite the index."""
    kept = {
        name: value for name, value in os.environ.items() if name not in (*OF_A_HOOK, *OF_PATHS)
    }
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
