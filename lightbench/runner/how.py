"""What the functions of `lightbench` take besides what is their own: how networks are run, and how the run goes.

They take it as ``**how: Unpack[How]``, so that each name is written once; `spelled` shows `help()` and who
mistypes one what these names are.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ParamSpec, TypedDict, TypeVar

import torch
from torch import nn

from lightbench.records import Record
from lightbench.records.axes import AXES, SETUP
from lightbench.runner.control import Control, Keep, Report, Say, SoFar
from lightbench.runner.given import dtypes_of
from lightbench.runner.setup import Setup

P = ParamSpec("P")
R = TypeVar("R")
DType = str | torch.dtype | None


class Told(TypedDict, total=False):
    """How a run goes: see `Control`."""

    seed: int | None
    say: Say
    progress: Report | None


class Stored(Told, total=False):
    """The same where records can be taken from what is known, and are kept one by one."""

    stored: Sequence[Record]
    force: bool
    keep: Keep


class Way(TypedDict, total=False):
    """How networks are run: see `Case`."""

    device: str
    engine: str
    threads: int | None
    dtype: DType
    layout: str


class How(Way, Told, total=False):
    """Of a study that measures each time."""


class HowStored(Way, Stored, total=False):
    """Of a study whose records are taken from what is known."""


class Axes(Stored, total=False):
    """Of a study of many cases: several values of an axis are so many cases."""

    so_far: SoFar | None

    device: str
    engine: str | Sequence[str]
    batch: int | Sequence[int] | None
    threads: int | Sequence[int] | None
    dtype: DType | Sequence[str | torch.dtype]
    mode: str | Sequence[str]
    layout: str | Sequence[str]
    calibration: str | Sequence[str] | None


_CONTROL = {name: field.default for name, field in Control.__dataclass_fields__.items()}
_OPEN = {"dtype", "batch"}  # what a module says itself; of a name the usual one


def spelled(kind: Any, **defaults: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For a function whose ``**how`` is a ``kind``: its signature has the names, with their defaults
    (``defaults`` where they are others), and another name is a TypeError that says so."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        own = inspect.signature(function)
        known = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        more = [_parameter(name, kind, defaults) for name in kind.__annotations__]
        signature = own.replace(parameters=[*known, *more])
        names = list(signature.parameters)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                near = [close for key in kwargs.keys() - names for close in _close(key, names)]
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise TypeError(f"{function.__name__}() {error}.{hint}") from None
            return function(*args, **kwargs)

        call.__signature__ = signature  # type: ignore[attr-defined]
        return call

    return decorate


def naming(function: Callable[P, R]) -> Callable[P, R]:
    """For a function whose arguments are models: a network under a keyword that is none of its parameters is one of
    them, called by that keyword."""
    names = inspect.signature(function).parameters

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        own = {k: v for k, v in kwargs.items() if k not in names and isinstance(v, nn.Module)}
        rest = {k: v for k, v in kwargs.items() if k not in own}
        return function(*args, *([own] if own else []), **rest)  # type: ignore[arg-type]

    return call


def _parameter(name: str, kind: Any, defaults: Mapping[str, Any]) -> inspect.Parameter:
    usual = AXES[name].default if name in AXES and name not in _OPEN else _CONTROL.get(name)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=defaults.get(name, usual),
        annotation=kind.__annotations__[name].__forward_arg__,
    )


def _close(name: str, names: Sequence[str]) -> list[str]:
    return get_close_matches(name, names, n=1)


def said(how: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """What ``how`` says of axes; a dtype by its name."""
    found = {name: how[name] for name in names or AXES if how.get(name) is not None}
    return found | ({"dtype": dtypes_of(found["dtype"])} if "dtype" in found else {})


def setup_of(how: Mapping[str, Any], *, batch: int = 1) -> Setup:
    """How a study runs its networks."""
    return Setup(batch=batch, **said(how, *SETUP))


def control_of(how: Mapping[str, Any], *, trusted: bool = True) -> Control:
    """How the run goes."""
    return Control(trusted=trusted, **{name: how[name] for name in _CONTROL if name in how})
