"""Under what name a network that was converted is kept: a hash of everything that the file is made of."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from lightbench.engines.support import named
from lightbench.environment.machine import Source, cpu
from lightbench.records import Case, Costs, Identity
from lightbench.runner.abilities import packages_of
from lightbench.runner.conversion.calibration_files import digest as digest_of

if TYPE_CHECKING:
    from torch import nn


def key_of(
    case: Case,
    make: Callable[..., Any],
    network: nn.Module,
    inputs: Sequence[Tensor],
    what: tuple[Identity, Costs],
) -> str:
    """Of the network's code and structure, what it does, its weights, its inputs, what makes the file, and what that is
    calibrated on. "" for a network whose code is not known. Raises UsageError for a calibration that cannot be read."""
    identity, costs = what
    engine = named.find(case.engine)
    if not identity.code and not identity.packages:
        return ""
    converter = sys.modules[make.__module__]  # engines may share one
    digest = hashlib.blake2b(digest_size=16)
    with suppress(OSError, TypeError):  # of code that has no file only the versions are known
        digest.update(inspect.getsource(converter).encode())
    for line in (
        converter.__name__,
        make.__name__,
        torch.__version__,
        packages_of(converter, case.dtype),
        identity,
        costs.ops,
        case.inputs,  # some are no tensors, and part of the file
        [(x.shape, x.dtype) for x in inputs],
        *((cpu(Source()), engine.made_with()) if hasattr(engine, "made_with") else ()),
        *((engine.CONVERTER.script.read_bytes(),) if hasattr(engine, "CONVERTER") else ()),
        *((digest_of(case.calibration),) if case.calibration else ()),
    ):
        digest.update(repr(line).encode() + b"\n")
    for content in _contents(network):
        digest.update(content + b"\n")
    return digest.hexdigest()


def _contents(network: nn.Module) -> Iterator[bytes]:
    """What its modules hold: weights, other tensors, numbers and words; of anything else its code says all."""
    for path, module in network.named_modules():
        for name, value in vars(module).items():
            yield f"{path} {name}".encode(errors="surrogatepass")
            for leaf in pytree.tree_leaves(value):
                if isinstance(leaf, Tensor) and leaf.layout == torch.strided:
                    flat = leaf.detach().cpu().contiguous().reshape(-1)
                    yield f"{leaf.shape} {leaf.dtype}".encode()
                    yield flat.view(torch.uint8).numpy().tobytes()
                elif isinstance(leaf, (bool, int, float, str)):
                    yield repr(leaf).encode(errors="surrogatepass")
