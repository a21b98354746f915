"""What a model may cost: budgets in ``lightbench.toml`` or under ``[tool.lightbench]``.

```toml
[tool.lightbench]                # in lightbench.toml this prefix may be left out
models = ["net.py:Net"]
threads = 1
tolerance = "2%"

[tool.lightbench.budgets."net.py:Net"]  # "*" is every model
madds = 150e6                # at most
mem_bytes = "+1%"            # at most 1 % more than the other side
latency_s = [0.020, "+3%"]   # both
```
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from lightbench.errors import UnknownName, UsageError
from lightbench.regression.rows import METRICS
from lightbench.units import parse_fraction

FILE = "lightbench.toml"
PYPROJECT = "pyproject.toml"
ANY = "*"

Allowed = float | str | list[float | str]


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a project says of its checks; what is not said is None. Options typed go before it."""

    models: tuple[str, ...] = ()
    budgets: dict[str, dict[str, Allowed]] = {}
    tolerance: float | str | None = None
    seconds: float | None = None
    batch: int | None = None
    device: str | None = None
    engine: str | None = None
    threads: int | None = None
    dtype: str | None = None
    layout: str | None = None
    input: str | list[str] | None = None


class Limit(NamedTuple):
    """How much of a metric is allowed: ``absolute`` in its own unit, ``relative`` as a fraction more
    than the other side; None is without a limit."""

    absolute: float | None = None
    relative: float | None = None


Limits = Mapping[str, Limit]  # by metric


def find_config(folder: Path) -> Path | None:
    """``lightbench.toml``, or a ``pyproject.toml`` with our table, in the folder or above it as far as
    the repository goes."""
    for place in (folder.resolve(), *folder.resolve().parents):
        own, shared = place / FILE, place / PYPROJECT
        if own.is_file():
            return own
        if shared.is_file() and _ours(_toml(shared)) is not None:
            return shared
        if (place / ".git").exists():
            break
    return None


def read_config(path: Path) -> Config:
    """Raises UsageError for a file that is missing, no TOML, or says what is not known."""
    content = _toml(path)
    ours = _ours(content)
    if ours is not None or path.name == PYPROJECT:
        content = ours or {}
    try:
        config = msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        known = ", ".join(Config.__struct_fields__)
        raise UsageError(f"cannot read {path}: {error}.", f"Known keys: {known}.") from error
    for model in config.budgets:  # now, and not after minutes of measuring
        limits_of(config, model)
        if config.models and model not in (ANY, *config.models):
            raise UnknownName(
                "model of this project",
                model,
                config.models,
                f"`models` in {path.name} has no such.",
            )
    return config


def _ours(content: dict[str, Any]) -> dict[str, Any] | None:
    tool = content.get("tool")
    ours = tool.get("lightbench") if isinstance(tool, dict) else None
    return ours if isinstance(ours, dict) else None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}.", "It has to be TOML.") from error


def limits_of(config: Config, model: str) -> Limits:
    """The limits of a model: its own before those of every model. Raises UsageError, UnknownName."""
    allowed = {**config.budgets.get(ANY, {}), **config.budgets.get(model, {})}
    return {metric: _limit(metric, values) for metric, values in allowed.items()}


def _limit(metric: str, values: Allowed) -> Limit:
    if metric not in METRICS:
        raise UnknownName("metric", metric, METRICS, f"Known: {', '.join(METRICS)}.")
    absolute = relative = None
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, str):
            relative = parse_fraction(value)
        else:
            absolute = float(value)
    if absolute is None and relative is None:
        raise UsageError(f"the budget of {metric} is empty.", "Write 150e6, or leave it out.")
    if any(v is not None and not (math.isfinite(v) and v >= 0) for v in (absolute, relative)):
        raise UsageError(
            f"the budget of {metric} is {values!r}.", 'Write 150e6, "+1%", or [0.02, "+3%"].'
        )
    return Limit(absolute, relative)
