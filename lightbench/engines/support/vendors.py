"""The benchmark programs that engines' makers ship in their packages: second opinions on how long a call takes.

What they say is not paired with anything, so that on a machine with other work only the fastest call can be held
against ours.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lightbench.errors import NotAvailable
from lightbench.workers import autoload, journal, programs
from lightbench.workers.clean_start import without_secrets


def fastest_s(
    tool: str,
    script: str,
    words: Callable[[Path], Sequence[str]],
    model: bytes,
    suffix: str,
    find: Callable[[Any], Any],
) -> float:
    """Of the calls of a ``script`` in Python, in seconds: it is run with the ``words`` for a folder in which ``model``
    is net``suffix``, and leaves a JSON file there in which ``find`` finds milliseconds. Raises NotAvailable."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / f"net{suffix}").write_bytes(model)
        ended = programs.run(
            [sys.executable, "-I", "-c", script, *words(folder)],
            environ=without_secrets(autoload.handed_on(os.environ)),
            folder=folder,
            limit_s=journal.patience_s(),
        )
        try:
            (told,) = (msgspec.json.decode(file.read_bytes()) for file in folder.glob("*.json"))
            return float(find(told)) / 1e3
        except (ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
            raise NotAvailable(f"{tool} says nothing: {ended.why(1)}") from error
