"""A second opinion: run the installed thop and fvcore, and say whether they agree with our account.

They only ever check: no number that lightbench prints as its own comes from them.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree

from lightbench.costs.clones import copied
from lightbench.costs.conventions import convert
from lightbench.errors import LightbenchError, MissingPackage, how_to_install
from lightbench.records import Costs
from lightbench.records.findings import Opinion


def crosscheck(
    costs: Costs,
    network: nn.Module,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any] | None = None,
) -> list[Opinion]:
    """Count copies of ``network`` on copies of real inputs with every tool of TOOLS."""
    return [
        _opinion(tool, count, costs, network, (args, dict(kwargs or {})))
        for tool, count in TOOLS.items()
    ]


Given = tuple[tuple[Any, ...], dict[str, Any]]


def _opinion(
    tool: str,
    count: Callable[[nn.Module, tuple[Tensor, ...]], int],
    costs: Costs,
    network: nn.Module,
    given: Given,
) -> Opinion:
    theirs, problem = None, ""
    try:
        with _silence():
            theirs = count(*_of_tensors(copied(network).eval(), given))
    except LightbenchError as error:
        problem = error.message
    except Exception as error:  # noqa: BLE001  the tool's own failure is its answer
        reason = str(error).partition("\n")[0]
        problem = f"{tool} failed: {type(error).__name__}: {reason}"
    ours = convert(costs, tool).total
    return Opinion(tool=tool, version=_version(tool), ours=ours, theirs=theirs, problem=problem)


class _OfTensors(nn.Module):
    """A network whose inputs are tensors alone, by position: tracers and hooks take no others."""

    def __init__(self, network: nn.Module, call: Callable[..., Given]) -> None:
        super().__init__()
        self.network = network
        self._call = call

    def forward(self, *tensors: Tensor) -> Any:
        args, kwargs = self._call(*tensors)
        return self.network(*args, **kwargs)


def _of_tensors(network: nn.Module, given: Given) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The network and what to call it with: copies of its tensors. The rest of its inputs is bound."""
    tensors = [leaf for leaf in pytree.tree_leaves(given) if isinstance(leaf, Tensor)]
    copies = tuple(tensor.detach().clone() for tensor in tensors)
    if not given[1] and all(isinstance(value, Tensor) for value in given[0]):
        return network, copies

    def call(*now: Tensor) -> Given:
        following = iter(now)
        return pytree.tree_map_only(Tensor, lambda _: next(following), given)  # type: ignore[no-any-return]

    return _OfTensors(network, call), copies


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
