"""Where a file of the user's was at another commit, if it has been moved or renamed since."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from lightbench.errors import LightbenchError
from lightbench.regression.checkout import run_git

# As far as it goes in the user's tree and not in that of the repository's settings: what is left out
# of a sparse checkout is known to git as well, and no program of the settings is run.
_PLAIN = ("-c", "core.sparseCheckout=false", "-c", "core.splitIndex=false")
_LOOK = (
    "diff", "-z", "--name-status", "--find-renames", "--break-rewrites", "--diff-filter=R",
    "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--no-relative",
)  # fmt: skip


def earlier_name(file: Path, top: Path, commit: str) -> Path | None:
    """The path, below ``top``, that ``file`` had at ``commit``, where git finds it to be the same file
    by its content: staged or not, or not known to git at all; and where the old path still has another
    file, such as one that imports the new one. None if it is a new file.

    The user's index is copied, and the copy told of the file.
    """
    place = file.relative_to(top)
    with (
        suppress(LightbenchError, OSError),
        tempfile.TemporaryDirectory(prefix="lightbench-") as folder,
    ):
        index = Path(folder) / "index"
        with suppress(FileNotFoundError):  # a repository without one
            shutil.copyfile(top / run_git(top, "rev-parse", "--git-path", "index"), index)
        own = {"GIT_INDEX_FILE": str(index)}
        told = ("add", "--intent-to-add", "--force", "--", f":(top,literal){place}")
        run_git(top, *_PLAIN, *told, more=own)
        # Status, old and new path, each with a null byte behind it.
        words = run_git(top, *_PLAIN, *_LOOK, "--end-of-options", commit, "--", more=own).split(
            "\0"
        )
        for old, new in zip(words[1::3], words[2::3], strict=False):
            if Path(new) == place:
                return Path(old)
    return None
