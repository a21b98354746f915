"""What somebody with the hardware can send to somebody without: versions, devices, and a self-test.

The self-test runs in a process of its own (`__main__`), which may crash or hang: that is a finding.
"""

from __future__ import annotations

from lightbench.doctor.report import Report, examine
from lightbench.doctor.table import view

__all__ = ["Report", "examine", "view"]
