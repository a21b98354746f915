"""The process that compares two sides for `check`: a fresh one for every comparison.

Nothing of an earlier measurement is in it: modules, the layout of memory, a pool of threads.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lightbench.records import Case
from lightbench.workers.worker import Send, serve

if TYPE_CHECKING:
    from lightbench.models.sources.source_trees import Tree


class Version(msgspec.Struct, frozen=True):
    """A side by name: its case, and where its source is read from instead of the user's tree."""

    case: Case
    label: str = ""
    root: str | None = None
    instead_of: str | None = None


def tree_of(version: Version) -> Tree | None:
    """Where its source is read from."""
    from lightbench.models.sources.source_trees import Tree

    if version.root is None or version.instead_of is None:
        return None
    return Tree(Path(version.root), Path(version.instead_of), version.label)


class Request(msgspec.Struct, frozen=True):
    """Two sides, and how sure to be."""

    a: Version
    b: Version
    tolerance: float
    seconds: float
    comparisons: int
    seed: int | None
    trusted: bool


def _compare(text: bytes, send: Send) -> None:
    from lightbench.runner.control import Control
    from lightbench.studies.compare.pairs import Gate, Side, compare_sides

    request = msgspec.json.decode(text, type=Request)

    def side(version: Version) -> Side:
        return Side(version.case, tree=tree_of(version), label=version.label)

    def progress(state: Any) -> None:
        send("progress", state)

    gate = Gate(request.tolerance, request.seconds, comparisons=request.comparisons)
    found = compare_sides(
        side(request.a),
        side(request.b),
        gate,
        Control(
            seed=request.seed,
            trusted=request.trusted,
            say=lambda said: send("say", said),
            progress=progress,
        ),
    )
    send("comparison", found)


if __name__ == "__main__":
    serve(sys.argv[1], _compare)
