"""lightbench: how efficient a neural network really is on your device, and why."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lightbench.environment.version import VERSION

if TYPE_CHECKING:  # what _PUBLIC says, for type checkers
    from lightbench.costs.registered import register_rule as register_rule
    from lightbench.costs.work import Work as Work
    from lightbench.models.sources import load_model as load_model
    from lightbench.records import Case as Case
    from lightbench.records import Costs as Costs
    from lightbench.records import Latency as Latency
    from lightbench.records import Op as Op
    from lightbench.records import Record as Record
    from lightbench.records import Samples as Samples
    from lightbench.records import SweepPoint as SweepPoint
    from lightbench.reports import Report as Report
    from lightbench.reports import report as report
    from lightbench.studies.card.api import Card as Card
    from lightbench.studies.card.api import device_card as device_card
    from lightbench.studies.check.api import Checked as Checked
    from lightbench.studies.check.api import check as check
    from lightbench.studies.compare.api import Compared as Compared
    from lightbench.studies.compare.api import compare as compare
    from lightbench.studies.count.api import Counts as Counts
    from lightbench.studies.count.api import count as count
    from lightbench.studies.count.layers import Layers as Layers
    from lightbench.studies.evaluate.api import Evaluated as Evaluated
    from lightbench.studies.evaluate.api import evaluate as evaluate
    from lightbench.studies.fit.api import Fitted as Fitted
    from lightbench.studies.fit.api import fit as fit
    from lightbench.studies.guidelines.api import Guidelines as Guidelines
    from lightbench.studies.guidelines.api import guidelines as guidelines
    from lightbench.studies.history.api import History as History
    from lightbench.studies.history.api import history as history
    from lightbench.studies.layers.api import LayerTimes as LayerTimes
    from lightbench.studies.layers.api import layers as layers
    from lightbench.studies.lint.api import Lint as Lint
    from lightbench.studies.lint.api import lint as lint
    from lightbench.studies.noise.api import NoiseResult as NoiseResult
    from lightbench.studies.noise.api import noise as noise
    from lightbench.studies.predict.api import Predictions as Predictions
    from lightbench.studies.predict.api import predict as predict
    from lightbench.studies.profile.api import Profile as Profile
    from lightbench.studies.profile.api import profile as profile
    from lightbench.studies.roofline.api import Roofline as Roofline
    from lightbench.studies.roofline.api import roofline as roofline
    from lightbench.studies.scaling.api import Scaling as Scaling
    from lightbench.studies.scaling.api import scaling as scaling
    from lightbench.studies.sweep.api import SweepResult as SweepResult
    from lightbench.studies.sweep.api import sweep as sweep
    from lightbench.studies.tradeoff.api import Tradeoff as Tradeoff
    from lightbench.studies.tradeoff.api import tradeoff as tradeoff
    from lightbench.studies.train.api import Trained as Trained
    from lightbench.studies.train.api import train as train

__version__ = VERSION

# Where each public name is. Loaded at first use, so that `import lightbench` stays free of torch.
_PUBLIC = {
    name: f"lightbench.{module}"
    for module, names in {
        "records": "Case Costs Latency Op Record Samples SweepPoint",
        "models.sources": "load_model",
        "costs.registered": "register_rule",
        "costs.work": "Work",
        "studies.count.api": "Counts count",
        "studies.count.layers": "Layers",
        "studies.fit.api": "Fitted fit",
        "studies.predict.api": "Predictions predict",
        "studies.profile.api": "Profile profile",
        "studies.layers.api": "LayerTimes layers",
        "studies.sweep.api": "SweepResult sweep",
        "studies.scaling.api": "Scaling scaling",
        "studies.card.api": "Card device_card",
        "studies.roofline.api": "Roofline roofline",
        "studies.guidelines.api": "Guidelines guidelines",
        "studies.lint.api": "Lint lint",
        "studies.compare.api": "Compared compare",
        "studies.check.api": "Checked check",
        "studies.noise.api": "NoiseResult noise",
        "studies.history.api": "History history",
        "studies.train.api": "Trained train",
        "studies.tradeoff.api": "Tradeoff tradeoff",
        "studies.evaluate.api": "Evaluated evaluate",
        "reports": "Report report",
    }.items()
    for name in names.split()
}
__all__ = ["__version__", *sorted(_PUBLIC)]  # noqa: PLE0604  a list of text


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'lightbench' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
