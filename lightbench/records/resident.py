"""What a network takes of the machine's memory, in a process of its own."""

from __future__ import annotations

from lightbench.records.costs import check_count
from lightbench.records.noun import Noun


class Resident(Noun, frozen=True, kw_only=True):
    """The resident set of a process that imported what it needs, then loaded one network and called it."""

    runtime_bytes: int  # imported, before the network
    load_bytes: int  # more of it once the network is loaded
    calls_bytes: int  # and after the first calls
    peak_bytes: int | None = None  # the most there was beyond the runtime; None: not told here
    # By the engine's own account, for what is between operators; None: it gives none.
    arena_bytes: int | None = None

    def __post_init__(self) -> None:
        for name in ("runtime_bytes", "load_bytes", "calls_bytes", "peak_bytes", "arena_bytes"):
            check_count(getattr(self, name), name)

    @property
    def network_bytes(self) -> int:
        """What the network has added."""
        return self.load_bytes + self.calls_bytes
