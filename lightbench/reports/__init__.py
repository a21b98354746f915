"""Reports: their parts, how they are put together, and what writes them."""

from __future__ import annotations

from lightbench.reports.document import Report, report

__all__ = ["Report", "report"]
