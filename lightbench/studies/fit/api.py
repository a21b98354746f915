"""Find the width, or another number, with which a network has so many multiply-adds or parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from lightbench import units
from lightbench.errors import LightbenchError, ModelError, OutOfMemory, UsageError
from lightbench.models.inputs import Inputs
from lightbench.models.sources import full_name
from lightbench.records import Costs
from lightbench.studies.count.api import count
from lightbench.studies.fit.search import Staircase
from lightbench.studies.fit.setting import STARTS, Setting, setting_of, written
from lightbench.studies.fit.table import METRICS, Step, fit_view
from lightbench.studies.result import Shown
from lightbench.views.table import View


@dataclass(frozen=True, repr=False)
class Fitted(Shown):
    """What `fit` found: ``model`` is the network that is nearest to ``target``, ``value`` the number that it is built with,
    ``steps`` that and the next cheaper and dearer ones."""

    asked: str
    parameter: str
    metric: str
    target: float
    steps: tuple[Step, ...]

    @property
    def nearest(self) -> Step:
        """The step whose cost differs least from the target."""
        return min(self.steps, key=lambda step: abs(step.off))

    @property
    def model(self) -> str:
        """The name of the network: ``mobilenet_v2(width=0.6)``."""
        return self.nearest.model

    @property
    def value(self) -> float:
        """The number that it is built with."""
        return self.nearest.value

    @property
    def costs(self) -> Costs:
        """Its params, multiply-adds and memory access."""
        return self.nearest.costs

    @property
    def view(self) -> View:  # type: ignore[override]
        return fit_view(self.parameter, self.metric, self.target, self.asked, self.steps)


def fit(
    model: str | Callable[[float], nn.Module],
    *,
    madds: float | None = None,
    params: float | None = None,
    input: Inputs = None,  # noqa: A002  the word of the command line
    trusted: bool = True,
    say: Callable[[str], None] = lambda _text: None,
) -> Fitted:
    """Find the number with which a network has so many ``madds`` at batch 1, or so many ``params``.

    ``model`` is a name with ``?`` in place of the number, ``"net.py:Net(width=?)"``; without one it is the width, of a
    network of ours also: ``"mobilenet_v2"``. Or it is a function of the number: ``lambda width: Net(width)``. The cost has
    to rise or to fall with the number; it is counted, and nothing is run. ``input`` is as in `count`. Raises UsageError for
    a target that is out of reach, and for a number that changes nothing.
    """
    metric, target = _target(madds, params)
    setting, build = _setting(model, trusted=trusted)
    counted: dict[float, Costs | LightbenchError] = {}

    def costs(value: float) -> Costs | LightbenchError:
        if value not in counted:
            say(f"{setting.parameter} {written(value)}")
            try:
                counted[value] = count(build(value), input=input, trusted=trusted).costs
            except (ModelError, OutOfMemory) as error:
                counted[value] = error
        return counted[value]

    def cost(value: float) -> int | None:
        found = costs(value)
        return int(getattr(found, metric)) if isinstance(found, Costs) else None

    stairs = _stairs(setting, costs, cost)
    if stairs.rises is None:
        raise UsageError(
            f"{setting.parameter} does not change the {METRICS[metric]} of {setting.model}.",
            "Leave another number open: net.py:Net(width=?).",
        )
    value = stairs.nearest(target)
    if value is None:
        raise _out_of_reach(setting, stairs, metric, target)
    steps = []
    for one in (value, *stairs.beside(value)):
        found = costs(one)
        if isinstance(found, Costs):
            steps.append(Step(setting.named(one), one, found, getattr(found, metric) / target - 1))
    return Fitted(setting.model, setting.parameter, metric, target, tuple(steps))


def _target(madds: float | None, params: float | None) -> tuple[str, float]:
    said = {
        name: value for name, value in (("madds", madds), ("params", params)) if value is not None
    }
    if len(said) != 1:
        raise UsageError(
            "a target is so many multiply-adds, or so many parameters.",
            "Try --madds 140M, or --params 3M.",
        )
    ((metric, target),) = said.items()
    if (
        isinstance(target, bool)
        or not isinstance(target, (int, float))
        or not 0 < target < math.inf
    ):
        raise UsageError(f"{metric} is a number above zero, got {target!r}.", "Try 140e6.")
    return metric, float(target)


def _setting(model: Any, *, trusted: bool) -> tuple[Setting, Callable[[float], Any]]:
    """What is looked for, and what `count` is asked for each number."""
    if isinstance(model, str):
        setting = setting_of(full_name(model), trusted=trusted)
        return setting, setting.named
    if isinstance(model, nn.Module) or not callable(model):
        raise UsageError(
            f"fit takes what builds a network from a number, got {type(model).__name__}.",
            "Try lightbench.fit(lambda width: Net(width), madds=140e6).",
        )
    name = getattr(model, "__name__", type(model).__name__)
    named = Setting(name, "value", STARTS, lambda value: f"{name}({written(value)})")

    def build(value: float) -> Any:
        try:
            return model(int(value) if value.is_integer() else value)
        except Exception as error:
            raise ModelError(f"{name} cannot be built with {written(value)}: {error}.") from error

    return named, build


def _stairs(
    setting: Setting,
    costs: Callable[[float], Costs | LightbenchError],
    cost: Callable[[float], int | None],
) -> Staircase:
    """From the first number that can be built; whole numbers, where nothing can be built with others. Raises what
    building says."""
    for start in setting.starts:
        if isinstance(costs(start), Costs):
            near = (start * 1.25 + 0.1, start * 0.5 + 0.1, start * 0.5, start * 1.5)
            fractions = (value for value in near if not value.is_integer())
            whole = start.is_integer() and not any(map(cost, fractions))
            return Staircase(cost, start, whole)
    first = costs(setting.starts[0])
    raise first if isinstance(first, LightbenchError) else AssertionError


def _out_of_reach(setting: Setting, stairs: Staircase, metric: str, target: float) -> UsageError:
    nearest = stairs.reached(target)
    what = METRICS[metric]
    return UsageError(
        f"{setting.model} comes no nearer to {units.count(target)} {what} than"
        f" {units.count(stairs.cost(nearest))}, at {setting.parameter} {written(nearest)}.",
        "Ask for what it can have, or leave another number open.",
    )
