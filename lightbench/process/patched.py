"""Names that everybody uses, given back as they were: a network's file may put its own in their place, and whatever reads
the clock or opens a file afterwards would get those."""

from __future__ import annotations

import builtins
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Module -> the names that are Python's own: others are somebody's, who may do with them what he likes.
SHARED = {module: frozenset(vars(module)) for module in (builtins, os, time)}


@contextmanager
def given_back() -> Iterator[None]:
    """What is put in place of a name of `SHARED` meanwhile is taken out again; new names stay."""
    before = {module: dict(vars(module)) for module in SHARED}
    try:
        yield
    finally:
        for module, names in SHARED.items():
            now, were = vars(module), before[module]
            now.update({n: were[n] for n in names & were.keys() if now.get(n) is not were[n]})
