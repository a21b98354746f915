"""What is timed just now, kept as it stands: a run that is killed, or that a network has ended, goes on from there.

Beside a store it is a hidden file of the process that writes it; without one it is in the memory that the
processes of a command share. Written now and then between rounds, outside what is timed.
"""

from __future__ import annotations

import glob
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from lightbench import files
from lightbench.errors import LightbenchError
from lightbench.records import Record, store
from lightbench.runner.control import Keep
from lightbench.workers import journal

EVERY_S = 2.0
SHARE = 0.02  # of the time, for writing it


class Unfinished:
    """Of a run with the store at ``path``, if it has one."""

    def __init__(self, path: str | None) -> None:
        self._store = None if path is None else Path(path)
        self._finished: list[Record] = []
        self._due = time.monotonic() + EVERY_S

    def stored(self) -> list[Record]:
        """What a process that is gone has left; of several that of the last one."""
        if self._store is None:
            with suppress(msgspec.MsgspecError):
                self._finished = msgspec.json.decode(journal.left() or b"[]", type=list[Record])
            return list(self._finished)
        found: list[Record] = []
        for part in sorted(_abandoned(self._store), key=_changed):
            with suppress(LightbenchError, OSError), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a line that was cut short
                part.replace(self._part(self._store))  # it is ours now, unless another was quicker
                found = store.read(self._part(self._store))
        return found

    def told(self, stored: Sequence[Record], keep: Keep) -> dict[str, Any]:
        """What a run is told of what is ``stored`` and how new records are kept: see `Control`."""
        return {
            "stored": [*stored, *self.stored()],
            "keep": self._noting(keep),
            "so_far": self,
        }

    def _noting(self, keep: Keep) -> Keep:
        """The same, and noted for the next process of this command where nothing is stored."""

        def kept(record: Record) -> None:
            keep(record)
            if self._store is None:
                self._finished.append(record)
                journal.leave(msgspec.json.encode(self._finished))

        return kept

    def __call__(self, records: Callable[[], Sequence[Record]]) -> None:
        """After a round: keep what there is, if it is time."""
        began = time.monotonic()
        if began < self._due:
            return
        with suppress(LightbenchError, OSError):  # it is a help, and no result
            if self._store is None:
                journal.leave(msgspec.json.encode([*self._finished, *records()]))
            else:
                with files.replacing(self._part(self._store)) as new:
                    store.append(new, records())
        now = time.monotonic()
        self._due = now + max(EVERY_S, (now - began) / SHARE)

    def done(self) -> None:
        """All of it is kept as it should be."""
        if self._store is not None:
            self._part(self._store).unlink(missing_ok=True)

    @staticmethod
    def _part(path: Path) -> Path:
        return path.with_name(f".{path.name}.{_mark(os.getpid())}.part")


def _changed(file: Path) -> float:
    """When; of one that is gone long ago."""
    with suppress(OSError):
        return file.stat().st_mtime
    return 0.0


def _mark(number: int) -> str:
    """Which process it is: its number may be another's later. Raises psutil.Error if there is none; one that
    has ended, and that nobody has taken note of yet, is none."""
    import psutil  # 30 ms, and --help needs none

    process = psutil.Process(number)
    if process.status() == psutil.STATUS_ZOMBIE:
        raise psutil.ZombieProcess(number)
    return f"{process.pid}-{process.create_time():.0f}"


def _abandoned(path: Path) -> Iterator[Path]:
    """Files beside this store of processes that are gone."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        mark = part.name.removeprefix(f".{path.name}.").removesuffix(".part")
        try:
            if _mark(int(mark.partition("-")[0])) == mark:
                continue
        except Exception:  # noqa: BLE001, S110  no number, or of no process
            pass
        yield part
