"""lightbench: how efficient a neural network really is on your device, and why."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lightbench.version import VERSION

if TYPE_CHECKING:
    from lightbench.api import Counts, Profile, count, load_model, profile
    from lightbench.breakdown import LayerTimes, measure_layers
    from lightbench.compared import Compared, compare
    from lightbench.costs.registered import register_rule
    from lightbench.costs.work import Work
    from lightbench.records import Case, Costs, Latency, Op, Record, Samples, SweepPoint
    from lightbench.reports import Report, report
    from lightbench.studies import (
        Card,
        Guidelines,
        Lint,
        SweepResult,
        lint_model,
        make_device_card,
        run_guidelines,
        run_sweep,
    )

__version__ = VERSION

# Loaded at first use, so that `import lightbench` stays free of torch.
_PUBLIC = {
    "Card": "lightbench.studies",
    "Case": "lightbench.records",
    "Compared": "lightbench.compared",
    "Costs": "lightbench.records",
    "Counts": "lightbench.api",
    "Guidelines": "lightbench.studies",
    "Latency": "lightbench.records",
    "LayerTimes": "lightbench.breakdown",
    "Lint": "lightbench.studies",
    "Op": "lightbench.records",
    "Profile": "lightbench.api",
    "Record": "lightbench.records",
    "Report": "lightbench.reports",
    "Samples": "lightbench.records",
    "SweepPoint": "lightbench.records",
    "SweepResult": "lightbench.studies",
    "Work": "lightbench.costs.work",
    "compare": "lightbench.compared",
    "count": "lightbench.api",
    "lint_model": "lightbench.studies",
    "load_model": "lightbench.api",
    "make_device_card": "lightbench.studies",
    "measure_layers": "lightbench.breakdown",
    "profile": "lightbench.api",
    "register_rule": "lightbench.costs.registered",
    "report": "lightbench.reports",
    "run_guidelines": "lightbench.studies",
    "run_sweep": "lightbench.studies",
}
__all__ = [
    "Card",
    "Case",
    "Compared",
    "Costs",
    "Counts",
    "Guidelines",
    "Latency",
    "LayerTimes",
    "Lint",
    "Op",
    "Profile",
    "Record",
    "Report",
    "Samples",
    "SweepPoint",
    "SweepResult",
    "Work",
    "__version__",
    "compare",
    "count",
    "lint_model",
    "load_model",
    "make_device_card",
    "measure_layers",
    "profile",
    "register_rule",
    "report",
    "run_guidelines",
    "run_sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'lightbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
