"""A device that runs nothing and takes 1 ms for it: for trying out plans, and for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from lightbench.timing.sampling import Reading, Step

torch_device = "meta"
SECONDS = 0.001


def unavailable() -> str | None:
    """It is always there."""
    return None


@contextmanager
def session(*, threads: int | None) -> Iterator[int]:
    """Nothing to set."""
    yield threads or 1


def free_memory() -> int | None:
    """It needs none."""
    return None


def step(_call: Callable[[], Any], _context: Callable[[], AbstractContextManager[Any]]) -> Step:
    """Always the same reading."""
    return lambda _n: Reading(SECONDS, SECONDS)


def peak_memory(
    _call: Callable[[], Any], _context: Callable[[], AbstractContextManager[Any]]
) -> int | None:
    """Nothing is allocated, so nothing is known."""
    return None
