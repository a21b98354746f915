"""What this process may use of each resource, as `setrlimit` has it, and what new files may not be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def read() -> dict[str, tuple[int, int]]:
    """Of each resource how much, softly and at most; none where there are no limits."""
    found = {}
    for name in vars(resource) if resource else ():
        if name.startswith("RLIMIT_"):
            with suppress(ValueError, OSError):  # not every kernel has all of them
                found[name] = resource.getrlimit(getattr(resource, name))
    return found


def give_back(before: Mapping[str, tuple[int, int]]) -> list[str]:
    """Set those that are others now as they were; gives those that cannot be: what is lowered at most,
    only root may raise."""
    lost = []
    for name, was in before.items():
        try:
            if resource.getrlimit(getattr(resource, name)) != was:
                resource.setrlimit(getattr(resource, name), was)
        except (ValueError, OSError):
            lost.append(name)
    return lost


def mask() -> int:
    """The file mode creation mask, which can only be read by setting it."""
    now = os.umask(0o077)
    os.umask(now)
    return now
