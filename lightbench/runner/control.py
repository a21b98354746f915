"""What whoever asked is told while something is measured, and when."""

from __future__ import annotations

from collections.abc import Callable

from lightbench.records import Record
from lightbench.timing.stopping import Progress

Say = Callable[[str], None]
Report = Callable[[Progress], None]
Finish = Callable[[int, Record], None]
