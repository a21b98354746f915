"""Constraints for pip that lead to the oldest or the newest packages that pyproject.toml allows:
``python tests/versions.py lowest``, or ``newest``.

PyTorch and what goes with it stay at the versions of constraints.txt, since pip mostly finds other ones as
CUDA builds of some gigabytes: ``lowest torch`` and ``newest torch`` vary them too. Needs Python alone.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

TOP = Path(__file__).parents[1]
PAIR = ("torch", "torchvision")  # each torchvision fits one torch


def floors(project: dict) -> dict[str, str]:
    """Package -> the lowest version that is allowed, of everything with one."""
    every = [*project["dependencies"]]
    for more in project["optional-dependencies"].values():
        every += more
    return dict(line.split(">=") for line in every if ">=" in line)


def pinned(text: str) -> dict[str, str]:
    """Package -> version, as in constraints.txt."""
    return dict(line.split("==") for line in text.split())


def constraints(which: str, *, torch: bool) -> dict[str, str]:
    """Package -> version: all floors, or nothing at all; see above about PyTorch."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    chosen = {"lowest": floors(project), "newest": {}}[which]
    here = pinned((TOP / "constraints.txt").read_text())
    return chosen if torch else {**chosen, **{name: here[name] for name in PAIR}}


if __name__ == "__main__":
    which, *more = sys.argv[1:]
    for name, version in constraints(which, torch="torch" in more).items():
        sys.stdout.write(f"{name}=={version}\n")
