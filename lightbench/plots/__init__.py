"""Figures: one file is one figure. Each has ``draw(records) -> Figure``, without pyplot and without
global state; ``save`` writes one to a file whose bytes depend on nothing but the records.
"""

from __future__ import annotations

from lightbench.plots._save import save

__all__ = ["save"]
