"""Which rules counted: a number of other rules is another number."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

# What only reads a count. All else in this folder decides it, and a hash of that cannot be
# forgotten, as a number to be raised by hand can.
READERS = frozenset(("conventions", "crosscheck", "formulas", "version"))


def counting() -> str:
    """16 hex digits, others for every change of the code that counts, and of registered rules."""
    from lightbench.costs.registered import fingerprint

    return hashlib.sha256((_own_code() + fingerprint()).encode()).hexdigest()[:16]


@cache
def _own_code() -> str:
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if path.relative_to(folder).parts[0].removesuffix(".py") not in READERS:
            digest.update(path.read_bytes())
    return digest.hexdigest()
