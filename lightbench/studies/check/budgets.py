"""What a model may cost: budgets in ``lightbench.toml`` or under ``[tool.lightbench]``.

```toml
[tool.lightbench]                # in lightbench.toml this prefix may be left out
models = ["net.py:Net"]
threads = 1
tolerance = "2%"

[tool.lightbench.budgets."net.py:Net"]  # "*" is every model
madds = "150M"               # at most; 150e6 is the same
mem_bytes = "+1%"            # at most 1 % more than the other side
latency_s = ["20ms", "+3%"]  # both
```

Files are named from the folder of that file, and however they are written: `naming.meaning`.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from lightbench.errors import UnknownName, UsageError
from lightbench.records.axes import SETUP, said, struct_of
from lightbench.records.parse import Unit, parse_fraction, parse_quantity, unit_of
from lightbench.studies.check.naming import beside, meaning
from lightbench.views.metrics import METRICS

FILE = "lightbench.toml"
PYPROJECT = "pyproject.toml"
ANY = "*"

EXAMPLES: dict[Unit, str] = {"s": '"20ms"', "B": '"30MB"', "": '"150M"'}  # by unit, as in TOML
AXES = struct_of(("batch", *SETUP))
Allowed = float | str | list[float | str]


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a project says of its checks; what is not said is None. Options typed go before it."""

    models: tuple[str, ...] = ()
    budgets: dict[str, dict[str, Allowed]] = {}
    tolerance: float | str | None = None
    seconds: float | None = None
    axes: dict[str, Any] = {}  # how they are run, as keywords of `lightbench.check`


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
        if shared.is_file() and _ours(_parsed(_text(shared), shared)) is not None:
            return shared
        if (place / ".git").exists():
            break
    return None


def read_config(path: Path) -> Config:
    """With the names of networks as they are written where we stand. Raises UsageError for a file that
    is missing, no TOML, or says what is not known."""
    return parse_config(_text(path), path)


def read_project(file: Path | None) -> Config:
    """Of the file, or of the project that we are in; empty where there is none. Raises UsageError."""
    place = file or find_config(Path())
    return read_config(place) if place else Config()


def parse_config(text: str, path: Path) -> Config:
    """As `read_config`, of what ``path`` holds, or held at another commit."""
    content = _parsed(text, path)
    ours = _ours(content)
    if ours is not None or path.name == PYPROJECT:
        content = ours or {}
    apart = (*AXES.__struct_fields__, "axes")  # that one is refused
    own = {key: value for key, value in content.items() if key not in apart}
    how = {key: value for key, value in content.items() if key in apart}
    try:
        config = msgspec.convert(own, Config)
        config = replace(config, axes=said(msgspec.convert(how, AXES)))
    except msgspec.ValidationError as error:
        known = ", ".join((*Config.__struct_fields__[:-1], *AXES.__struct_fields__))
        raise UsageError(f"cannot read {path}: {error}.", f"Known keys: {known}.") from error
    config = _placed(config, path.absolute().parent)
    known_models = {ANY, *map(meaning, config.models)}
    for model in config.budgets:  # now, and not after minutes of measuring
        limits_of(config, model)
        if config.models and meaning(model) not in known_models:
            raise UnknownName(
                "model of this project",
                model,
                config.models,
                f"`models` in {path.name} has no such.",
            )
    return config


def _placed(config: Config, folder: Path) -> Config:
    """The configuration of a file in ``folder``, seen from where we stand. Raises UsageError for two
    budgets of one network: which is meant?"""
    written: dict[str, str] = {}
    for model in config.budgets:
        other = written.setdefault(meaning(beside(model, folder)), model)
        if other != model:
            raise UsageError(
                f"{other!r} and {model!r} are one network with two budgets.",
                "Write all its metrics under one of the names.",
            )
    return replace(
        config,
        models=tuple(beside(model, folder) for model in config.models),
        budgets={beside(model, folder): limits for model, limits in config.budgets.items()},
    )


def _ours(content: dict[str, Any]) -> dict[str, Any] | None:
    tool = content.get("tool")
    ours = tool.get("lightbench") if isinstance(tool, dict) else None
    return ours if isinstance(ours, dict) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}.", "It has to be TOML.") from error


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}.", "It has to be TOML.") from error


def limits_of(config: Config, model: str) -> Limits:
    """The limits of a model: its own before those of every model. Raises UsageError, UnknownName."""
    meant = meaning(model)
    own = [limits for name, limits in config.budgets.items() if meaning(name) == meant]
    allowed = {**config.budgets.get(ANY, {}), **(own[0] if own else {})}
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
