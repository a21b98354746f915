"""What a model costs, counted in a fresh process: its code runs there, and may do what it likes."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from lightbench.environment import free_cores
from lightbench.records import Costs
from lightbench.studies.compare.worker import Version, tree_of
from lightbench.workers.manager import answers
from lightbench.workers.worker import Send, serve


def count_apart(version: Version) -> Costs:
    """Raises what counting raises, and NotAvailable if the process dies, or if another version than
    the user's own uses code of elsewhere."""
    counted: list[Any] = []
    for kind, value in answers(__name__, version, free_cores.handed_on(), version.case.model):
        if kind == "costs":
            counted.append(value)
    return msgspec.convert(counted[-1], Costs)


def _count(text: bytes, send: Send) -> None:
    from lightbench.models.sources.source_trees import loaded_from
    from lightbench.runner import prepare
    from lightbench.studies.compare.strangers import refuse_strangers

    version = msgspec.json.decode(text, type=Version)
    tree = tree_of(version)
    with loaded_from(tree):
        costs = prepare.count(version.case)
        refuse_strangers(tree, version.case.model)
    send("costs", costs)


if __name__ == "__main__":
    serve(sys.argv[1], _count)
