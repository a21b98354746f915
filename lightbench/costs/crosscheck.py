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
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from torch import nn

from lightbench.costs.conventions import convert
from lightbench.errors import LightbenchError, MissingPackage, how_to_install
from lightbench.nouns import Opinion
from lightbench.records import Costs


def crosscheck(costs: Costs, network: nn.Module, args: tuple[Any, ...]) -> list[Opinion]:
    """Count a copy of ``network`` on real inputs with every tool of TOOLS."""
    return [_opinion(tool, count, costs, network, args) for tool, count in TOOLS.items()]


def _opinion(
    tool: str,
    count: Callable[[nn.Module, tuple[Any, ...]], int],
    costs: Costs,
    network: nn.Module,
    args: tuple[Any, ...],
) -> Opinion:
    theirs, problem = None, ""
    try:
        with _silence():
            theirs = count(copy.deepcopy(network).eval(), args)
    except LightbenchError as error:
        problem = error.message
    except Exception as error:  # noqa: BLE001  the tool's own failure is its answer
        reason = str(error).partition("\n")[0]
        problem = f"{tool} failed: {type(error).__name__}: {reason}"
    ours = convert(costs, tool).total
    return Opinion(tool=tool, version=_version(tool), ours=ours, theirs=theirs, problem=problem)


def _version(tool: str) -> str | None:
    try:
        return version(tool)
    except PackageNotFoundError:
        return None


def _thop(network: nn.Module, args: tuple[Any, ...]) -> int:
    try:
        from thop import profile
    except ImportError as error:
        raise MissingPackage(f"thop does not load: {error}", how_to_install("thop")) from error
    return int(profile(network, inputs=args, verbose=False)[0])


def _fvcore(network: nn.Module, args: tuple[Any, ...]) -> int:
    try:
        from fvcore.nn import FlopCountAnalysis
    except ImportError as error:
        raise MissingPackage(f"fvcore does not load: {error}", how_to_install("fvcore")) from error
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
