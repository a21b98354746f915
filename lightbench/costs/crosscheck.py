"""A second opinion: run the installed thop and fvcore, and say whether they agree with our account.

They only ever check: no number that lightbench prints as its own comes from them.
"""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from lightbench.costs.conventions import convert
from lightbench.errors import LightbenchError, MissingPackage
from lightbench.records import Costs


@dataclass(frozen=True)
class Check:
    """One tool's count beside ours in that tool's convention; ``theirs`` is None if it gave none."""

    tool: str
    ours: int
    theirs: int | None
    problem: str = ""

    @property
    def verdict(self) -> str:
        """``agrees``, ``differs by +1,234``, or why there is no number."""
        if self.theirs is None:
            return self.problem
        return "agrees" if self.theirs == self.ours else f"differs by {self.theirs - self.ours:+,}"


def crosscheck(costs: Costs, network: nn.Module, args: tuple[Any, ...]) -> list[Check]:
    """Count a copy of ``network`` on real inputs with every tool of TOOLS."""
    return [_check(tool, count, costs, network, args) for tool, count in TOOLS.items()]


def _check(
    tool: str,
    count: Callable[[nn.Module, tuple[Any, ...]], int],
    costs: Costs,
    network: nn.Module,
    args: tuple[Any, ...],
) -> Check:
    ours = convert(costs, tool).total
    try:
        with _silence():
            return Check(tool, ours, count(copy.deepcopy(network).eval(), args))
    except LightbenchError as error:
        return Check(tool, ours, None, error.message)
    except Exception as error:  # noqa: BLE001  the tool's own failure is its answer
        reason = str(error).partition("\n")[0]
        return Check(tool, ours, None, f"{tool} failed: {type(error).__name__}: {reason}")


def _thop(network: nn.Module, args: tuple[Any, ...]) -> int:
    try:
        from thop import profile
    except ImportError as error:
        raise MissingPackage(f"thop does not load: {error}", "pip install thop") from error
    return int(profile(network, inputs=args, verbose=False)[0])


def _fvcore(network: nn.Module, args: tuple[Any, ...]) -> int:
    try:
        from fvcore.nn import FlopCountAnalysis
    except ImportError as error:
        raise MissingPackage(f"fvcore does not load: {error}", "pip install fvcore") from error
    return int(FlopCountAnalysis(network, args).total())


TOOLS = {"thop": _thop, "fvcore": _fvcore}


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """These tools print, log and warn about operators that they do not count."""
    level = logging.root.manager.disable
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(level)
