"""lightbench: how efficient a neural network really is on your device, and why."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightbench.api import Counts, Profile, count, load_model, profile
    from lightbench.records import Case, Costs, Latency, Op, Record, Samples

__version__ = "0.1.0"

# Loaded at first use, so that `import lightbench` stays free of torch.
_PUBLIC = {
    "Counts": "lightbench.api",
    "Profile": "lightbench.api",
    "count": "lightbench.api",
    "load_model": "lightbench.api",
    "profile": "lightbench.api",
    "Case": "lightbench.records",
    "Costs": "lightbench.records",
    "Latency": "lightbench.records",
    "Op": "lightbench.records",
    "Record": "lightbench.records",
    "Samples": "lightbench.records",
}
__all__ = [
    "Case",
    "Costs",
    "Counts",
    "Latency",
    "Op",
    "Profile",
    "Record",
    "Samples",
    "__version__",
    "count",
    "load_model",
    "profile",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'lightbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
