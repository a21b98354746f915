"""Names that everybody uses, given back as they were: a network's file may put its own in their place, and whatever reads
the clock, opens a file or writes a record afterwards would get those."""

from __future__ import annotations

import builtins
import hashlib
import json
import math
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

MODULES = (
    *(builtins, hashlib, json, math, msgspec, msgspec.json, msgspec.structs, os, os.path, shutil),
    *(subprocess, tempfile, time),
)
# Module -> its own names: others in it are somebody's, who may do with them what he likes.
SHARED = {module: frozenset(vars(module)) for module in MODULES}


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
