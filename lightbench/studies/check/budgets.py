"""What a model may cost: how much of a metric, as a project writes it.

```toml
[tool.lightbench.budgets."net.py:Net"]  # "*" is every model
madds = "150M"               # at most; 150e6 is the same
mem_bytes = "+1%"            # at most 1 % more than the other side
latency_s = ["20ms", "+3%"]  # both
```
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from lightbench.errors import UnknownName, UsageError
from lightbench.records.parse import Unit, parse_fraction, parse_quantity, unit_of
from lightbench.studies.check.naming import meaning
from lightbench.views.metrics import METRICS

ANY = "*"
EXAMPLES: dict[Unit, str] = {"s": '"20ms"', "B": '"30MB"', "": '"150M"'}  # by unit, as in TOML
Allowed = float | str | list[float | str]


class Limit(NamedTuple):
    """How much of a metric is allowed: ``absolute`` in its own unit, ``relative`` as a fraction more
    than the other side; None is without a limit."""

    absolute: float | None = None
    relative: float | None = None


Limits = Mapping[str, Limit]  # by metric


def limits_of(budgets: Mapping[str, Mapping[str, Allowed]], model: str) -> Limits:
    """The limits of a model: its own before those of every model. Raises UsageError, UnknownName."""
    meant = meaning(model)
    own = [limits for name, limits in budgets.items() if meaning(name) == meant]
    allowed = {**budgets.get(ANY, {}), **(own[0] if own else {})}
    return {metric: _limit(metric, values) for metric, values in allowed.items()}


def _limit(metric: str, values: Allowed) -> Limit:
    if metric not in METRICS:
        raise UnknownName("metric", metric, METRICS, f"Known: {', '.join(METRICS)}.")
    example = EXAMPLES[unit_of(metric)]
    absolute = relative = None
    for value in values if isinstance(values, list) else [values]:
        if not isinstance(value, str):
            absolute = float(value)
        elif "%" in value:
            relative = parse_fraction(value)
        else:
            absolute = _with_unit(metric, value)
    if absolute is None and relative is None:
        raise UsageError(f"the budget of {metric} is empty.", f"Write {example}, or leave it out.")
    if any(v is not None and not (math.isfinite(v) and v >= 0) for v in (absolute, relative)):
        raise UsageError(
            f"the budget of {metric} is {values!r}.",
            f'Write {example}, "+1%", or [{example}, "+3%"].',
        )
    return Limit(absolute, relative)


def _with_unit(metric: str, text: str) -> float:
    """An absolute budget in quotes. Raises UsageError for one without a unit, which could be a fraction as well."""
    unit = unit_of(metric)
    try:
        float(text)
    except ValueError:
        return parse_quantity(text, unit, f"the budget of {metric}")
    raise UsageError(
        f"the budget of {metric} is {text!r}, which says neither a unit nor %.",
        f'Write {text} without quotes, {EXAMPLES[unit]}, or "+1%".',
    )
