"""Networks that were converted, kept on disk for the next run: it takes seconds to minutes.

In ``lightbench`` below ``XDG_CACHE_HOME`` (``~/.cache``), up to 8 GB, of which the oldest go first. Delete it whenever
you like.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from lightbench import files
from lightbench.errors import StoreError
from lightbench.records.outputs import OffPath

LARGEST = 8 * 10**9  # bytes, of all: 32 networks for five engines are 3


class Kept(NamedTuple):
    """A file for an engine, how long it took to make it, and what of it is off the fast path."""

    model: bytes
    seconds: float
    left: tuple[OffPath, ...] = ()


def folder() -> Path:
    """Where they are; it may not be there yet."""
    return files.cache() / "converted"


def read(key: str) -> Kept | None:
    """None if there is none, or none that can be read."""
    with suppress(OSError, ValueError, RuntimeError, msgspec.MsgspecError):
        file = folder() / key
        kept = msgspec.msgpack.decode(file.read_bytes(), type=Kept)
        os.utime(file)
        return kept
    return None


def keep(key: str, made: Kept) -> None:
    """For the next run. Where nothing can be written, nothing is kept."""
    with suppress(OSError, RuntimeError, StoreError):
        folder().mkdir(parents=True, exist_ok=True)
        files.write(folder() / key, msgspec.msgpack.encode(made))
        _drop_oldest()


def _drop_oldest() -> None:
    known = sorted(folder().iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in known:
        total += file.stat().st_size
        if total > LARGEST:
            file.unlink(missing_ok=True)
